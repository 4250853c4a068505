"""A head in any pose gives one square: turned, mirrored or moved, by one resampling, and back again."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from spermlens.framing import WIDEST_ALIGNED_PX, Framing
from spermlens.types import Image, Pose

FRAMINGS = [(128, 72.0), (65, 72.0), (64, 90.0), (48, 150.0)]


def pose(x: float, y: float, degrees: float) -> Pose:
    """The front so far from up, clockwise."""
    turn = math.radians(degrees)
    return Pose(x=x, y=y, ahead=(math.sin(turn), -math.cos(turn)))


def light(right: NDArray[np.float64], down: NDArray[np.float64]) -> Image:
    """A smooth thing without any symmetry, at places relative to its middle in source pixels."""
    head = 120 * np.exp(-((right / 14) ** 2) - (down / 22) ** 2)
    cap = 70 * np.exp(-((right / 9) ** 2) - ((down + 18) / 9) ** 2)
    side = 50 * np.exp(-(((right - 16) / 8) ** 2) - ((down - 4) / 8) ** 2)
    shades = [230 - head, 225 - head + cap, 220 - head + cap - side]
    return np.clip(np.stack(shades, 2) + 0.5, 0, 255).astype(np.uint8)


def picture(shape: tuple[int, int], at: Pose) -> Image:
    y, x = np.mgrid[: shape[0], : shape[1]]
    x, y, (ahead_x, ahead_y) = x - at.x, y - at.y, at.ahead
    return light(-ahead_y * x + ahead_x * y, -ahead_x * x - ahead_y * y)


def noise(height: int, width: int) -> Image:
    rough = np.random.default_rng(7).integers(0, 256, (height // 4 + 2, width // 4 + 2, 3), dtype=np.uint8)
    return rough.repeat(4, 0).repeat(4, 1)[:height, :width].copy()


@pytest.mark.parametrize(("size", "field"), FRAMINGS)
@pytest.mark.parametrize("degrees", [0.0, 33.0, 90.0, 157.0, -45.0, -101.5])
def test_a_head_looks_alike_wherever_it_lies_and_looks(size: int, field: float, degrees: float) -> None:
    framing, at = Framing(size=size, field_px=field, align="head"), pose(108.3, 97.6, degrees)
    square = framing.square(picture((200, 210), at), pose=at).astype(int)
    places = (np.arange(size) + 0.5 - size / 2) / framing.scale()
    expected = light(*np.meshgrid(places, places)).astype(int)
    assert square.shape == (size, size, 3)
    assert np.abs(square - expected).max() <= 3


@pytest.mark.parametrize(("size", "field"), FRAMINGS)
def test_a_mirrored_head_gives_the_mirrored_square(size: int, field: float) -> None:
    framing, image = Framing(size=size, field_px=field, align="head"), noise(90, 101)
    square = framing.square(image, pose=pose(47.2, 40.9, 28)).astype(int)
    mirrored = framing.square(image[:, ::-1].copy(), pose=pose(100 - 47.2, 40.9, -28))
    assert np.abs(mirrored - square[:, ::-1]).max() <= 2


@pytest.mark.parametrize(("size", "field"), FRAMINGS)
def test_an_upright_head_in_the_middle_is_framed_as_ever(size: int, field: float) -> None:
    framing, at = Framing(size=size, field_px=field), pose(85, 80, 0)
    image = picture((161, 171), pose(85, 80, 40))
    assert np.abs(framing.square(image, pose=at).astype(int) - framing.square(image)).max() <= 3


def test_what_is_missing_is_reflected_as_often_as_it_takes() -> None:
    image = noise(20, 30)
    square = Framing(size=128, field_px=128).square(image, pose=pose(14.5, 9.5, 0))
    expected = np.pad(image, ((54, 54), (49, 49), (0, 0)), mode="reflect")
    assert np.abs(square.astype(int) - expected).max() <= 1


@pytest.mark.parametrize("size", [224, 96, 48])
@pytest.mark.parametrize("degrees", [0.0, 70.0, 200.0])
def test_a_dot_comes_back_to_its_place_by_the_way_it_went(size: int, degrees: float) -> None:
    framing, at, shape = Framing(size=size, field_px=80, align="head"), pose(61, 70, degrees), (140, 121)
    y, x = np.indices(shape)
    for row, column in ((70, 61), (52, 80), (85, 42)):
        dot = np.exp(-((y - row) ** 2 + (x - column) ** 2) / 18)
        image = np.repeat((255 * dot).astype(np.uint8)[..., None], 3, 2)
        heat = framing.unsquare(framing.square(image, pose=at)[..., 0] / np.float32(255), shape, pose=at)
        assert heat.shape == shape
        assert heat.dtype == np.float32
        assert (heat * y).sum() / heat.sum() == pytest.approx(row, abs=0.3)
        assert (heat * x).sum() / heat.sum() == pytest.approx(column, abs=0.3)
        assert np.abs(heat - dot).max() < 0.12


@pytest.mark.parametrize("size", [256, 64, 20])
def test_a_map_covers_the_turned_square_and_nothing_else(size: int) -> None:
    framing, at = Framing(size=size, field_px=64), pose(80, 70, 30)
    heat = framing.unsquare(np.ones((size, size), np.float32), (150, 160, 3), pose=at)
    assert heat.sum() == pytest.approx(64**2, rel=0.03)
    y, x = np.indices(heat.shape)
    ahead = (x - at.x) * at.ahead[0] + (y - at.y) * at.ahead[1]
    assert ahead[heat > 0.5].max() == pytest.approx(32, abs=1)
    assert heat[np.hypot(x - at.x, y - at.y) < 30].min() > 0.99


def test_micrometres_count_for_a_posed_head_too() -> None:
    framing, at = Framing(size=64, field_px=80, um_per_pixel=0.1, align="head"), pose(60, 60, 20)
    fine = picture((121, 121), at)
    coarse = framing.square(fine[::2, ::2].copy(), 0.2, pose(30, 30, 20)).astype(int)
    assert np.abs(coarse - framing.square(fine, 0.1, at)).max() <= 4


@settings(max_examples=60, deadline=None)
@given(
    st.tuples(st.integers(1, 60), st.integers(1, 60)),
    st.integers(8, 70),
    st.floats(0.5, 500),
    st.floats(0.001, 99),
    st.tuples(st.floats(-5, 65), st.floats(-5, 65), st.floats(-180, 180)),
)
@example((1, 1), 70, 0.5, 63.0, (0.0, 0.0, 45.0))  # one pixel dwarfs the square
@example((1, 60), 8, 5000, 0.001, (0.0, 0.0, 45.0))  # and the other way round
@example((9, 9), 16, 4.0, 0.1, (-60.0, 0.0, 0.0))  # no part of it lies in the image
def test_every_image_and_pose_give_a_square_and_a_map(
    shape: tuple[int, int], size: int, field: float, um: float, at: tuple[float, float, float]
) -> None:
    framing = Framing(size=size, field_px=field, um_per_pixel=0.1, align="head")
    square = framing.square(np.full((*shape, 3), 77, np.uint8), um, pose(*at))
    assert square.shape == (size, size, 3)
    assert (square == 77).all()
    heat = framing.unsquare(np.ones((size, size), np.float32), shape, um, pose(*at))
    assert heat.shape == shape
    assert 0 <= heat.min() <= heat.max() <= 1


def test_a_field_too_wide_for_one_head_is_framed_as_it_is() -> None:
    framing, image = Framing(size=16, field_px=WIDEST_ALIGNED_PX + 1), noise(50, 60)
    assert np.array_equal(framing.square(image, pose=pose(20, 20, 50)), framing.square(image))
    heat = np.random.default_rng(1).random((16, 16), np.float32)
    posed = framing.unsquare(heat, (50, 60), pose=pose(20, 20, 50))
    assert np.array_equal(posed, framing.unsquare(heat, (50, 60)))


def test_a_framing_says_that_it_aligns() -> None:
    assert Framing(size=64, field_px=72).told == "64 px square, 72 source px across"
    assert Framing(size=64, field_px=72, align="head").told.endswith("across, heads upright")


def test_only_known_alignments_and_true_poses_are_taken() -> None:
    with pytest.raises(ValueError, match="align must be one of none, head, but is 'tail'"):
        Framing(size=64, field_px=64, align="tail")
    with pytest.raises(ValueError, match="direction of length 1"):
        Pose(x=0, y=0, ahead=(1, 1))
    with pytest.raises(ValueError, match="a place"):
        Pose(x=math.nan, y=0, ahead=(1, 0))
