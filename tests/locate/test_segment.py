"""Outlines of drawn cells, whose parts are known, and laws that hold for every image."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from spermlens.datasets.synthetic import draw
from spermlens.locate.segment import outline
from spermlens.types import PARTS, Image, Mask, Outline

SIDE = 128


def dice(one: Mask, other: Mask) -> float:
    return 2 * float((one & other).sum()) / max(1, int(one.sum() + other.sum()))


def overlap(one: Mask, other: Mask) -> float:
    return float((one & other).sum()) / max(1, int((one | other).sum()))


def cells(count: int, kind: str = "heads", **look: Any) -> list[tuple[Image, Mapping[str, Mask]]]:
    labels = {"cell": "normal"} if kind == "cells" else None
    drawn = (draw(index, seed=23, kind=kind, labels=labels, look=look or None) for index in range(count))
    return [(cell.image, cell.masks) for cell in drawn]


def blob(
    middles: tuple[tuple[float, float], ...] = ((63.5, 63.5),),
    *,
    half: tuple[float, float] = (20.0, 13.0),
    slide: float = 220.0,
    stain: tuple[float, float, float] = (0.5, 0.4, 0.2),
) -> tuple[Image, list[Mask]]:
    """Evenly stained ellipses on an empty slide with a soft edge, and their masks."""
    y, x = np.mgrid[:SIDE, :SIDE]
    depths = [1 - np.hypot((y - row) / half[0], (x - column) / half[1]) for row, column in middles]
    part = np.clip(np.max(depths, axis=0) * min(half) + 0.5, 0, 1)[..., None]
    grain = np.random.default_rng(3).normal(0, 1.5, (SIDE, SIDE, 3))
    light = slide * np.array([1.0, 0.95, 0.87]) * (1 - part * np.array(stain)) + grain
    return np.clip(light, 0, 255).astype(np.uint8), [depth > 0 for depth in depths]


def ring(half: tuple[float, float] = (20.0, 14.0), turn: float = 0.5) -> tuple[Image, Mask]:
    """A cell without stain: a grey body with a darker rim and a halo around it, on a grey slide."""
    y, x = np.mgrid[:SIDE, :SIDE] - 63.5
    along, across = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    away = (np.hypot(along / half[0], across / half[1]) - 1) * min(half)
    light = (
        130 - 20 * np.exp(-((away + 4) ** 2) / 18) + 12 * np.exp(-((away - 4) ** 2) / 18) - 20 * (away < 0)
    )
    grain = np.random.default_rng(4).normal(0, 1.0, (SIDE, SIDE))
    return np.repeat(np.clip(light + grain, 0, 255).astype(np.uint8)[..., None], 3, axis=2), away < 0


LOOKS: dict[str, dict[str, Any]] = {
    "as drawn": {},
    "blurred": {"blur_px": (2.2, 2.6)},
    "noisy": {"read_noise": (7.0, 9.0)},
    "pale": {"stain": (0.55, 0.7)},
    "unevenly lit": {"lighting": (0.3, 0.4)},
}


@pytest.mark.parametrize("look", LOOKS)
def test_a_drawn_head_is_found_under_every_look(look: str) -> None:
    found = [dice(outline(image).head, masks["head"]) for image, masks in cells(8, **LOOKS[look])]
    assert np.median(found) > 0.95, found
    assert np.mean(found) > 0.9, found


@pytest.mark.parametrize(
    ("part", "least"), [("head", 0.96), ("acrosome", 0.85), ("midpiece", 0.6), ("tail", 0.3)]
)
def test_every_part_of_a_normal_cell_is_found(part: str, least: float) -> None:
    found = [
        dice(outline(image).masks.get(part, np.zeros_like(masks[part])), masks[part])
        for image, masks in cells(6, "cells")
    ]
    assert np.mean(found) > least, found


def test_a_ring_without_stain_is_outlined() -> None:
    for turn in (0.0, 0.5, 1.2):
        image, truth = ring(turn=turn)
        seen = outline(image)
        assert dice(seen.head, truth) > 0.9
        assert seen.reliable, seen.reason
        assert "acrosome" not in seen.masks


def test_a_ring_off_the_middle_is_outlined() -> None:
    image, truth = ring()
    moved, there = (np.roll(shape, (9, -10), axis=(0, 1)) for shape in (image, truth))
    assert dice(outline(moved).head, there) > 0.9


def test_light_that_falls_to_one_side_does_not_matter() -> None:
    for axis in (0, 1):
        fall = np.expand_dims(np.linspace(1.0, 0.55, SIDE), (1 - axis, 2))
        image, (truth,) = blob(stain=(0.3, 0.25, 0.15))
        seen = outline((image * fall).astype(np.uint8))
        assert dice(seen.head, truth) > 0.95
        assert set(seen.masks) == {"head", "vacuole"}


def test_of_two_threads_the_one_opposite_to_the_acrosome_is_the_tail() -> None:
    image, (head,) = blob(half=(13.0, 20.0))
    threads = np.zeros((SIDE, SIDE), bool)
    threads[62:66, 10:118] = True
    for tip, back in ((np.s_[:, :58], np.s_[:, 64:]), (np.s_[:, 70:], np.s_[:, :64])):
        light = image.astype(float)
        light[threads & ~head] *= (0.8, 0.85, 0.95)
        pale = np.zeros_like(head)
        pale[tip] = head[tip]
        light[pale] = light[pale] * 0.45 + np.array([220, 209, 191]) * 0.55
        seen = outline(light.astype(np.uint8)).masks
        assert dice(seen["acrosome"], pale) > 0.8
        behind = np.zeros_like(head)
        behind[back] = True
        assert seen["midpiece"].sum() > 30
        assert not (seen["midpiece"] & ~behind).any()


def pictures() -> dict[str, Image]:
    return {
        "stained": cells(3)[2][0],
        "cell": cells(1, "cells")[0][0],
        "blob": blob()[0],
        "ring": ring()[0],
    }


@pytest.mark.parametrize(
    ("name", "least"), [("stained", 0.97), ("cell", 0.97), ("blob", 0.97), ("ring", 0.92)]
)
def test_a_turned_or_mirrored_image_has_a_turned_or_mirrored_outline(name: str, least: float) -> None:
    """Rings less exactly: the points of an ellipse are rounded to whole pixels, where it is looked for."""
    image = pictures()[name]
    seen = outline(image).head
    assert seen.any()
    assert overlap(outline(np.ascontiguousarray(np.rot90(image))).head, np.rot90(seen)) >= least
    assert overlap(outline(np.ascontiguousarray(image[:, ::-1])).head, seen[:, ::-1]) >= least


@pytest.mark.parametrize("slide", [110.0, 160.0, 240.0])
def test_the_brightness_of_the_slide_does_not_matter(slide: float) -> None:
    usual, (truth,) = blob()
    seen = outline(blob(slide=slide)[0])
    assert dice(seen.head, truth) > 0.95
    assert overlap(seen.head, outline(usual).head) > 0.95
    assert seen.reliable, seen.reason


def test_the_colour_of_the_stain_does_not_matter() -> None:
    for stain in ((0.5, 0.4, 0.2), (0.1, 0.5, 0.3), (0.5, 0.1, 0.1)):
        image, (truth,) = blob(stain=stain)
        assert dice(outline(image).head, truth) > 0.95


def test_a_tinted_slide_does_not_matter() -> None:
    image, (truth,) = blob()
    tinted = (image * np.array([0.9, 1.0, 0.7])).astype(np.uint8)
    assert dice(outline(tinted).head, truth) > 0.95


def test_a_head_at_the_border_is_not_relied_on() -> None:
    image, _ = blob(((63.5, 63.5),))
    cut = outline(np.ascontiguousarray(image[55:, 30:98]))
    assert not cut.reliable
    assert cut.reason == "The head is cut by the border."


def test_of_two_touching_heads_the_one_in_the_middle_is_chosen() -> None:
    image, (near, far) = blob(((63.5, 60.0), (63.5, 84.0)))
    seen = outline(image).head
    assert dice(seen, near) > 0.9
    assert (seen & far & ~near).sum() < 0.1 * far.sum()


def test_a_speck_is_no_head_to_rely_on() -> None:
    seen = outline(blob(half=(4.5, 4.5))[0])
    assert not seen.reliable
    assert seen.reason == "It is too small for a head."


@pytest.mark.parametrize("level", [0, 1, 128, 254, 255])
def test_an_even_image_has_no_head_to_rely_on(level: int) -> None:
    seen = outline(np.full((SIDE, SIDE, 3), level, np.uint8))
    assert not seen.reliable
    assert seen.reason


def test_a_tiny_image_has_no_head_and_says_why() -> None:
    seen = outline(np.zeros((23, 300, 3), np.uint8))
    assert not seen.head.any()
    assert seen.reliability == 0
    assert "24" in seen.reason


def test_noise_is_not_relied_on() -> None:
    for seed in range(4):
        grain = np.random.default_rng(seed).normal(200, 4, (SIDE, SIDE, 3))
        assert not outline(grain.astype(np.uint8)).reliable


def odd_images() -> list[Image]:
    chance = np.random.default_rng(17)
    shapes = [(1, 1), (1, 40), (24, 24), (24, 300), (300, 24), (25, 61), (90, 64), (131, 130)]
    made = []
    for height, width in shapes:
        grain = chance.integers(0, 256, (height, width, 3), dtype=np.uint8)
        grey = np.repeat(chance.integers(0, 256, (height, width, 1), dtype=np.uint8), 3, axis=2)
        blocks = np.repeat(np.repeat(grain[::9, ::9], 9, axis=0), 9, axis=1)[:height, :width]
        made += [grain, grey, grain // 32 + 100, blocks, np.where(grain > 128, 255, 0).astype(np.uint8)]
        made += [np.zeros_like(grain), np.full_like(grain, 255)]
    return made


@pytest.mark.parametrize("image", odd_images(), ids=lambda image: "x".join(map(str, image.shape[:2])))
def test_no_image_is_too_odd(image: Image) -> None:
    seen = outline(image)
    assert isinstance(seen, Outline)
    assert set(seen.masks) <= set(PARTS)
    assert seen.head.shape == image.shape[:2]
    assert np.isfinite(seen.reliability)
    for part in ("midpiece", "tail"):
        assert part not in seen.masks or not (seen.masks[part] & seen.head).any()
