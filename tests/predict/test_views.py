"""Views: turned and mirrored pictures, and the way back."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from spermlens.errors import ConfigError
from spermlens.predict.sides import COUNTS
from spermlens.predict.views import turn, undo, view

EVERY_VIEW = [(index, count) for count in COUNTS for index in range(count)]


def noise(size: int = 9) -> Tensor:
    return torch.rand(2, 3, size, size, generator=torch.Generator().manual_seed(1))


def smooth(size: int = 64) -> Tensor:
    steps = torch.linspace(-1, 1, size)
    rows, columns = torch.meshgrid(steps, steps, indexing="ij")
    return torch.stack([torch.sin(3 * rows + k) * torch.cos(2 * columns - k) for k in range(3)])[None]


def inside(size: int = 64) -> Tensor:
    """The inscribed circle, less two pixels."""
    steps = torch.arange(size) + 0.5 - size / 2
    return steps[:, None] ** 2 + steps[None, :] ** 2 < (size / 2 - 2) ** 2


@pytest.mark.parametrize(("index", "count"), [pose for pose in EVERY_VIEW if pose[1] <= 8])
def test_right_angles_come_back_exactly(index: int, count: int) -> None:
    assert torch.equal(undo(view(noise(), index, count), index, count), noise())


@pytest.mark.parametrize(("index", "count"), [pose for pose in EVERY_VIEW if pose[1] > 8])
def test_other_angles_come_back_inside_the_circle(index: int, count: int) -> None:
    there = view(smooth(), index, count)
    back = undo(there, index, count)
    assert (back - smooth())[:, :, inside()].abs().max() < 0.02
    assert there.shape == back.shape == smooth().shape


@pytest.mark.parametrize("count", COUNTS)
def test_every_view_is_another_one_and_the_first_is_the_picture(count: int) -> None:
    seen = [view(smooth(), index, count) for index in range(count)]
    assert torch.equal(seen[0], smooth())
    for one in range(count):
        for other in range(one):
            assert (seen[one] - seen[other]).abs().max() > 0.05


def test_turning_is_counter_clockwise_at_any_angle() -> None:
    spot = torch.zeros(1, 1, 65, 65)
    spot[0, 0, 31:34, 55:58] = 1  # 24 pixels right of the middle
    for degrees in (30.0, 45.0, 90.0, 137.0, 180.0, 270.0, -45.0):
        turned = turn(spot, degrees)[0, 0] * inside(65)  # corners reflect the spot
        steps = torch.arange(65) - 32.0
        x = (turned.sum(0) * steps).sum() / turned.sum()
        y = (turned.sum(1) * steps).sum() / turned.sum()
        assert x == pytest.approx(24 * math.cos(math.radians(degrees)), abs=0.1)
        assert y == pytest.approx(-24 * math.sin(math.radians(degrees)), abs=0.1)


def test_two_half_turns_of_a_right_angle_make_one() -> None:
    twice = turn(turn(smooth(), 45), 45)
    assert (twice - turn(smooth(), 90))[:, :, inside()].abs().max() < 0.02


def test_corners_are_filled_from_the_picture() -> None:
    assert turn(torch.full((1, 3, 16, 16), 0.7), 45).sub(0.7).abs().max() < 1e-5


@pytest.mark.parametrize(("index", "count"), EVERY_VIEW)
def test_views_of_an_upright_head_are_small_turns_that_come_back(index: int, count: int) -> None:
    there = view(smooth(), index, count, upright=True)
    unmirrored = there.flip(3) if index % 2 else there
    turns = [d for d in range(-20, 21) if (turn(smooth(), d) - unmirrored)[:, :, inside()].abs().max() < 0.05]
    assert turns
    assert (undo(there, index, count, upright=True) - smooth())[:, :, inside()].abs().max() < 0.02


@pytest.mark.parametrize("count", COUNTS)
def test_an_upright_head_is_seen_in_as_many_ways_and_first_as_it_is(count: int) -> None:
    seen = [view(smooth(), index, count, upright=True) for index in range(count)]
    assert torch.equal(seen[0], smooth())
    for one in range(count):
        for other in range(one):
            assert (seen[one] - seen[other]).abs().max() > 0.02


@pytest.mark.parametrize("upright", [False, True])
@pytest.mark.parametrize("count", COUNTS[1:])
def test_a_mirrored_cell_is_seen_in_the_same_views(count: int, upright: bool) -> None:
    seen = [view(smooth(), index, count, upright=upright) for index in range(count)]
    for index in range(count):
        mirrored = view(smooth().flip(3), index, count, upright=upright)
        assert min(float((mirrored - one).abs().max()) for one in seen) < 1e-4


@pytest.mark.parametrize("count", [0, 3, 5, 64, -1])
def test_an_unknown_number_of_views_is_refused(count: int) -> None:
    with pytest.raises(ConfigError, match="views must be one of 1, 2, 4, 8, 16, 32"):
        view(noise(), 0, count)


@pytest.mark.parametrize("index", [-1, 4])
def test_a_view_beyond_the_count_is_refused(index: int) -> None:
    with pytest.raises(ValueError, match="numbered from 0"):
        undo(noise(), index, 4)
