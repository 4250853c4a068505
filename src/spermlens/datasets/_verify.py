"""Is this the data set that the card describes? Asked of the decoded pixels, not of file names."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import PurePosixPath

import numpy as np

from spermlens.datasets._listing import Listing
from spermlens.errors import DataCorrupt, DataError
from spermlens.files import sha256_of
from spermlens.images import pixel_hash
from spermlens.types import Card


@dataclass(frozen=True, slots=True)
class Verification:
    """What was found, and each problem as a sentence."""

    images: int
    pixels_sha256: str
    problems: tuple[str, ...]

    @property
    def good(self) -> bool:
        return not self.problems


def verify(listing: Listing) -> Verification:
    """Decode everything; compare counts, labels and pixels with the card."""
    digests, problems = _digests(listing)
    problems += _count_problems(listing)
    problems += _pixel_problems(listing, digests)
    problems += _label_problems(listing, digests)
    return Verification(len(listing), hash_of_hashes(digests.values()), tuple(problems))


def require(listing: Listing) -> None:
    """Stop with all problems when the set is not what its card says."""
    found = verify(listing)
    if not found.good:
        shown = "\n".join(f"  {problem}" for problem in found.problems[:20])
        more = f"\n  and {len(found.problems) - 20} more" if len(found.problems) > 20 else ""
        raise DataCorrupt(f"The data set '{listing.card.name}' is not what its card says:\n{shown}{more}")


def hash_of_hashes(digests: Iterable[str]) -> str:
    """One hash for a set of images, whatever their order and names."""
    return sha256_of("\n".join(sorted(digests)).encode())


def known_pixels(name: str) -> dict[str, list[str]]:
    """pixel hash -> official paths, from the facts that ship with the package; empty where none do."""
    found: dict[str, list[str]] = {}
    for row in shipped_rows(name):
        found.setdefault(row["pixels_sha256"], []).append(row["path"])
    return found


def shipped_rows(name: str) -> list[dict[str, str]]:
    """The facts that ship with the package, a row an image: path, pixels_sha256 and the set's own columns."""
    path = files("spermlens.datasets") / "_facts" / f"{name}.csv"
    if not path.is_file():
        return []
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def seal_of(digest: str, labels: Mapping[str, int | None]) -> str:
    """A hash of an image with its labels: tells that a label was changed without telling the labels."""
    return sha256_of(f"{digest} {sorted(labels.items())}".encode())[:16]


def _digests(listing: Listing) -> tuple[dict[str, str], list[str]]:
    """The pixel hash of every image that can be decoded, by id, and why the others cannot."""
    try:
        return dict(zip(listing.ids, listing.pixel_hashes, strict=True)), []
    except DataError:
        pass  # some cannot be decoded: go through them one by one to name them all
    digests: dict[str, str] = {}
    problems = []
    for entry in listing.entries:
        try:
            digests[entry.id] = pixel_hash(entry.load())
        except DataError as error:
            problems.append(str(error))
    return digests, problems


def _count_problems(listing: Listing) -> list[str]:
    problems = []
    if listing.card.images not in (None, len(listing)):
        problems.append(f"images: found {len(listing)}, expected {listing.card.images}.")
    for task in listing.card.tasks:
        expected = listing.card.counts.get(task.name)
        labels = listing.labels(task.name)
        found = tuple(int(np.sum(labels == index)) for index in range(len(task.classes)))
        if expected is not None and found != tuple(expected):
            seen, promised = _counted(task.classes, found), _counted(task.classes, expected)
            problems.append(f"{task.name}: found {seen}, expected {promised}.")
    return problems


def _counted(classes: tuple[str, ...], counts: tuple[int, ...]) -> str:
    return ", ".join(f"{count} {name}" for name, count in zip(classes, counts, strict=True))


def _promised(card: Card) -> dict[str, list[str]]:
    """Of the known pixels those that this card is of: a clean list, one of several sizes."""
    others = {
        (row["pixels_sha256"], row["path"])
        for row in shipped_rows(card.name)
        if any(row[column] != value for column, value in card.facts.items())
    }
    kept = {
        digest: [path for path in paths if (digest, path) not in others]
        for digest, paths in known_pixels(card.name).items()
    }
    return {digest: paths for digest, paths in kept.items() if paths}


def _label_problems(listing: Listing, digests: dict[str, str]) -> list[str]:
    seals = {row["pixels_sha256"]: row.get("seal") for row in shipped_rows(listing.card.name)}
    return [
        f"{entry.id}: its labels are not the official ones."
        for entry in listing.entries
        if (digest := digests.get(entry.id))
        and (seal := seals.get(digest))
        and seal != seal_of(digest, entry.labels)
    ]


def _pixel_problems(listing: Listing, digests: dict[str, str]) -> list[str]:
    official, counts = _promised(listing.card), Counter(digests.values())
    problems = []
    for id, digest in digests.items():
        if not official:
            break
        folders = {PurePosixPath(path).parent.as_posix() for path in official.get(digest, ())}
        if not folders:
            problems.append(
                f"{id}: its pixels are none of the official images (changed, re-encoded or added)."
            )
        elif PurePosixPath(id).parent.as_posix() not in folders:
            problems.append(f"{id}: officially this image lies in {' and '.join(sorted(folders))}.")
    for digest, paths in official.items():
        if not counts[digest]:
            problems += [f"{path}: this official image is missing or was changed." for path in paths]
        elif counts[digest] != len(paths):
            problems.append(f"{', '.join(paths)}: found {counts[digest]} times, expected {len(paths)}.")
    found, promised = hash_of_hashes(digests.values()), listing.card.pixels_sha256
    if promised and found != promised and not problems:
        problems.append(f"The hash of all pixels is {found[:12]}, expected {promised[:12]}.")
    return problems
