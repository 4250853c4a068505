"""splits.csv: which image was trained on, set aside or tested in which fold of which repeat."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from spermlens.datasets import Listing
from spermlens.errors import DataCorrupt
from spermlens.files import write_text
from spermlens.training.folds import Split

COLUMNS = ("image", "pixels_sha256", "repeat", "fold", "role")
ROLES = ("train", "inner", "test")


def write_splits(path: Path, listing: Listing, plan: Sequence[Split]) -> None:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    for split in plan:
        for role in ROLES:
            for index in getattr(split, role):
                writer.writerow(
                    [listing.entries[index].id, listing.pixel_hashes[index], split.repeat, split.fold, role]
                )
    write_text(path, stream.getvalue())


def read_splits(path: Path) -> dict[str, dict[str, set[str]]]:
    """{part, such as 'r0f3': {role: the pixel hashes of its images}}."""
    found: dict[str, dict[str, set[str]]] = {}
    try:
        for row in csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))):
            _, pixels, repeat, fold, role = (row[column] for column in COLUMNS)
            part = found.setdefault(f"r{int(repeat)}f{int(fold)}", {role: set() for role in ROLES})
            part[role].add(pixels)
    except (OSError, ValueError, KeyError, TypeError, csv.Error) as error:
        raise DataCorrupt(
            f"{path}: not the splits of a run ({type(error).__name__}: {error}). "
            "The file was changed; finish the run again with --resume."
        ) from error
    return found
