"""A cell taken again is found by what lies around it, and another cell on the same stain is not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from spermlens.audit.copies import NEAR, Pair, find_pairs, thumbnail
from spermlens.audit.findings import examine
from spermlens.audit.twins import (
    AROUND,
    BESIDE,
    ELSEWHERE,
    FINE,
    HEAD,
    SIDE,
    WHOLE,
    Likeness,
    _detail,
    find_twins,
    likenesses,
    middle,
)
from spermlens.datasets import open_data
from spermlens.types import Image

Field = NDArray[np.float64]


def field_of(seed: int, faint: float = 1) -> Field:
    """240 x 240 of a light slide: a head in the middle, alike in all; specks and a thread around, its own.

    faint: how dark these are, beside what is usual.
    """
    rng = np.random.default_rng(seed)
    down, across = np.mgrid[:240, :240] - 120.0
    field = 210 + 6 * gaussian_filter(rng.normal(size=(240, 240)), 3) * 3
    field -= 110 * ((across / 26) ** 2 + (down / 15) ** 2 < 1)
    for y, x, size in zip(*rng.uniform(-75, 75, (2, 14)), rng.uniform(3, 9, 14), strict=True):
        if y**2 + x**2 > 48**2:
            field -= faint * 80 * ((down - y) ** 2 + (across - x) ** 2 < size**2)
    bent = across * rng.uniform(-1, 1) + rng.uniform(50, 70) * rng.choice([-1, 1])
    return np.asarray(field - faint * 50 * (np.abs(down - bent) < 2.5))


def taken(field: Field, *, down: int = 0, across: int = 0, blur: float = 0.8, seed: int = 0) -> Image:
    """160 x 160 of the field in colour, with the camera's noise."""
    out = gaussian_filter(field, blur)[40 + down : 200 + down, 40 + across : 200 + across, None]
    out = out * [0.95, 0.85, 1.0] + np.random.default_rng(seed).normal(0, 2, (160, 160, 3))
    return out.clip(0, 255).astype(np.uint8)


def again(image: Image) -> Image:
    """In another light and white balance."""
    return (image * [0.8, 0.95, 0.7] + 25).clip(0, 255).astype(np.uint8)


def twins_of(images: list[Image], known: tuple[Pair, ...] = ()) -> list[tuple[int, int]]:
    found = find_twins([str(n) for n in range(len(images))], [middle(image) for image in images], known)
    assert {(pair.exact, pair.position) for pair in found} <= {(False, BESIDE)}
    return [(pair.first, pair.second) for pair in found]


@pytest.fixture(scope="module")
def scenes() -> list[Field]:
    return [field_of(seed) for seed in range(12)]


def test_a_cell_taken_again_is_found_among_others(scenes: list[Field]) -> None:
    others = [taken(scene, seed=n) for n, scene in enumerate(scenes)]
    shifted = again(taken(scenes[3], down=7, across=-9, blur=2.2, seed=77))
    images = [*others, shifted]
    assert twins_of(images) == [(3, 12)]
    near = find_pairs([str(n) for n in range(13)], [thumbnail(image) for image in images])
    assert (3, 12) not in {(pair.first, pair.second) for pair in near}, NEAR


def test_cells_of_one_shape_on_one_stain_are_no_twins(scenes: list[Field]) -> None:
    images = [taken(scene, seed=n) for n, scene in enumerate(scenes)]
    found = list(likenesses([middle(image) for image in images]))
    assert twins_of(images) == []
    assert all(one.around < 0.6 for one in found)


def test_a_tail_that_runs_the_same_way_is_not_enough() -> None:
    """It correlates, with the head over the head, but best where it is moved along itself."""
    down, across = np.mgrid[:240, :240] - 120.0
    tail = 60 * ((np.abs(down) < 4) & (across > 0)) * (across**2 + down**2 > 8**2)
    images = [taken(field_of(seed, faint=0.15) - tail, seed=seed) for seed in (1, 2)]
    (one,) = likenesses([middle(image) for image in images])
    assert one.whole >= WHOLE
    assert not one.agrees
    assert twins_of(images) == []


def on_a_clean_slide(long: float, specks: int = 0) -> Field:
    """240 x 240 with nothing but a head so long, a bent tail, alike in all, and as many small specks."""
    down, across = np.mgrid[:240, :240] - 120.0
    field = 210 - 110.0 * ((across / long) ** 2 + (down / 15) ** 2 < 1)
    field -= 60 * ((np.abs(down + across**2 / 150) < 4) & (across < -20))
    for y, x in [(44, -20), (-30, 55), (50, 30)][:specks]:
        field -= 60 * ((down - y) ** 2 + (across - x) ** 2 < 3**2)
    return field


def test_tails_alike_on_a_clean_slide_are_no_twins() -> None:
    """They bend in one place, so all agrees, and there is nothing else that could tell the cells apart."""
    images = [taken(on_a_clean_slide(long), seed=seed) for seed, long in enumerate((22, 26))]
    (one,) = likenesses([middle(image) for image in images])
    assert one.agrees
    assert one.around > AROUND
    assert one.whole > WHOLE
    assert one.elsewhere < ELSEWHERE / 2
    assert twins_of(images) == []


def test_a_few_specks_on_a_clean_slide_tell_a_cell_taken_again() -> None:
    first, second = on_a_clean_slide(22), on_a_clean_slide(22, specks=3)
    assert twins_of([taken(first), taken(second, seed=1)]) == []
    assert twins_of([taken(second), again(taken(second, down=3, across=-5, seed=1))]) == [(0, 1)]


def test_elsewhere_is_the_lowest_correlation_without_a_sixth_of_the_directions(scenes: list[Field]) -> None:
    images = [middle(taken(scenes[3], blur=blur, seed=seed)) for seed, blur in enumerate((0.8, 2.5))]
    (one,) = likenesses(images)
    down, across = np.mgrid[:SIDE, :SIDE] - SIDE / 2 + 0.5
    turn = np.degrees(np.arctan2(down, across)) % 360
    first, second = (_detail(image, FINE, ring=True)[0] for image in images)
    parts = [(down**2 + across**2 > HEAD**2) & ((turn - start) % 360 >= 60) for start in range(0, 360, 15)]
    expected = min(np.corrcoef(first[part], second[part])[0, 1] for part in parts)
    assert one.elsewhere == pytest.approx(expected, abs=1e-4)
    assert one.elsewhere < one.around


@pytest.mark.parametrize(
    ("around", "whole", "apart", "elsewhere", "kept"),
    [
        (0.71, 0.81, 2, 0.46, True),
        (0.69, 0.9, 0, 0.9, False),
        (0.9, 0.79, 0, 0.9, False),
        (0.9, 0.9, 3, 0.9, False),
        (0.9, 0.9, 0, 0.44, False),
    ],
)
def test_surroundings_whole_and_shift_must_all_agree(
    monkeypatch: pytest.MonkeyPatch, around: float, whole: float, apart: int, elsewhere: float, kept: bool
) -> None:
    found = [Likeness(0, 1, around, whole, apart, elsewhere)]
    monkeypatch.setattr("spermlens.audit.twins.likenesses", lambda _middles: found)
    assert bool(find_twins(["a", "b"], [np.zeros((80, 80), np.float32)] * 2, [])) is kept


def test_equal_surroundings_of_another_head_are_no_twins(scenes: list[Field]) -> None:
    """Such as the edge of the field of view."""
    down, across = np.mgrid[:240, :240] - 120.0
    other = scenes[0] + 110 * ((across / 26) ** 2 + (down / 15) ** 2 < 1)
    other -= 110 * ((across / 15) ** 2 + ((down - 3) / 34) ** 2 < 1)
    images = [taken(scenes[0]), taken(other, seed=1)]
    (one,) = likenesses([middle(image) for image in images])
    assert one.around > 0.9 > one.whole
    assert twins_of(images) == []


def test_what_is_known_and_what_is_identical_is_not_told_again(scenes: list[Field]) -> None:
    one, other = taken(scenes[1]), again(taken(scenes[1], across=4, blur=1.5, seed=5))
    assert twins_of([one, other], (Pair(0, 1, False, 0.9, ""),)) == []
    middles = [middle(image) for image in (one, one, other)]
    found = find_twins(["a", "a", "b"], middles, [Pair(0, 1, True, 1.0, "")])
    assert [(pair.first, pair.second) for pair in found] == [(0, 2)]


def test_noise_and_blank_images_are_no_twins() -> None:
    rng = np.random.default_rng(0)
    noisy = [(150 + rng.normal(0, 3, (150, 150, 3))).astype(np.uint8) for _ in range(4)]
    blank = [np.full((150, 150, 3), level, np.uint8) for level in (90, 91)]
    assert twins_of([*noisy, *blank]) == []
    assert twins_of(noisy[:1]) == []


def test_a_crop_that_shows_no_surroundings_has_no_twins(scenes: list[Field]) -> None:
    tight = taken(scenes[2])[45:115, 45:115]
    assert twins_of([tight, again(tight)]) == []


@pytest.mark.parametrize(
    ("side", "kept"), [(100, 50), (160, SIDE), (319, SIDE), (320, SIDE), (1290, SIDE), (64, 32)]
)
def test_the_middle_of_any_size_is_kept_small(side: int, kept: int) -> None:
    image = np.zeros((side, side + 40, 3), np.uint8)
    found = middle(image)
    assert found.shape == (kept, min(SIDE, (side + 40) // 2))


def test_an_audit_tells_of_them(scenes: list[Field], save: Callable[..., Path], tmp_path: Path) -> None:
    for number, scene in enumerate(scenes):
        save(taken(scene, seed=number), f"{'odd' if number % 2 else 'even'}/{number:02d}.png")
    save(again(taken(scenes[4], down=-6, blur=2, seed=50)), "odd/99.png")
    found = examine(open_data(str(tmp_path / "cells")))
    ((first, second, position),) = [(pair.first, pair.second, pair.position) for pair in found.pairs]
    assert [found.good[place].entry.id for place in (first, second)] == ["even/04.png", "odd/99.png"]
    assert position == BESIDE
    assert found.counts["near_pairs_in_conflict"] == 1
