"""The size of a pixel, from bars and beads whose size is known because they were drawn."""

from __future__ import annotations

import math

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from spermlens.errors import DataError, UsageError
from spermlens.locate.scale import scale_from_bar, scale_from_beads

FINE = 10  # drawn so many times too large, then made smaller: soft, true edges


def slide(width: int = 200, height: int = 120, level: int = 210) -> np.ndarray:
    return np.full((height, width), float(level))


def with_bar(
    plane: np.ndarray, left: float, right: float, top: float, bottom: float, level: int = 10
) -> np.ndarray:
    """A bar whose ends may lie between pixels: each pixel by how much of it is covered."""
    x, y = np.arange(plane.shape[1]), np.arange(plane.shape[0])
    along = np.clip(np.minimum(x + 1, right) - np.maximum(x, left), 0, 1)
    across = np.clip(np.minimum(y + 1, bottom) - np.maximum(y, top), 0, 1)
    cover = across[:, None] * along
    return plane * (1 - cover) + level * cover


def picture(plane: np.ndarray, noise: float = 0.0, seed: int = 0) -> np.ndarray:
    noisy = plane + np.random.default_rng(seed).normal(0, noise, plane.shape)
    return np.repeat(np.clip(np.rint(noisy), 0, 255).astype(np.uint8)[..., None], 3, 2)


def labelled(image: np.ndarray, text: str, place: tuple[int, int], colour: int) -> np.ndarray:
    page = Image.fromarray(image)
    ImageDraw.Draw(page).text(place, text, fill=(colour, colour, colour))
    return np.asarray(page)


@pytest.mark.parametrize("level", [10, 250])
@pytest.mark.parametrize("noise", [0.0, 8.0])
@pytest.mark.parametrize(("left", "right", "height"), [(40, 140, 4), (40.3, 139.6, 5.4), (60.5, 90.25, 3)])
def test_a_bar_is_measured_between_pixels(
    left: float, right: float, height: float, noise: float, level: int
) -> None:
    plane = with_bar(slide(level=120), left, right, 90.2, 90.2 + height, level)
    image = labelled(picture(plane, noise), "10 um", (75, 70), level)
    scale = scale_from_bar(image, 10.0)
    assert 10.0 / scale.um_per_pixel == pytest.approx(right - left, abs=0.3)
    assert scale.error == pytest.approx(scale.um_per_pixel / (right - left), rel=0.02)
    found_left, _, found_right, _ = scale.boxes[0]
    assert abs(found_left - left) < 1.5
    assert abs(found_right - right) < 1.5


def test_a_blurred_bar_is_as_long_as_a_sharp_one() -> None:
    image = picture(with_bar(slide(), 50, 130, 80, 88))
    soft = np.asarray(Image.fromarray(image).filter(ImageFilter.GaussianBlur(1.5)))
    assert 10 / scale_from_bar(soft, 10).um_per_pixel == pytest.approx(80, abs=0.3)


def test_heads_beside_the_bar_are_no_bars() -> None:
    plane = with_bar(slide(300, 200), 200, 280, 180, 184)
    y, x = np.mgrid[:200, :300]
    for middle in ((60, 60), (150, 100), (90, 150)):
        plane[((x - middle[0]) / 22) ** 2 + ((y - middle[1]) / 14) ** 2 < 1] = 60
    assert 10 / scale_from_bar(picture(plane, 4), 10).um_per_pixel == pytest.approx(80, abs=0.3)


def test_where_there_are_two_bars_a_box_says_which() -> None:
    plane = with_bar(with_bar(slide(), 20, 80, 30, 34), 100, 180, 90, 94)
    with pytest.raises(DataError, match=r"2 things that may be the scale bar in the image.*box around"):
        scale_from_bar(picture(plane), 10)
    scale = scale_from_bar(picture(plane), 10, (90, 80, 195, 110))
    assert 10 / scale.um_per_pixel == pytest.approx(80, abs=0.2)
    assert scale.boxes == ((100, 90, 180, 94),)


@pytest.mark.parametrize(
    "plane",
    [
        slide(),
        with_bar(slide(), 0, 80, 90, 94),  # cut by the border: its length is not known
        with_bar(slide(), 40, 50, 90, 93),  # too short
        with_bar(slide(), 40, 80, 60, 100),  # a square
    ],
    ids=["empty", "cut", "short", "square"],
)
def test_where_no_bar_is_none_is_found(plane: np.ndarray) -> None:
    with pytest.raises(DataError, match="No scale bar in the image"):
        scale_from_bar(picture(plane, 3), 10)


@pytest.mark.parametrize("size", [0, -1, float("nan"), float("inf")])
def test_a_size_that_cannot_be_is_refused(size: float) -> None:
    for scale_from, noun in ((scale_from_bar, "bar"), (scale_from_beads, "bead")):
        with pytest.raises(UsageError, match=f"{noun} must be a positive number"):
            scale_from(picture(slide()), size)


def test_a_box_outside_the_image_is_refused() -> None:
    with pytest.raises(UsageError, match="200 x 120 pixels, but is"):
        scale_from_bar(picture(slide()), 10, (0, 0, 300, 20))


def beads(*each: tuple[float, float, float], level: int = 60) -> np.ndarray:
    """Discs of x, y and diameter, drawn large and made smaller."""
    page = Image.new("L", (200 * FINE, 120 * FINE), 200)
    for x, y, wide in each:
        box = [(at + side * wide / 2) * FINE - (side > 0) for side in (-1, 1) for at in (x, y)]
        ImageDraw.Draw(page).ellipse(box, fill=level)
    return np.asarray(page.resize((200, 120), Image.Resampling.BOX)).astype(float)


@pytest.mark.parametrize("diameter", [14.3, 30.0, 61.7])
@pytest.mark.parametrize("level", [60, 250])
def test_a_bead_is_as_wide_as_it_was_drawn(diameter: float, level: int) -> None:
    image = picture(beads((90.3, 60.6, diameter), level=level), 5)
    scale = scale_from_beads(image, 6.0)
    assert 6.0 / scale.um_per_pixel == pytest.approx(diameter, abs=max(0.3, 0.01 * diameter))
    assert scale.error > 0


def test_several_beads_of_one_size_are_averaged_and_the_cut_one_is_left_out() -> None:
    scale = scale_from_beads(picture(beads((40, 40, 30), (120, 70, 30.4), (185.5, 60, 30)), 5), 3.0)
    assert len(scale.boxes) == 2
    assert 3.0 / scale.um_per_pixel == pytest.approx(30.2, abs=0.3)


def test_a_bead_with_a_bright_middle_is_one_disc() -> None:
    plane = beads((90, 60, 40))
    y, x = np.mgrid[:120, :200]
    plane[np.hypot(x - 90, y - 60) < 10] = 230
    assert 4.0 / scale_from_beads(picture(plane), 4.0).um_per_pixel == pytest.approx(40, abs=0.4)


def test_beads_that_differ_and_things_that_are_not_round_are_refused() -> None:
    with pytest.raises(DataError, match=r"Round things of 20 to 40 pixels in the image.*one bead"):
        scale_from_beads(picture(beads((40, 40, 20), (120, 60, 40))), 3.0)
    with pytest.raises(DataError, match="No bead in the image"):
        scale_from_beads(picture(with_bar(slide(), 40, 140, 50, 70)), 3.0)
    with pytest.raises(DataError, match=r"No bead in the box \(0, 0, 60, 60\)"):
        scale_from_beads(picture(slide(), 3), 3.0, (0, 0, 60, 60))
    box = (90, 30, 150, 90)
    scale = scale_from_beads(picture(beads((40, 40, 20), (120, 60, 40))), 3.0, box)
    assert scale.boxes[0] == pytest.approx((100, 40, 140, 80), abs=1)
    assert math.isfinite(scale.error)
