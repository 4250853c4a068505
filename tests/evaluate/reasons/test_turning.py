"""Ways of explaining that turn with the picture, and ways that do not."""

from __future__ import annotations

import numpy as np
import pytest

from spermlens.evaluate.reasons.turning import stability


def pictures(count: int = 2) -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (count, 12, 12, 3), dtype=np.uint8)


def brightness(seen: np.ndarray) -> np.ndarray:
    return seen.mean(3)


def test_a_map_of_the_pixels_turns_with_them() -> None:
    assert stability(brightness, pictures()) == pytest.approx([1, 1])


def test_a_map_that_always_shows_one_corner_does_not() -> None:
    """Turned back, its corner stands in each of the four: twice its own of eight, once of seven others."""

    def corner(seen: np.ndarray) -> np.ndarray:
        maps = np.zeros(seen.shape[:3])
        maps[:, 0, 0] = 1
        return maps

    elsewhere = -1 / 143  # Pearson of two single hot pixels of 144 that are not the same
    assert stability(corner, pictures()) == pytest.approx([(1 + 6 * elsewhere) / 7] * 2)


def test_flat_maps_are_not_stable_but_unknown() -> None:
    assert np.isnan(stability(lambda seen: np.zeros(seen.shape[:3]), pictures())).all()


def test_pictures_may_be_longer_than_high() -> None:
    assert stability(brightness, pictures()[:, :8]) == pytest.approx([1, 1])
