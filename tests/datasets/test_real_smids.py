"""The published images are what the card says of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np

from spermlens.datasets import Listing, open_data
from spermlens.datasets._verify import require, verify

Rows = Callable[[str, Listing], list[str]]
Shipped = Callable[[str], list[str]]


def test_the_clean_list_is_whole(real_smids: Path) -> None:
    listing = open_data("smids", real_smids)
    require(listing)
    assert len(listing) == 2947
    assert np.bincount(listing.labels("cell")).tolist() == [1002, 972, 973]


def test_all_images_are_whole_and_hold_49_pairs(real_smids: Path) -> None:
    listing = open_data("smids", real_smids, {"clean": False})
    found = verify(listing)
    assert found.problems == ()
    assert found.images == 3000
    assert Counter(Counter(listing.pixel_hashes).values()) == {1: 2902, 2: 49}


def test_the_near_copies_that_ship_are_those_an_audit_finds(
    real_smids: Path,
    near_rows: Rows,
    shipped_near_rows: Shipped,
) -> None:
    found = near_rows("smids", open_data("smids", real_smids, {"clean": False}))
    assert found == shipped_near_rows("smids") != []
