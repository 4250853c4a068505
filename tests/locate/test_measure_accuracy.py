"""How near the measures come to the truth, on shapes whose truth is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from known_shapes import blank, drawn, ellipse, head_only, outline_of, polygon, random_ellipses
from skimage.measure import perimeter as naive_perimeter
from skimage.measure import perimeter_crofton, regionprops

from spermlens.locate.measure import measure
from spermlens.locate.thread import ribbon

SIZES = ("length", "width", "perimeter", "area", "ellipse_length", "ellipse_width")


def tolerance(truth: float) -> float:
    return max(0.02 * truth, 0.5)


def errors(lengths: tuple[float, float], name: str) -> np.ndarray:
    """Error over tolerance of one measure, on many ellipses."""
    found = []
    for one in random_ellipses(240, lengths):
        truth = {"length": one.length, "width": one.width, "perimeter": one.perimeter}
        truth |= {"ellipse_length": one.length, "ellipse_width": one.width}
        value = measure(head_only(one.mask), blank(one.mask)).values[f"{name}_px"]
        assert value is not None
        found.append((value - truth[name]) / tolerance(truth[name]))
    return np.abs(found)


@pytest.mark.parametrize(
    ("name", "lengths", "share"),
    [
        ("ellipse_length", (8, 80), 0.95),
        ("ellipse_width", (8, 80), 0.98),
        ("ellipse_length", (30, 80), 1.0),
        ("ellipse_width", (30, 80), 1.0),
        ("perimeter", (8, 80), 0.93),
        ("perimeter", (30, 80), 1.0),
        ("length", (20, 80), 0.95),
        ("width", (20, 80), 0.93),
    ],
)
def test_ellipses_are_measured_to_2_percent_or_half_a_pixel(
    name: str, lengths: tuple[float, float], share: float
) -> None:
    assert (errors(lengths, name) <= 1).mean() >= share


def test_no_measure_of_an_ellipse_is_off_by_more_than_a_pixel_or_two_around_it() -> None:
    assert errors((8, 80), "ellipse_length").max() < 2
    assert errors((8, 80), "length").max() < 2
    assert errors((8, 80), "perimeter").max() < 3


def test_one_mask_is_that_of_ellipses_nearly_a_pixel_apart_so_nothing_could_be_nearer() -> None:
    short, long = ellipse(9.05, 4.5, 0.0, (0.5, 0.5)), ellipse(9.95, 4.5, 0.0, (0.5, 0.5))
    assert np.array_equal(short.mask, long.mask)


def test_pixels_are_samples_so_that_a_twelfth_more_would_be_too_much() -> None:
    ellipses = random_ellipses(600, (8, 20), seed=3)
    own = []
    squares = []
    for one in ellipses:
        value = measure(head_only(one.mask), blank(one.mask)).values["ellipse_length_px"]
        assert value is not None
        own.append(value - one.length)
        squares.append(math.sqrt(value**2 + 16 / 12) - one.length)
    assert abs(np.mean(own)) < 0.03
    assert np.mean(squares) > 0.05


def test_feret_diameter_and_counted_perimeters_miss_what_these_meet() -> None:
    ellipses = random_ellipses(200, (30, 80), seed=1)
    tables: dict[str, list[float]] = {"feret": [], "naive": [], "crofton": [], "own": []}
    for one in ellipses:
        region = regionprops(one.mask.astype(np.uint8))[0]
        rim = measure(head_only(one.mask), blank(one.mask)).values["perimeter_px"]
        assert rim is not None
        tables["feret"].append((region.feret_diameter_max - one.length) / tolerance(one.length))
        tables["naive"].append((naive_perimeter(one.mask, 4) - one.perimeter) / tolerance(one.perimeter))
        tables["crofton"].append((perimeter_crofton(one.mask, 4) - one.perimeter) / tolerance(one.perimeter))
        tables["own"].append((rim - one.perimeter) / tolerance(one.perimeter))
    worst = {name: float(np.abs(values).max()) for name, values in tables.items()}
    spread = {name: float(np.std(values)) for name, values in tables.items()}
    assert worst["own"] < 1
    assert worst["feret"] > 1
    assert worst["naive"] > 1
    assert spread["own"] < spread["crofton"] / 1.5  # few directions say less than the line itself


@pytest.mark.parametrize("shape", ["normal", "tapered", "pyriform", "amorphous"])
def test_drawn_heads_are_measured_to_their_drawn_size(shape: str) -> None:
    for index in range(12):
        drawing, points = drawn(index, shape)
        values = measure(outline_of(drawing), drawing.image, drawing.um_per_pixel).values
        for name, truth in polygon(points).items():
            value = values[f"{name}_um2" if name == "area" else f"{name}_um"]
            assert value is not None
            if name == "area":
                assert value == pytest.approx(truth, rel=0.02)
            else:
                thin = 1 if shape == "normal" else 1.6  # ends thinner than a pixel are not in the mask
                assert abs(value - truth) < 0.1 * thin * tolerance(truth / 0.1), (name, index)


def test_the_extent_is_the_length_that_was_drawn_and_the_ellipse_is_not() -> None:
    extents, axes = [], []
    for index in range(16):
        drawing, points = drawn(index, "pyriform")
        values = measure(outline_of(drawing), drawing.image, drawing.um_per_pixel).values
        truth = float(np.ptp(points[:, 0]))
        extents.append((values["length_um"] or 0) / truth - 1)
        axes.append((values["ellipse_length_um"] or 0) / truth - 1)
    assert np.abs(extents).max() < 0.04
    assert np.mean(axes) < -0.06


@pytest.mark.parametrize(("length", "width"), [(25, 2.0), (40, 3.0), (60, 4.0)])
def test_ribbons_are_as_long_and_wide_as_they_were_drawn(length: float, width: float) -> None:
    random = np.random.default_rng(0)
    found = []
    for _ in range(30):
        turn, shift = random.uniform(0, np.pi), random.uniform(-0.5, 0.5, 2)
        y, x = np.mgrid[:90, :90] - 45 + shift[:, None, None]
        along, across = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
        found.append(ribbon((np.abs(along) < length / 2) & (np.abs(across) < width / 2)))
    long, wide = np.transpose(found)
    assert abs(long.mean() - length) < 1
    assert np.abs(long - length).max() < 2
    assert np.abs(wide - width).max() < 0.4


def test_a_bent_ribbon_is_as_long_as_its_middle_line() -> None:
    y, x = np.mgrid[:100, :100] - 49.7
    out, turn = np.hypot(x, y), np.arctan2(y, x)
    length, width = ribbon((np.abs(out - 30) < 1.5) & (np.abs(turn) < 2))
    assert length == pytest.approx(30 * 4, rel=0.02)
    assert width == pytest.approx(3, rel=0.06)


def test_pixels_that_meet_at_corners_are_one_thread() -> None:
    length, width = ribbon(np.eye(30, dtype=bool))
    assert length == pytest.approx(30 * math.sqrt(2), rel=0.05)
    assert width == pytest.approx(1 / math.sqrt(2), rel=0.05)


def test_ratios_of_an_ellipse_are_those_of_the_formulas() -> None:
    one = ellipse(60, 40, 0.4, (0.2, -0.3))
    values = measure(head_only(one.mask), blank(one.mask)).values
    expected = {
        "length_over_width": 1.5,
        "ellipticity": 1.5,
        "elongation": 0.2,
        "regularity": 1.0,
        "rugosity": 4 * math.pi * one.area / one.perimeter**2,
        "side_symmetry": 1.0,
        "end_symmetry": 1.0,
        "taper": 1.0,
    }
    for name, truth in expected.items():
        assert values[name] == pytest.approx(truth, rel=0.02, abs=0.02), name
