"""One scale for all: the aspect ratio stays, mirrors commute, and maps come back where they belong."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from skimage.draw import ellipse
from skimage.measure import label, regionprops

from spermlens.framing import Framing, field_that_holds
from spermlens.types import Image

SHAPES = [(131, 131), (130, 131), (60, 151), (151, 60), (21, 20), (201, 200), (400, 90), (1500, 1100)]


def noise(height: int, width: int) -> Image:
    return np.random.default_rng(height * 1000 + width).integers(0, 256, (height, width, 3), dtype=np.uint8)


def head(height: int, width: int, half_length: float, half_width: float) -> Image:
    """A dark ellipse in the middle of a light field."""
    image = np.full((height, width, 3), 230, np.uint8)
    rows, columns = ellipse(
        (height - 1) / 2, (width - 1) / 2, half_length, half_width, shape=(height, width), rotation=0.4
    )
    image[rows, columns] = 40
    return image


def axes_of_head(square: Image) -> tuple[float, float]:
    """Length and width, in network pixels, of the dark part nearest to the middle."""
    parts = regionprops(label(square[..., 0] < 135))
    middle = (square.shape[0] - 1) / 2
    part = min(parts, key=lambda p: np.hypot(p.centroid[0] - middle, p.centroid[1] - middle))
    return part.axis_major_length, part.axis_minor_length


@pytest.mark.parametrize("shape", [(131, 131), (91, 180), (180, 91), (130, 97), (84, 87), (900, 700)])
@pytest.mark.parametrize(("size", "field"), [(224, 131.0), (225, 100.0), (160, 110.5)])
def test_a_head_keeps_its_proportions_and_has_the_promised_size(
    shape: tuple[int, int], size: int, field: float
) -> None:
    framing = Framing(size=size, field_px=field)
    length, width = axes_of_head(framing.square(head(*shape, 36, 20)))
    true_length, true_width = axes_of_head(head(301, 301, 36, 20))
    assert length / width == pytest.approx(true_length / true_width, rel=0.02)
    assert length == pytest.approx(true_length * framing.scale(), abs=1)


@pytest.mark.parametrize("shape", [*SHAPES, (2, 2), (3, 2), (2, 300)])
@pytest.mark.parametrize(("size", "field"), [(64, 131.0), (65, 131.0), (96, 20.0), (63, 200.0), (64, 2000.0)])
def test_framing_a_mirrored_image_mirrors_the_framed_one(
    shape: tuple[int, int], size: int, field: float
) -> None:
    # Exact to the pixel, also where image and square differ by an odd number; 1 grey level is rounding.
    framing, image = Framing(size=size, field_px=field), noise(*shape)
    square = framing.square(image).astype(int)
    assert square.shape == (size, size, 3)
    for mirror in (np.s_[:, ::-1], np.s_[::-1]):
        assert np.abs(framing.square(image[mirror].copy()) - square[mirror]).max() <= 1


def test_an_image_of_the_right_size_is_not_touched() -> None:
    image = noise(96, 96)
    assert np.array_equal(Framing(size=96, field_px=96).square(image), image)
    assert np.array_equal(
        Framing(size=96, field_px=96).square(noise(120, 130))[0, 0], noise(120, 130)[12, 17]
    )


def test_what_is_missing_is_filled_by_reflection() -> None:
    image = noise(40, 64)
    square = Framing(size=64, field_px=64).square(image)
    assert np.array_equal(square[12:52], image)
    assert np.array_equal(square[:12], image[1:13][::-1])
    assert np.array_equal(square[52:], image[-13:-1][::-1])


@pytest.mark.parametrize("shape", [(131, 131), (60, 151), (151, 60), (300, 210), (85, 84)])
@pytest.mark.parametrize("size", [224, 225, 96])
def test_a_dot_comes_back_to_its_pixel(shape: tuple[int, int], size: int) -> None:
    framing = Framing(size=size, field_px=131)
    for away_row, away_column in ((0, 0), (-20, 25), (25, -20)):
        row, column = shape[0] // 2 + away_row, shape[1] // 2 + away_column
        image = np.zeros((*shape, 3), np.uint8)
        image[row - 1 : row + 2, column - 1 : column + 2] = 255
        heat = framing.unsquare(framing.square(image)[..., 0] / np.float32(255), shape)
        rows, columns = np.indices(shape)
        bright = np.where(heat > heat.max() / 2, heat, 0)
        assert heat.shape == shape
        assert heat.dtype == np.float32
        assert abs((bright * rows).sum() / bright.sum() - row) < 0.5
        assert abs((bright * columns).sum() / bright.sum() - column) < 0.5


def test_a_map_covers_what_the_network_saw_and_nothing_else() -> None:
    full = np.ones((64, 64), np.float32)
    framing = Framing(size=64, field_px=100)
    assert framing.unsquare(full, (80, 90)).min() == 1
    beyond = framing.unsquare(full, (140, 90, 3))
    assert beyond[20:120].min() == 1
    assert beyond[:20].max() == beyond[120:].max() == 0
    # A field of view is not resized as a whole: this would need 13 GB.
    far = Framing(size=1024, field_px=20).unsquare(np.ones((1024, 1024), np.float32), (1200, 1000))
    assert far.sum() == 400


def test_a_map_of_a_mirrored_image_is_the_mirrored_map() -> None:
    heat = np.random.default_rng(0).random((65, 65), np.float32)
    for shape in ((80, 91), (200, 131), (31, 400)):
        framing = Framing(size=65, field_px=110)
        mirrored = framing.unsquare(heat[:, ::-1].copy(), shape)
        assert np.abs(mirrored - framing.unsquare(heat, shape)[:, ::-1]).max() < 1e-4


def test_a_cell_has_one_size_whatever_the_objective() -> None:
    framing = Framing(size=224, field_px=131, um_per_pixel=0.1)
    coarse = axes_of_head(framing.square(head(80, 80, 18, 10), um_per_pixel=0.2))
    fine = axes_of_head(framing.square(head(160, 160, 36, 20), um_per_pixel=0.1))
    assert coarse[0] == pytest.approx(fine[0], rel=0.04)
    assert framing.scale(0.2) == 2 * framing.scale(0.1) == 2 * framing.scale()
    assert Framing(size=224, field_px=131).scale(0.2) == framing.scale()


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 90), st.integers(1, 90), st.integers(8, 70), st.floats(0.5, 5000), st.floats(0.001, 99))
@example(1, 1, 70, 0.5, 63.0)  # one pixel would dwarf the square
@example(2, 90, 8, 5000, 0.001)
def test_every_image_gives_a_square_and_a_map(
    height: int, width: int, size: int, field: float, um: float
) -> None:
    framing = Framing(size=size, field_px=field, um_per_pixel=0.1)
    assert (
        framing.square(np.full((height, width, 3), 77, np.uint8), um).tolist() == [[[77] * 3] * size] * size
    )
    heat = framing.unsquare(np.ones((size, size), np.float32), (height, width), um)
    assert heat.shape == (height, width)
    assert 0 < heat.max() <= 1


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"size": 7}, "size must be 8 to 1024 pixels, but is 7"),
        ({"size": 1025}, "but is 1025"),
        ({"field_px": 0}, "field_px must be positive, but is 0"),
        ({"field_px": float("nan")}, "but is nan"),
        ({"um_per_pixel": 0}, "um_per_pixel must lie between 0 and 100, but is 0"),
        ({"um_per_pixel": -1.0}, "but is -1"),
    ],
)
def test_a_framing_that_makes_no_sense_is_refused(wrong: dict[str, float], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        Framing(**{"size": 224, "field_px": 131, **wrong})  # type: ignore[arg-type]


def test_the_field_holds_nineteen_of_twenty() -> None:
    assert field_that_holds([100] * 99 + [900]) == 100
    assert field_that_holds(range(101)) == 95


def test_reading_and_framing_need_no_torch() -> None:
    asked = (
        "import sys, spermlens.images, spermlens.framing, spermlens.types, spermlens.catalog, spermlens.files"
    )
    found = subprocess.run(
        [
            sys.executable,
            "-c",
            f"{asked}; print([n for n in ('torch', 'timm', 'tifffile') if n in sys.modules])",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout == "[]\n"
