"""Masks and maps drawn by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from spermlens.evaluate.reasons.inside import (
    area_share,
    cells_touching,
    energy_inside,
    energy_over_area,
    peak_inside,
    peak_of,
)

MASK = np.zeros((4, 8), bool)
MASK[1, 2:6] = True


def heat(**at: float) -> np.ndarray:
    made = np.zeros((4, 8))
    for place, value in at.items():
        made[int(place[1]), int(place[2])] = value
    return made


def test_the_peak_hits_or_misses() -> None:
    assert peak_inside(heat(p13=0.9, p30=0.5), MASK) == 1
    assert peak_inside(heat(p13=0.5, p30=0.9), MASK) == 0


def test_the_energy_is_the_share_of_the_sum() -> None:
    some = heat(p13=0.6, p14=0.3, p30=0.1)
    assert energy_inside(some, MASK) == pytest.approx(0.9)
    assert area_share(MASK) == 4 / 32
    assert energy_over_area(some, MASK) == pytest.approx(7.2)


def test_a_map_that_knows_nothing_is_as_dense_inside_as_out() -> None:
    assert energy_over_area(np.full((4, 8), 0.3), MASK) == pytest.approx(1)


def test_no_evidence_points_at_nothing() -> None:
    for measure in (peak_inside, energy_inside, energy_over_area):
        assert np.isnan(measure(np.zeros((4, 8)), MASK))


def test_the_peak_of_an_enlarged_corner_cell_is_no_corner_pixel() -> None:
    """A map's outermost half cell is level: its middle is a quarter of a cell from the border."""
    values = torch.zeros(1, 1, 4, 4)
    values[0, 0, 0, 3] = 1
    grown = torch.nn.functional.interpolate(values, size=(64, 64), mode="bilinear")[0, 0].numpy()
    row, column = peak_of(grown)
    assert (row, column) == (pytest.approx(4, abs=1), pytest.approx(60, abs=1))


def test_two_equal_peaks_are_never_said_to_lie_between_them() -> None:
    both = heat(p00=1, p37=1)
    assert both[peak_of(both)] == 1


def test_cells_are_touched_or_not() -> None:
    mask = np.zeros((6, 6), bool)
    mask[1:3, 4] = True
    wanted = np.zeros((6, 6), bool)
    wanted[0:4, 4:6] = True
    assert (cells_touching(mask, (3, 3)) == wanted).all()
    assert not cells_touching(np.zeros((6, 6), bool), (3, 3)).any()
