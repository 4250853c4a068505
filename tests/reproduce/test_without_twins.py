"""Scores without the images whose twin stands in another fold, held against direct counts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from drawn_jobs import Desk, judged

from spermlens.reproduce import without_twins
from spermlens.reproduce.job import Job
from spermlens.reproduce.without_twins import across_folds, compared, likely_pairs, twins_table

PAIRS = """\
"first","second","first_pixels","second_pixels","around","whole","one_cell"
"image 2","image 8","a","b",0.9,0.9,"yes"
"image 5","image 10","c","d",0.9,0.9,"yes"
"image 3","image 4","e","f",0.7,0.8,"unsure"
"image 6","image 9","g","h",0.7,0.7,"no"
"image 6","elsewhere","g","h",0.7,0.9,"yes"
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "smids-twins.csv"
    found.write_text(PAIRS, encoding="utf-8")
    return found


def test_only_images_with_a_twin_in_another_fold_are_left_out(path: Path) -> None:
    """The fold of a drawn image is its number modulo five."""
    table = judged(100, 1)
    leaking = across_folds(table, likely_pairs(path))
    assert {table.ids[row] for row in np.flatnonzero(leaking)} == {"image 2", "image 8", "image 3", "image 4"}
    assert ("image 3", "image 4") not in likely_pairs(path, ("yes",))


def test_the_difference_is_that_of_two_shares_of_the_same_draws() -> None:
    table, kept = judged(100, 1), np.arange(60) >= 12
    right = table.predicted == table.truth
    found = compared(table, kept)
    assert found["accuracy"] == pytest.approx((right.mean(), right[12:].mean()))
    assert found["difference"] == pytest.approx(right[12:].mean() - right.mean())
    assert found["low"] <= found["difference"] <= found["high"]
    nothing = compared(table, np.ones(60, bool))
    assert (nothing["difference"], nothing["low"], nothing["high"]) == (0, 0, 0)


def test_the_table_names_ours_and_counts_what_is_left(
    path: Path, desk: Desk, one: Callable[[str], Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("plain", "cbam"):
        desk.commit(one(f"one/{name}-r100"))
    path.rename(desk.places.results / path.name)
    study = type("Study", (), {"parts": desk.parts})
    monkeypatch.setattr(without_twins, "load_study", lambda _name: (desk.name, study))
    monkeypatch.setattr(without_twins, "PART", "one")
    told = twins_table(desk.places.results)
    assert told.startswith(
        "4 pairs: 3 show one cell by eye; 1 could not be told. "
        "2 of them stand on both sides of a fold, 4 images."
    )
    assert told.count("| 60, 56 |") == 3
    assert " of 4 (" in told.splitlines()[-1]  # images 2, 8, 3 and 4
    assert " of 3 (" in told.splitlines()[-1]  # images 5, 10 and 6, whose twins they never learned from
    assert "EfficientNet-B0 with CBAM, 8 views, calibrated (ours)**" in told


def test_without_pairs_or_trainings_there_is_no_table(path: Path, tmp_path: Path) -> None:
    assert twins_table(tmp_path / "none") == ""
    assert twins_table(tmp_path) == ""
