"""Pictures of one and the same cell that differ in their pixels, known of the published sets.

The list ships with the package (`experiments/near_copies.py` writes it from what the audit finds) and speaks
of pixels, not of names: it also holds for images of these sets that lie in a folder of your own.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from importlib.resources import files


@cache
def near_copies() -> Mapping[str, str]:
    """{pixel hash: name of the family of near copies that the image belongs to}."""
    path = files("spermlens.datasets") / "_facts" / "near_copies.csv"
    rows = csv.DictReader(path.read_text(encoding="utf-8").splitlines())
    return {row["pixels_sha256"]: f"{row['dataset']}/{row['family']}" for row in rows}
