"""Laws of the overlay: nothing moves, nothing is hidden, hotter is lighter."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from PIL import Image as Pillow

from spermlens.report.overlay import colour_bar, enlarge, greyed, legible, mapped, overlay, png_bytes, ramp

RNG = np.random.default_rng(0)
IMAGE = RNG.integers(0, 256, (30, 44, 3), np.uint8)
SMOOTH = enlarge(RNG.random((4, 5)), (30, 44))
LUMINANCE = np.array([0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("axis", [0, 1])
def test_a_mirrored_image_and_map_give_the_mirrored_overlay(axis):
    against = enlarge(RNG.random((3, 3)), (30, 44))
    mirrored = overlay(np.flip(IMAGE, axis), np.flip(SMOOTH, axis), against=np.flip(against, axis))
    assert (mirrored == np.flip(overlay(IMAGE, SMOOTH, against=against), axis)).all()


def test_no_heat_leaves_the_grey_cell():
    seen = overlay(IMAGE, np.zeros((30, 44), np.float32), against=np.zeros((30, 44), np.float32))
    assert (seen == np.rint(greyed(IMAGE))).all()
    assert (seen[..., 0] == seen[..., 2]).all()


def test_the_cell_stays_visible_under_the_strongest_heat():
    halves = np.zeros((8, 8, 3), np.uint8)
    halves[:, 4:] = 255
    seen = overlay(halves, np.ones((8, 8), np.float32)) @ LUMINANCE
    assert seen[:, 4:].min() - seen[:, :4].max() > 40


@pytest.mark.parametrize("against", [False, True])
def test_the_ramp_rises_in_lightness(against):
    light = ramp(np.linspace(0, 1, 256, dtype=np.float32), against=against) @ LUMINANCE
    assert (np.diff(light) > 0).all()


@pytest.mark.parametrize("cell", [0, 60, 120])
def test_on_a_cell_more_heat_is_lighter_in_grey(cell):
    heat = np.linspace(0, 1, 200, dtype=np.float32)[None].repeat(3, 0)
    seen = overlay(np.full((3, 200, 3), cell, np.uint8), heat) @ LUMINANCE
    line = 100  # where the line of half the heat runs
    assert (np.diff(np.delete(seen[1], [line - 1, line, line + 1])) > -1).all()
    assert seen[1, -1] > seen[1, 0] + 60


def test_the_line_runs_at_half_of_the_heat():
    heat = np.linspace(0, 1, 201, dtype=np.float32)[None].repeat(3, 0)
    seen = overlay(np.zeros((3, 201, 3), np.uint8), heat)[1].astype(int).sum(1)
    assert np.diff(seen).argmax() + 1 == 100


def test_without_colour_the_line_around_what_speaks_against_is_broken():
    square = np.zeros((60, 60), np.float32)
    square[15:45, 15:45] = 1
    image, nothing = np.full((60, 60, 3), 120, np.uint8), np.zeros_like(square)
    whole = overlay(image, square)[15, 16:44] @ LUMINANCE
    broken = overlay(image, nothing, against=square)[15, 16:44] @ LUMINANCE
    assert np.ptp(whole) < 1
    assert np.ptp(broken) > 60
    assert (np.diff(broken > broken.mean()) != 0).sum() >= 4


@pytest.mark.parametrize("grey", [30, 128, 255])
def test_the_line_is_seen_on_dark_and_on_light_cells(grey):
    half = np.zeros((40, 40), np.float32)
    half[:, 20:] = 0.6
    row = overlay(np.full((40, 40, 3), grey, np.uint8), half)[20] @ LUMINANCE
    assert row[20] - row[19] > 140  # the line beside its rim
    assert row[20] - row[30] > 60  # and against the map itself


def test_a_drawn_map_has_the_size_of_a_page_and_stays_sharp():
    assert mapped(IMAGE, SMOOTH).shape == legible(IMAGE).shape
    against = mapped(IMAGE, SMOOTH, against=SMOOTH[::-1])
    assert (against[::-1] != mapped(IMAGE[::-1], SMOOTH[::-1], against=SMOOTH)).mean() < 0.01


def test_more_opacity_is_more_colour():
    faint, strong = (overlay(IMAGE, SMOOTH, opacity=share).astype(int) for share in (0.2, 0.9))
    assert np.ptp(strong, axis=2).mean() > 2 * np.ptp(faint, axis=2).mean()


def test_for_and_against_are_told_apart_by_blue():
    bar = colour_bar(signed=True).astype(int)
    assert bar[0, 5, 2] > bar[0, 5, 0]  # against: more blue than red
    assert bar[0, -5, 0] > bar[0, -5, 2]


def test_a_map_of_another_size_is_refused():
    with pytest.raises(ValueError, match=r"\(3, 3\).*\(30, 44\)"):
        overlay(IMAGE, np.zeros((3, 3), np.float32))


def test_an_opacity_of_nought_is_refused():
    with pytest.raises(ValueError, match="opacity"):
        overlay(IMAGE, SMOOTH, opacity=0)


@pytest.mark.parametrize(("shape", "size"), [((4, 4), (32, 32)), ((5, 3), (40, 61)), ((1, 1), (7, 9))])
def test_maps_are_enlarged_as_torch_does(shape, size):
    values = RNG.random(shape).astype(np.float32)
    tensor = torch.from_numpy(values)[None, None]
    truth = torch.nn.functional.interpolate(tensor, size=size, mode="bilinear", align_corners=False)
    assert enlarge(values, size) == pytest.approx(truth[0, 0].numpy(), abs=1e-5)


def test_small_images_grow_by_whole_factors_and_large_ones_shrink():
    assert legible(IMAGE, least=100).shape == (90, 132, 3)
    assert legible(IMAGE, least=10, most=22).shape == (15, 22, 3)
    assert legible(IMAGE, least=44, most=44) is IMAGE


def test_png_gives_the_pixels_back_and_the_same_bytes_twice():
    data = png_bytes(IMAGE)
    assert (np.asarray(Pillow.open(io.BytesIO(data))) == IMAGE).all()
    assert png_bytes(IMAGE[:, ::-1]) != data == png_bytes(IMAGE.copy())
