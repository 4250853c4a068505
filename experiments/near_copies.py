"""Which published images are near copies of each other? Writes the list that ships with the package.

python experiments/near_copies.py FOLDER, in which lie hushem, smids and mhsma
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import spermlens
from spermlens.audit.copies import families, find_pairs
from spermlens.audit.survey import survey
from spermlens.datasets import Listing, open_data
from spermlens.files import write_text

SETS: tuple[tuple[str, dict[str, Any]], ...] = (("hushem", {}), ("smids", {"clean": False}), ("mhsma", {}))
LIST = Path(spermlens.__file__).parent / "datasets" / "_facts" / "near_copies.csv"


def near_in(listing: Listing) -> list[tuple[str, ...]]:
    """The pixel hashes of each family of near copies, identical pixels told once."""
    contents = [one.content for one in survey(listing) if one.content is not None]
    digests = [content.digest for content in contents]
    family = families(len(digests), find_pairs(digests, [content.thumbnail for content in contents]))
    members: dict[int, dict[str, None]] = {}
    for number, digest in zip(family.tolist(), digests, strict=True):
        members.setdefault(number, {})[digest] = None
    return sorted(tuple(sorted(found)) for found in members.values() if len(found) > 1)


def rows_of(name: str, listing: Listing) -> list[str]:
    """A row an image that has near copies: data set, family, hash."""
    return [
        f"{name},{family},{digest}" for family, found in enumerate(near_in(listing), 1) for digest in found
    ]


if __name__ == "__main__":
    root = Path(sys.argv[1])
    lines = [row for name, options in SETS for row in rows_of(name, open_data(name, root / name, options))]
    write_text(LIST, "\n".join(["dataset,family,pixels_sha256", *lines]) + "\n")
