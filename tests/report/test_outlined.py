"""A cell with its outline: lines where the mask ends, axes inside it, a bar as long as it says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from spermlens.locate.measure import measure
from spermlens.report.measured_tiles import outline_figure, placed_line, short_line
from spermlens.report.outlined import COLOURS, LIGHT, outlined
from spermlens.report.tiles import card_sized
from spermlens.types import Measures, Outline, Prediction, Reading, Status

SIDE = 100
BLANK = np.full((SIDE, SIDE, 3), 120, np.uint8)


def ellipse(side: int = SIDE) -> Outline:
    y, x = (np.mgrid[:side, :side] - side / 2) * 100 / side
    return Outline(masks={"head": (x / 20) ** 2 + (y / 12) ** 2 <= 1}, reliability=1.0)


def like(picture: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    return np.abs(picture.astype(int) - colour).max(2) < 30


@pytest.mark.parametrize("um_per_pixel", [None, 0.1])
def test_the_line_runs_around_the_head_and_axes_lie_in_it(um_per_pixel: float | None) -> None:
    found = ellipse()
    picture = outlined(BLANK, found, measure(found, BLANK, um_per_pixel))
    factor = picture.shape[0] / SIDE
    y, x = np.mgrid[: picture.shape[0], : picture.shape[1]] / factor - SIDE / 2
    round_it = np.sqrt((x / 20) ** 2 + (y / 12) ** 2)
    line = round_it[like(picture, COLOURS["head"])]
    assert line.size > 300
    assert line.min() > 0.9
    assert line.max() < 1.12
    light = like(picture, LIGHT) & (y < 30)
    assert round_it[light].max() < 1.1
    assert np.ptp(x[light]) == pytest.approx(40, abs=2)
    assert np.ptp(y[light]) == pytest.approx(24, abs=2)


@pytest.mark.parametrize(("um_per_pixel", "length_px"), [(0.1, 20.0), (0.05, 20.0), (None, 20.0)])
def test_the_bar_is_as_long_as_it_says(um_per_pixel: float | None, length_px: float) -> None:
    nothing = Outline(masks={"head": np.zeros((SIDE, SIDE), bool)}, reliability=0.0, reason="none")
    picture = outlined(BLANK, nothing, measure(nothing, BLANK, um_per_pixel))
    row = like(picture, LIGHT)[-14]
    assert row.sum() / (picture.shape[1] / SIDE) == pytest.approx(length_px, abs=0.6)


def test_an_outline_not_to_be_relied_on_is_dashed() -> None:
    found = ellipse()
    doubted = replace(found, reliability=0.1, reason="too faint")
    whole, dashed = (
        like(outlined(BLANK, one, measure(one, BLANK)), COLOURS["head"]).sum() for one in (found, doubted)
    )
    assert 0.3 < dashed / whole < 0.7


def test_a_reduced_picture_shows_the_same_cell() -> None:
    """A large image made smaller for a page keeps its axes on the head and the length of its bar."""
    image = np.full((800, 800, 3), 120, np.uint8)
    outline = ellipse(800)
    measures = measure(outline, image, 0.05)
    prediction = Prediction(
        id="a", probabilities={"t": np.array([1.0])}, decisions={}, status=Status.UNSURE, model_id="m"
    )
    reading = Reading(image=image, prediction=prediction, outline=outline, measures=measures)
    small = card_sized(reading)
    assert small.image is not None
    assert small.outline is not None
    assert small.reduced == pytest.approx(2.5)
    large = outlined(image, outline, measures)
    shrunk = outlined(small.image, small.outline, measures, small.reduced)
    bars = [like(picture, LIGHT)[-14].sum() / picture.shape[1] for picture in (large, shrunk)]
    assert bars[0] == pytest.approx(bars[1], abs=0.01)
    for colour in (COLOURS["head"], LIGHT):
        ends = []
        for picture in (large, shrunk):
            rows, columns = np.nonzero(like(picture, colour))
            side = picture.shape[0]
            ends.append([rows.min() / side, rows.max() / side, columns.min() / side, columns.max() / side])
        assert ends[0] == pytest.approx(ends[1], abs=0.03)


def test_a_figure_names_the_parts_and_a_line_the_main_measures() -> None:
    found = ellipse()
    assert outline_figure(BLANK, found, measure(found, BLANK), "a.png").caption == "outline of head"
    values = {"length_um": 4.61, "width_um": 3.02, "length_over_width": 1.526, "acrosome_share": 0.481}
    told = Measures(values={**values, "vacuoles": 2.0}, axes=None, um_per_pixel=0.1, parts=("head",))
    assert short_line(told) == "4.61 × 3.02 µm, length/width 1.53, acrosome 48 %, 2 vacuoles"
    assert short_line(replace(told, values={"length_over_width": 1.42})) == "Length/width 1.42"
    assert short_line(replace(told, values={})) == ""


def test_only_the_ends_of_the_normal_are_named() -> None:
    assert placed_line({"taper": 50.0, "rugosity": 94.0}) == ""
    assert placed_line({"taper": 99.9}).endswith("taper higher than in 99 %.")
    said = placed_line({"taper": 97.0, "rugosity": 0.0, "ellipticity": 50.0})
    assert (
        said == "Of the normal cells learned from: rugosity lower than in 100 %, taper higher than in 97 %."
    )
