"""The pose of a head is where it was drawn, goes with its image, and is None where it is not sure."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image as Pillow

from spermlens.datasets.synthetic import draw
from spermlens.framing import Framing
from spermlens.locate.pose import pose_for, pose_in
from spermlens.locate.segment import outline
from spermlens.types import PARTS, Image, Outline, Pose

FRAMING = Framing(size=96, field_px=72, align="head")


def cells() -> list[tuple[Image, Outline]]:
    """Drawn cells with head, midpiece and tail, and the outlines they were drawn with."""
    drawn = (draw(index, seed=5, kind="cells", labels={"cell": "normal"}) for index in range(6))
    found = []
    for cell in drawn:
        masks = {part: mask for part, mask in cell.masks.items() if part in PARTS}
        found.append((cell.image, Outline(masks=masks, reliability=1.0)))
    return found


def posed(image: Image) -> Pose:
    found = pose_for(FRAMING, image)
    assert found is not None
    return found


def apart(one: Pose, other: Pose) -> tuple[float, float]:
    """Pixels between the middles, and degrees between the ways ahead."""
    cosine = one.ahead[0] * other.ahead[0] + one.ahead[1] * other.ahead[1]
    return math.hypot(one.x - other.x, one.y - other.y), math.degrees(math.acos(min(1.0, cosine)))


def difference(one: Image, other: Image) -> float:
    """Mean grey levels between two squares."""
    return float(np.abs(one.astype(float) - other).mean())


@pytest.mark.parametrize("number", range(6))
def test_the_pose_is_the_one_drawn(number: int) -> None:
    image, truth = cells()[number]
    drawn = pose_in(truth)
    assert drawn is not None
    away, turned = apart(posed(image), drawn)
    assert away < 2
    assert turned < 8  # degrees: an outline of a head so small is not truer


@pytest.mark.parametrize("number", range(3))
def test_a_turned_image_gives_the_same_square(number: int) -> None:
    image, _ = cells()[number]
    square = FRAMING.square(image, pose=posed(image))
    for quarters in (1, 2, 3):
        turned = np.rot90(image, quarters).copy()
        assert difference(FRAMING.square(turned, pose=posed(turned)), square) < 2
    other = np.asarray(Pillow.fromarray(image).rotate(37, Pillow.Resampling.BICUBIC, fillcolor=_slide(image)))
    again = FRAMING.square(other, pose=posed(other))
    inside = np.s_[16:80, 16:80]  # the corners of the turned image are empty
    assert difference(again[inside], square[inside]) < 6
    unaligned = replace(FRAMING, align="none")
    assert difference(unaligned.square(other)[inside], unaligned.square(image)[inside]) > 9


@pytest.mark.parametrize("number", range(3))
def test_a_mirrored_image_gives_the_mirrored_square(number: int) -> None:
    image, _ = cells()[number]
    mirrored = image[:, ::-1].copy()
    square = FRAMING.square(image, pose=posed(image))
    assert difference(FRAMING.square(mirrored, pose=posed(mirrored)), square[:, ::-1]) < 2


def test_the_front_is_up_and_the_tail_below() -> None:
    for image, truth in cells():
        at = posed(image)
        square = FRAMING.square(np.repeat(truth.masks["midpiece"][..., None] * np.uint8(255), 3, 2), pose=at)
        rows = np.nonzero(square[..., 0] > 127)[0]
        assert rows.size
        assert rows.min() > 48


def test_there_is_no_pose_where_nothing_is_aligned_or_nothing_is_sure() -> None:
    image, truth = cells()[0]
    assert pose_for(replace(FRAMING, align="none"), image) is None
    assert pose_for(FRAMING, np.full((80, 80, 3), 200, np.uint8)) is None
    assert pose_for(FRAMING, np.full((40, 3000, 3), 200, np.uint8)) is None  # a field of view
    assert pose_in(Outline(masks=truth.masks, reliability=0.3, reason="It is not closed.")) is None
    cut = int(np.nonzero(truth.head)[0].mean())
    assert pose_in(Outline(masks={"head": truth.head[cut:]}, reliability=1.0)) is None
    assert pose_in(outline(image)) == pose_for(FRAMING, image)


def _slide(image: Image) -> tuple[int, ...]:
    return tuple(int(level) for level in np.median(image.reshape(-1, 3), axis=0))
