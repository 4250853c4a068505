"""The areas are known by hand: a quarter of the picture is the whole reason."""

from __future__ import annotations

import numpy as np
import pytest
from quadrant import EVERYWHERE, RIGHT, WRONG, ask, pictures

from spermlens.evaluate.reasons.deletion import deletion, insertion, ranks


def black(image: np.ndarray) -> np.ndarray:
    return np.zeros_like(image)


def test_the_right_map_deletes_the_reason_within_a_quarter() -> None:
    """From 1 to 0 in a straight line over the first quarter, then nothing: an eighth."""
    assert deletion(ask, pictures(2), np.stack([RIGHT] * 2), (1, 1), black) == pytest.approx(
        [1 / 8] * 2, abs=0.01
    )


def test_it_is_brought_back_within_a_quarter() -> None:
    assert insertion(ask, pictures(1), RIGHT[None], (1,), black) == pytest.approx([7 / 8], abs=0.01)


@pytest.mark.parametrize(("heat", "least"), [(WRONG, 0.5), (EVERYWHERE, 0.45)])
def test_a_map_that_is_wrong_does_worse(heat: np.ndarray, least: float) -> None:
    assert deletion(ask, pictures(1), heat[None], (1,), black)[0] > least
    assert insertion(ask, pictures(1), heat[None], (1,), black)[0] < 1 - least + 0.1


def test_a_map_that_knows_nothing_deletes_by_lot_and_so_in_a_straight_line() -> None:
    assert deletion(ask, pictures(1), EVERYWHERE[None], (1,), black) == pytest.approx([0.5], abs=0.04)


def test_it_is_the_target_that_is_asked_for() -> None:
    assert deletion(ask, pictures(1), RIGHT[None], (0,), black) == pytest.approx([7 / 8], abs=0.01)


def test_ranks_fall_with_the_heat_and_each_place_is_taken_once() -> None:
    heat = np.array([[0.2, 0.9], [0.9, 0.0]])
    found = ranks(heat)
    assert sorted(found.ravel()) == [0, 0.25, 0.5, 0.75]
    assert (found[0, 0], found[1, 1]) == (0.5, 0.75)
