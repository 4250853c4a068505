"""A picture seen through its map, with answers known by hand."""

from __future__ import annotations

import numpy as np
import pytest
from quadrant import EVERYWHERE, RIGHT, WRONG, ask, pictures

from spermlens.evaluate.reasons.dropping import drops, through


def black(image: np.ndarray) -> np.ndarray:
    return np.zeros_like(image)


def test_nothing_drops_where_the_map_shows_the_reason_and_all_where_it_hides_it() -> None:
    maps = np.stack([RIGHT, WRONG, EVERYWHERE / 2])
    found = drops(ask, pictures(), maps, (1, 1, 1), black)
    assert found.drop == pytest.approx([0, 1, 0.5], abs=0.005)
    assert not found.increased.any()


def test_a_rise_is_no_drop() -> None:
    found = drops(ask, pictures(1), WRONG[None], (0,), black)
    assert (found.drop[0], found.increased[0]) == (0, True)


def test_what_is_hidden_becomes_the_mean_colour_unless_told_otherwise() -> None:
    image = pictures(1)[0]
    seen = through(image, RIGHT)
    assert (seen[:8, :8] == 255).all()
    assert (seen[8:, 8:] == 64).all()
