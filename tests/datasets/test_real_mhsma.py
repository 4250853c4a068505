"""The published arrays are what the card says of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from spermlens.datasets import Listing, open_data
from spermlens.datasets._verify import verify
from spermlens.datasets.mhsma import CARD
from spermlens.files import sha256_of_file

Rows = Callable[[str, Listing], list[str]]
Shipped = Callable[[str], list[str]]


@pytest.mark.parametrize("size", [128, 64])
def test_the_real_set_is_whole_at_both_sizes(real_mhsma: Path, size: int) -> None:
    listing = open_data("mhsma", real_mhsma, {"size": size})
    found = verify(listing)
    assert found.problems == ()
    assert found.images == 1540
    assert len({entry.group for entry in listing.entries} - {None}) == 114
    assert Counter(entry.split for entry in listing.entries) == {"train": 1000, "valid": 240, "test": 300}
    assert {t: tuple(np.bincount(listing.labels(t)).tolist()) for t in CARD.counts} == CARD.counts


def test_the_files_are_those_that_are_fetched(real_mhsma: Path) -> None:
    assert {name: sha256_of_file(real_mhsma / "npy" / name) for name in CARD.files} == CARD.files


def test_two_pictures_that_changed_places_are_found(real_mhsma: Path, tmp_path: Path) -> None:
    for path in (real_mhsma / "npy").glob("*.npy"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    pictures = np.load(tmp_path / "x_128_test.npy")
    labels = np.load(tmp_path / "y_head_test.npy")
    one, other = np.flatnonzero(labels == 0)[0], np.flatnonzero(labels == 1)[0]
    pictures[[one, other]] = pictures[[other, one]]
    np.save(tmp_path / "x_128_test.npy", pictures)
    problems = verify(open_data("mhsma", tmp_path)).problems
    assert f"test/{one:04}: its labels are not the official ones." in problems
    assert len(problems) == 2


def test_the_near_copies_that_ship_are_those_an_audit_finds(
    real_mhsma: Path,
    near_rows: Rows,
    shipped_near_rows: Shipped,
) -> None:
    found = near_rows("mhsma", open_data("mhsma", real_mhsma))
    assert found == shipped_near_rows("mhsma") != []
