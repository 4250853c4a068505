"""Bytes on disk: written whole or not at all, and known by their hash.

A draft bears the number of the process that writes it. What a killed process left is swept by the next that
writes there, and an old folder that it had put aside comes back. What the disk refuses is a sentence.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from spermlens.errors import CannotWrite

GO_ON = "then go on: predict with the same command, train with --resume."
_REFUSALS = {
    errno.ENOSPC: f"the disk is full. Make room, {GO_ON}",
    errno.EDQUOT: f"your share of the disk is used up. Make room, {GO_ON}",
    errno.EFBIG: f"larger than a file may be here. Lift the limit, {GO_ON}",
    errno.EROFS: "this disk can only be read. Name another place.",
    errno.EACCES: "you may not write here. Name another place, or ask for the right to write.",
    errno.EPERM: "you may not write here. Name another place, or ask for the right to write.",
    errno.ENAMETOOLONG: "the name is too long for this disk. Choose a shorter one.",
    errno.ENOTDIR: "a file stands where a folder is needed. Name another place.",
    errno.EEXIST: "a file stands where a folder is needed. Name another place.",
    errno.EISDIR: "a folder stands where a file is to be written. Name another place.",
}
_LEFT_OVER = re.compile(r"\.(?P<name>.+)\.(?P<process>\d+)-\w+\.(part|old)")


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """What the disk refuses inside is said of `path`, with what to do."""
    try:
        yield
    except OSError as error:
        what = _REFUSALS.get(error.errno or 0, f"cannot be written ({error.strerror}). Check disk and path.")
        raise CannotWrite(f"{path}: {what}") from error


def write_bytes(path: Path, data: bytes) -> None:
    """Write `path` so that a reader sees the old file or the new one, never a part."""
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=_draft_prefix(path), suffix=".part")
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            os.chmod(name, 0o644)  # noqa: PTH101 - mkstemp makes it private
            os.replace(name, path)  # noqa: PTH105
        except BaseException:
            with suppress(FileNotFoundError):
                os.unlink(name)  # noqa: PTH108
            raise


def write_text(path: Path, text: str) -> None:
    write_bytes(path, text.encode("utf-8"))


def write_json(path: Path, value: Any) -> None:
    """Indented, in the order given, with a newline at the end; NaN is refused."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


@contextmanager
def folder_in_one_piece(path: Path) -> Iterator[Path]:
    """A new folder to fill; it takes its name only when the block ends well. Replaces an old one."""
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        sweep(path.parent, path.name)
        draft = Path(tempfile.mkdtemp(dir=path.parent, prefix=_draft_prefix(path), suffix=".part"))
    try:
        with writing(path):
            draft.chmod(0o755)
            yield draft
            if path.exists():
                _swap(draft, path)
            else:
                draft.replace(path)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def make_sure_of(path: Path) -> None:
    """Say now, before hours of work, that `path` cannot be written. Leaves nothing but its parent folder."""
    with writing(path):
        if is_folder(path):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):
            path.lstat()  # refuses a name that is too long
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=_draft_prefix(path), suffix=".part")
        os.close(handle)
        os.unlink(name)  # noqa: PTH108


def sweep(folder: Path, name: str = "") -> None:
    """Clear what killed writers left directly in `folder`, of the file or folder `name` if one is named.

    Drafts of running processes are left alone; a folder that was put aside and not replaced comes back.
    """
    if not is_folder(folder):
        return
    for path in list(folder.iterdir()):
        left = _LEFT_OVER.fullmatch(path.name)
        if left is None or is_running(int(left["process"])) or (name and left["name"] != name[:40]):
            continue
        if path.suffix == ".old":
            for old in path.iterdir():
                if not (folder / old.name).exists():
                    old.replace(folder / old.name)
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def sweep_below(folder: Path) -> None:
    """`sweep` for a folder and all below it."""
    for place, _, _ in os.walk(folder):
        sweep(Path(place))


def shortened(name: str, most: int = 200) -> str:
    """The name if it has at most so many bytes; else its beginning and a hash that tells it from others."""
    raw = name.encode("utf-8", "surrogateescape")
    if len(raw) <= most:
        return name
    return raw[: most - 9].decode("utf-8", "ignore") + f"~{sha256_of(raw)[:8]}"


def is_there(path: str | Path) -> bool:
    """Whether a file or folder is there; a name that no disk can hold is not, where Path.exists fails."""
    return os.path.exists(path)  # noqa: PTH110


def is_file(path: str | Path) -> bool:
    return os.path.isfile(path)  # noqa: PTH113


def is_folder(path: str | Path) -> bool:
    return os.path.isdir(path)  # noqa: PTH112


def sha256_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def sha256_of_file(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def user_cache() -> Path:
    """Where this user's data sets, weights and models are kept: $SPERMLENS_HOME, else the usual place."""
    if named := os.environ.get("SPERMLENS_HOME"):
        return Path(named)
    if os.name == "nt":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "spermlens"
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "spermlens"


def _swap(draft: Path, path: Path) -> None:
    """Put a draft in the place of an old folder, which comes back if that fails."""
    aside = Path(tempfile.mkdtemp(dir=path.parent, prefix=_draft_prefix(path), suffix=".old"))
    old = aside / path.name
    try:
        path.replace(old)
        draft.replace(path)
    except BaseException:
        if old.exists():
            old.replace(path)
        aside.rmdir()
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _draft_prefix(path: Path) -> str:
    return f".{path.name[:40]}.{os.getpid()}-"


def is_running(process: int) -> bool:
    """Whether a process of this number runs here; where that cannot be asked, it may."""
    if os.name == "nt":  # there the question would end the process
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
