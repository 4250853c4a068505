"""The published images are what the card says of them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from spermlens.datasets import Listing, open_data
from spermlens.datasets._verify import known_pixels, verify
from spermlens.datasets.hushem import CARD

Rows = Callable[[str, Listing], list[str]]
Shipped = Callable[[str], list[str]]


def test_the_real_set_is_whole(real_hushem: Path) -> None:
    found = verify(open_data("hushem", real_hushem))
    assert found.problems == ()
    assert found.images == sum(CARD.counts["head_shape"]) == sum(map(len, known_pixels("hushem").values()))
    assert found.pixels_sha256 == CARD.pixels_sha256


def test_two_heads_that_changed_folders_are_found(real_hushem: Path, tmp_path: Path) -> None:
    root = tmp_path / "hushem"
    shutil.copytree(real_hushem, root)
    one, other = next(root.rglob("01_Normal")) / "image_001.BMP", next(root.rglob("02_Tapered"))
    other = sorted(other.iterdir())[0]
    spare = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(spare)
    problems = verify(open_data("hushem", root)).problems
    assert len(problems) == 2
    assert "01_Normal/image_001.BMP: officially this image lies in 02_Tapered." in problems


def test_the_near_copies_that_ship_are_those_an_audit_finds(
    real_hushem: Path,
    near_rows: Rows,
    shipped_near_rows: Shipped,
) -> None:
    found = near_rows("hushem", open_data("hushem", real_hushem))
    assert found == shipped_near_rows("hushem") != []
