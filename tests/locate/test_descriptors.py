"""A description does not change when the head is shifted, turned, mirrored or enlarged."""

from __future__ import annotations

import numpy as np
import pytest
from known_shapes import blank, drawn, ellipse, head_only
from skimage.measure import moments_central, moments_hu, moments_normalized
from skimage.transform import AffineTransform, warp

from spermlens.locate.contour import HEAD_WAVE_PX, lines_around
from spermlens.locate.descriptors import NAMES, WAVES, describe, log_hu, outline_waves
from spermlens.locate.shape import Pixels

SHAPES = ("normal", "tapered", "pyriform", "amorphous")


def vector(mask: np.ndarray) -> np.ndarray:
    values = describe(head_only(mask), blank(mask))
    assert tuple(values) == NAMES
    return np.array(list(values.values()))


@pytest.mark.parametrize("shape", SHAPES)
def test_turned_by_quarters_mirrored_or_shifted_it_is_the_same(shape: str) -> None:
    mask = drawn(3, shape)[0].masks["head"]
    whole = vector(mask)
    for other in (np.rot90(mask), np.rot90(mask, 2), np.fliplr(mask), mask.T, np.roll(mask, (7, -5), (0, 1))):
        assert vector(np.ascontiguousarray(other)) == pytest.approx(whole, rel=2e-3, abs=2e-3)


@pytest.mark.parametrize("turn", [0.4, 1.0])
@pytest.mark.parametrize("factor", [1.0, 1.7])
def test_turned_and_enlarged_by_any_amount_it_is_nearly_the_same(turn: float, factor: float) -> None:
    for shape in SHAPES:
        mask = drawn(5, shape)[0].masks["head"]
        middle = np.array(mask.shape) / 2
        move = (
            AffineTransform(translation=-middle)
            + AffineTransform(scale=factor, rotation=turn)
            + AffineTransform(translation=(120, 120))
        )
        moved = warp(mask.astype(float), move.inverse, output_shape=(240, 240), order=1) > 0.5
        one, two = (dict(zip(NAMES, vector(m), strict=True)) for m in (mask, moved))
        for name in NAMES:
            near = 0.6 if name.startswith("log_hu") and one[name] < -6 else 0.12  # nearly nil: all pixels
            assert two[name] == pytest.approx(one[name], rel=0.05, abs=near), (shape, name)


def test_shapes_are_further_apart_than_a_shape_from_itself_turned() -> None:
    normal, pear = (drawn(5, shape)[0].masks["head"] for shape in ("normal", "pyriform"))
    wave = NAMES.index("wave_minus_2"), NAMES.index("wave_plus_3")
    apart = np.abs(vector(normal) - vector(pear))[list(wave)]
    assert apart.max() > 0.03
    assert np.abs(vector(pear) - vector(np.rot90(pear)))[list(wave)].max() < 0.002


def test_hu_moments_are_those_of_scikit_image() -> None:
    for shape in SHAPES:
        mask = drawn(1, shape)[0].masks["head"]
        theirs = moments_hu(moments_normalized(moments_central(mask.astype(float))))
        big = np.abs(theirs) > 1e-11
        assert np.array(log_hu(Pixels.of(mask)))[big] == pytest.approx(
            np.log10(np.abs(theirs[big])), abs=1e-6
        )


def test_waves_of_an_ellipse_are_those_of_its_formula() -> None:
    turn = np.linspace(0, 2 * np.pi, 20001)
    exact = 30 * np.cos(turn) + 20j * np.sin(turn)
    along = np.concatenate([[0], np.cumsum(np.abs(np.diff(exact)))])
    truth = outline_waves(np.interp(np.arange(256) / 256 * along[-1], along, exact))
    (line,) = lines_around(ellipse(60, 40, 0.7).mask, HEAD_WAVE_PX)
    assert outline_waves(line) == pytest.approx(truth, abs=0.01)
    assert truth[WAVES.index(-1)] > 0.1
    assert all(truth[number] < 1e-3 for number, wave in enumerate(WAVES) if wave % 2 == 0)


def odd_masks() -> dict[str, np.ndarray]:
    def made(*pixels: tuple[int, int]) -> np.ndarray:
        mask = np.zeros((9, 11), bool)
        for place in pixels:
            mask[place] = True
        return mask

    ring = ellipse(9, 9, 0.0).mask & ~ellipse(4, 4, 0.0).mask[:21, :21].repeat(2, 0)[:21].repeat(2, 1)[:, :21]
    return {
        "none": made(),
        "one": made((4, 4)),
        "two": made((4, 4), (4, 5)),
        "diagonal": made((3, 3), (4, 4), (5, 5)),
        "row": made(*((4, column) for column in range(11))),
        "apart": made((0, 0), (8, 10), (4, 4), (4, 5)),
        "square": made((3, 3), (3, 4), (4, 3), (4, 4)),
        "all": np.ones((5, 7), bool),
        "noise": np.random.default_rng(0).random((40, 40)) > 0.6,
        "ring": ring,
    }


@pytest.mark.parametrize("name", odd_masks())
def test_every_mask_has_a_finite_description(name: str) -> None:
    from spermlens.locate.measure import measure
    from spermlens.types import Outline

    mask = odd_masks()[name]
    outline = Outline(masks={"head": mask, "tail": mask}, reliability=0.1, reason="odd")
    values = list(describe(outline, blank(mask)).values())
    assert len(values) == len(NAMES)
    assert np.isfinite(values).all()
    measure(outline, blank(mask))  # the noun refuses what is not finite
