"""Getting a published data set: downloaded, unpacked with care, verified, and only then put in its place.

What has come so far lies in a hidden folder beside that place, so that the same command goes on.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from spermlens.datasets import DATASETS, open_data
from spermlens.datasets._download import Show, download
from spermlens.datasets._unpack import unpack
from spermlens.datasets._verify import require
from spermlens.errors import DataCorrupt, DataError, DataMissing, UsageError
from spermlens.files import folder_in_one_piece, user_cache, writing
from spermlens.types import Card

FOREIGN = (".rar", ".7z")  # archives that Python does not open


def fetch(name: str, root: Path | None = None, show: Show = lambda *_: None) -> Path:
    """Where the data set lies, whole and verified: `root`, else the user's cache. Once there it stays."""
    card: Card = DATASETS[name].CARD
    if not card.download:
        raise UsageError(f"'{name}' is not fetched: it comes from {card.source}.")
    target = (root or user_cache() / "data" / name).absolute()
    if _is_there(name, target):
        return target
    draft = target.with_name(f".{target.name}.fetch")
    get = _fetch_files if card.files else _fetch_zip
    try:
        with writing(target):
            get(card, draft, target, show)
    except DataError as error:
        if draft.is_dir() and not any(draft.iterdir()):
            draft.rmdir()
        raise type(error)(f"{error}\n{_by_hand(card, target)}") from error
    except OSError as error:
        raise UsageError(
            f"{target}: cannot be written ({error}). Name another folder with --root."
        ) from error
    shutil.rmtree(draft, ignore_errors=True)
    return target


def _is_there(name: str, target: Path) -> bool:
    if not target.exists() or (target.is_dir() and not any(target.iterdir())):
        return False
    if not target.is_dir():
        raise UsageError(
            f"{target}: a file is there, expected a folder or nothing. Name another with --root."
        )
    try:
        require(open_data(name, target))
    except DataError as error:
        raise DataCorrupt(
            f"{target}: something is there, but not the whole of '{name}'. "
            f"Move it away, or name another folder with --root. {error}"
        ) from error
    return True


def _fetch_files(card: Card, draft: Path, target: Path, show: Show) -> None:
    for file, sha256 in card.files.items():
        if not (draft / file).is_file():
            download(f"{card.download}{file}", draft / file, sha256, show)
    _require_from(card, draft, draft)
    if target.exists():
        target.rmdir()  # it is empty
    draft.replace(target)


def _fetch_zip(card: Card, draft: Path, target: Path, show: Show) -> None:
    archive = draft / "download.zip"
    if not archive.is_file():
        download(str(card.download), archive, show=show)
    with folder_in_one_piece(target) as place:
        try:
            unpack(archive, place)
        except DataCorrupt:
            archive.unlink()  # so that the next time it is fetched anew
            raise
        foreign = [path.relative_to(place) for path in _foreign(place)]
        if not foreign:
            _require_from(card, place, draft)
    if foreign:
        shutil.rmtree(draft)
        raise DataMissing(
            f"{target / foreign[0]}: this archive needs a hand. "
            f"Unpack it where it lies, with 7-Zip, unar or bsdtar."
        )


def _foreign(place: Path) -> list[Path]:
    return sorted(path for path in place.rglob("*") if path.suffix.lower() in FOREIGN)


def _require_from(card: Card, place: Path, kept: Path) -> None:
    try:
        require(open_data(card.name, place))
    except DataError as error:
        message = str(error).replace(str(place), "what came")
        raise DataCorrupt(
            f"{card.download}: what it sent is not '{card.name}'. {message}\n"
            f"It is kept in {kept}; delete that to fetch it anew."
        ) from error


def _by_hand(card: Card, target: Path) -> str:
    what = f"the {len(card.files)} files ({next(iter(card.files))} ...)" if card.files else "the data"
    return (
        f"By hand: open {card.source} in a browser, download {what}, put them unpacked into {target}, "
        f"then check with `spermlens data verify {card.name} --root {target}`."
    )
