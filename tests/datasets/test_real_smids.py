"""The published images are what the card says of them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np

from spermlens.datasets import open_data
from spermlens.datasets._verify import require, verify


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
