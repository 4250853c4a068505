"""Is this the data set that the card describes? Asked of the decoded pixels, not of file names."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files

import numpy as np

from spermlens.datasets._listing import Listing
from spermlens.errors import DataCorrupt, DataError
from spermlens.files import sha256_of
from spermlens.images import pixel_hash


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
    digests: dict[str, str] = {}
    problems: list[str] = []
    for entry in listing.entries:
        try:
            digests[entry.id] = pixel_hash(entry.load())
        except DataError as error:
            problems.append(str(error))
    problems += _count_problems(listing)
    problems += _pixel_problems(listing, digests)
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


def known_pixels(name: str) -> dict[str, str]:
    """pixel hash -> official path, from the facts that ship with the package; empty where none do."""
    path = files("spermlens.datasets") / "_facts" / f"{name}.csv"
    if not path.is_file():
        return {}
    rows = csv.DictReader(path.read_text(encoding="utf-8").splitlines())
    return {row["pixels_sha256"]: row["path"] for row in rows}


def _count_problems(listing: Listing) -> list[str]:
    problems = []
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


def _pixel_problems(listing: Listing, digests: dict[str, str]) -> list[str]:
    official = known_pixels(listing.card.name)
    if not official or hash_of_hashes(digests.values()) == listing.card.pixels_sha256:
        return []
    strange = [id for id, digest in digests.items() if digest not in official]
    counts = Counter(digests.values())
    absent = [path for digest, path in official.items() if not counts[digest]]
    return [
        *(
            f"{id}: its pixels are none of the official images (changed, re-encoded or added)."
            for id in strange
        ),
        *(f"{path}: this official image is missing or was changed." for path in absent),
    ]
