"""Which published images show one and the same cell? Writes the list that ships with the package.

python experiments/near_copies.py FOLDER, in which lie hushem, smids and mhsma

What the audit is sure of by the finest detail of the heads, and what a person saw who looked at the pairs of
`near_twins.py`. Pairs that the person could not tell are on the list, too: to keep two cells together costs
nothing, to divide one does.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from near_twins import seen_by_eye

import spermlens
from spermlens.audit.copies import components, find_pairs
from spermlens.audit.survey import survey
from spermlens.datasets import Listing, open_data
from spermlens.files import write_text

SETS: tuple[tuple[str, dict[str, Any]], ...] = (("hushem", {}), ("smids", {"clean": False}), ("mhsma", {}))
LIST = Path(spermlens.__file__).parent / "datasets" / "_facts" / "near_copies.csv"


def near_in(listing: Listing, seen: Iterable[tuple[str, ...]] = ()) -> list[tuple[str, ...]]:
    """The pixel hashes of each family of near copies, identical pixels told once; `seen`: pairs by eye."""
    contents = [one.content for one in survey(listing) if one.content is not None]
    digests = [content.digest for content in contents]
    pairs = [
        (pair.first, pair.second) for pair in find_pairs(digests, [content.thumbnail for content in contents])
    ]
    place = {digest: number for number, digest in enumerate(digests)}
    pairs += [(place[first], place[second]) for first, second in seen]
    family = components(len(digests), pairs)
    members: dict[int, dict[str, None]] = {}
    for number, digest in zip(family.tolist(), digests, strict=True):
        members.setdefault(number, {})[digest] = None
    return sorted(tuple(sorted(found)) for found in members.values() if len(found) > 1)


def rows_of(name: str, listing: Listing) -> list[str]:
    """A row an image that has near copies: data set, family, hash."""
    found = near_in(listing, seen_by_eye() if name == "smids" else ())
    return [f"{name},{number},{digest}" for number, family in enumerate(found, 1) for digest in family]


if __name__ == "__main__":
    root = Path(sys.argv[1])
    lines = [row for name, options in SETS for row in rows_of(name, open_data(name, root / name, options))]
    write_text(LIST, "\n".join(["dataset,family,pixels_sha256", *lines]) + "\n")
