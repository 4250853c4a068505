"""Copies are found however they were turned or saved, and different heads are not called copies."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image as Pillow

from spermlens.audit.copies import NEAR, POSITIONS, Pair, contradicting, families, find_pairs, thumbnail
from spermlens.images import pixel_hash
from spermlens.types import Image

TURNS = (
    lambda x: x,
    lambda x: x[:, ::-1],
    lambda x: x[::-1],
    lambda x: x[::-1, ::-1],
    lambda x: x.transpose(1, 0, 2),
    lambda x: np.rot90(x, 1),
    lambda x: np.rot90(x, -1),
    lambda x: x[::-1, ::-1].transpose(1, 0, 2),
)


def pairs_of(images: list[Image]) -> list[Pair]:
    whole = [np.ascontiguousarray(image) for image in images]
    return find_pairs([pixel_hash(image) for image in whole], [thumbnail(image) for image in whole])


def as_jpeg(image: Image, quality: int) -> Image:
    stream = io.BytesIO()
    Pillow.fromarray(image).save(stream, "JPEG", quality=quality)
    return np.asarray(Pillow.open(stream).convert("RGB"))


def test_different_heads_are_no_copies(heads: list[Image]) -> None:
    assert pairs_of(heads) == []


def test_the_same_pixels_are_a_pair_with_the_first(heads: list[Image]) -> None:
    images = [heads[0], heads[1], heads[0], heads[2], heads[0]]
    found = pairs_of(images)
    assert [(pair.first, pair.second, pair.exact) for pair in found] == [(0, 2, True), (0, 4, True)]
    assert {pair.correlation for pair in found} == {1.0}


@pytest.mark.parametrize(("place", "turn"), list(enumerate(TURNS)), ids=POSITIONS)
def test_a_mirrored_or_turned_copy_is_found_and_named(heads: list[Image], place: int, turn: object) -> None:
    copy = as_jpeg(np.ascontiguousarray(turn(heads[7])), 90)  # type: ignore[operator]
    (pair,) = pairs_of([*heads, copy])
    assert (pair.first, pair.second, pair.exact) == (7, len(heads), False)
    assert NEAR <= pair.correlation <= 1
    # a copy turned clockwise must be turned back to lie on the first
    assert pair.position == POSITIONS[place]


def test_re_encoded_brighter_and_smaller_copies_are_found(heads: list[Image]) -> None:
    changed = [
        as_jpeg(heads[1], 70),
        (heads[2].astype(int) + 3).clip(0, 255).astype(np.uint8),
        np.asarray(Pillow.fromarray(heads[3]).resize((100, 100), Pillow.Resampling.BICUBIC)),
    ]
    found = pairs_of([*heads, *changed])
    n = len(heads)
    assert [(pair.first, pair.second) for pair in found] == [(1, n), (2, n + 1), (3, n + 2)]


def test_blank_images_are_not_near_each_other() -> None:
    rng = np.random.default_rng(0)
    flat = [np.full((50, 50, 3), level, np.uint8) for level in (90, 91, 200)]
    noisy = [(150 + rng.normal(0, 3, (50, 50, 3))).astype(np.uint8) for _ in range(3)]
    assert pairs_of(flat + noisy) == []
    assert pairs_of(flat[:1]) == []


def test_a_step_of_one_grey_level_is_no_picture() -> None:
    stepped = [np.full((64, 64, 3), level, np.uint8) for level in (90, 150)]
    for image in stepped:
        image[:, 32:] += 1
    assert pairs_of(stepped) == []
    for image in stepped:
        image[:, 32:] += 30
    assert len(pairs_of(stepped)) == 1


def test_pairs_are_found_among_many() -> None:
    rng = np.random.default_rng(0)
    small = rng.uniform(50, 200, (600, 64, 64)).astype(np.float32)
    small[590] = small[280] + 3
    small[599] = small[540][:, ::-1]
    found = find_pairs([str(n) for n in range(600)], list(small))
    assert [(pair.first, pair.second, pair.position) for pair in found] == [
        (280, 590, POSITIONS[0]),
        (540, 599, POSITIONS[1]),
    ]


def test_near_copies_of_identical_images_are_told_once(heads: list[Image]) -> None:
    found = pairs_of([heads[0], heads[0], as_jpeg(heads[0], 80)])
    assert [(pair.first, pair.second, pair.exact) for pair in found] == [(0, 1, True), (0, 2, False)]


def test_families_hang_together_by_pairs() -> None:
    found = families(6, [Pair(0, 2, True, 1, ""), Pair(2, 5, False, 0.9, "")])
    assert found[0] == found[2] == found[5]
    assert len({*found.tolist()}) == 4
    assert len({*families(3, []).tolist()}) == 3


def test_only_known_answers_contradict() -> None:
    assert contradicting([{"a": 0, "b": 1}, {"a": 1, "b": 1}]) == ("a",)
    assert contradicting([{"a": 0}, {"a": None}, {"b": 3}]) == ()


def test_the_hash_leaves_out_no_pair_that_correlates(heads: list[Image]) -> None:
    """Held against comparing everything with everything."""
    from spermlens.audit import copies

    rng = np.random.default_rng(3)
    images = [*heads, *(as_jpeg(TURNS[k % 8](heads[k]).copy(), 60) for k in range(0, 60, 4))]
    images += [(heads[k] + rng.normal(0, 6, heads[k].shape)).clip(0, 255).astype(np.uint8) for k in range(9)]
    fine, _ = copies._fine_detail(np.stack([thumbnail(image) for image in images]))
    flat = fine.reshape(len(fine), -1)
    best = np.max([flat @ move(fine).reshape(len(fine), -1).T for move in copies._POSITION], axis=0)
    expected = {(int(i), int(j)) for i, j in np.argwhere(np.triu(best >= NEAR, 1))}
    assert {(pair.first, pair.second) for pair in pairs_of(images)} == expected
    assert len(expected) >= 24
