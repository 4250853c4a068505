"""Random changes that keep the diagnosis: shape ratios stay, a seed gives the same pictures."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Generator, Tensor

from spermlens.config import Augment
from spermlens.training.augment import augment, draw_mixing

NOTHING = Augment(
    rotate_degrees=0, mirror=False, scale=0, shift=0, stain=0, brightness=0, contrast=0, noise=0
)


def only(**settings: float | bool) -> Augment:
    return NOTHING.model_copy(update=settings)


def seed(number: int = 0) -> Generator:
    return Generator().manual_seed(number)


def noise(count: int = 6, side: int = 32) -> Tensor:
    return torch.rand(count, 3, side, side, generator=seed(9))


def ellipse(count: int, side: int = 96) -> Tensor:
    """A soft bright ellipse, 24 x 12 pixels in half axes, tilted, on black."""
    axis = torch.arange(side) - (side - 1) / 2
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    along, across = (x + y) / 2**0.5, (x - y) / 2**0.5
    inside = torch.sigmoid(8 * (1 - ((along / 24) ** 2 + (across / 12) ** 2) ** 0.5))
    return inside.expand(count, 3, side, side).clone()


def axes_ratio(picture: Tensor) -> float:
    weight = picture.mean(0).double().numpy()
    rows, columns = np.indices(weight.shape)
    total = weight.sum()
    y, x = rows - (rows * weight).sum() / total, columns - (columns * weight).sum() / total
    moments = np.array([[(weight * a * b).sum() / total for a in (x, y)] for b in (x, y)])
    low, high = np.linalg.eigvalsh(moments)
    return float((high / low) ** 0.5)


def test_nothing_asked_is_nothing_changed() -> None:
    squares = noise()
    torch.testing.assert_close(augment(squares, NOTHING, seed()), squares, atol=1e-5, rtol=0)


def test_pictures_stay_in_range_and_shape() -> None:
    strong = Augment(rotate_degrees=180, scale=0.5, shift=0.3, stain=1, brightness=1, contrast=1, noise=0.5)
    changed = augment(noise(), strong, seed())
    assert changed.shape == (6, 3, 32, 32)
    assert torch.isfinite(changed).all()
    assert changed.min() >= 0
    assert changed.max() <= 1


def test_a_seed_gives_the_same_pictures_and_another_gives_others() -> None:
    squares = noise()
    assert torch.equal(augment(squares, Augment(), seed(1)), augment(squares, Augment(), seed(1)))
    assert not torch.equal(augment(squares, Augment(), seed(1)), augment(squares, Augment(), seed(2)))


def test_what_is_given_is_not_changed_and_torchs_own_generator_not_touched() -> None:
    squares = noise()
    before, state = squares.clone(), torch.get_rng_state()
    augment(squares, Augment(), seed())
    draw_mixing(6, 0.2, seed())(squares)
    assert torch.equal(squares, before)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize(
    "how", [only(rotate_degrees=180), only(scale=0.3), only(rotate_degrees=180, scale=0.3, mirror=True)]
)
def test_length_over_width_is_kept(how: Augment) -> None:
    squares = ellipse(8)
    expected = axes_ratio(squares[0])
    changed = augment(squares, how, seed(3))
    assert not torch.allclose(changed, squares, atol=0.1)
    for picture in changed:
        assert axes_ratio(picture) == pytest.approx(expected, rel=0.01)


def test_scaling_spans_the_range_that_was_asked_for() -> None:
    squares = ellipse(64)
    sizes = augment(squares, only(scale=0.25), seed()).mean((1, 2, 3)) / squares.mean((1, 2, 3))
    sides = sizes.sqrt()
    assert 0.79 < float(sides.min()) < 0.84
    assert 1.2 < float(sides.max()) < 1.27


def test_mirrors_alone_give_the_picture_or_its_mirror_and_both_occur() -> None:
    squares = noise(16)
    kinds = set()
    for before, after in zip(squares, augment(squares, only(mirror=True), seed()), strict=True):
        same, mirrored = (torch.allclose(after, side, atol=1e-5) for side in (before, before.flip(2)))
        assert same != mirrored
        kinds.add(same)
    assert kinds == {True, False}


def test_shifts_stay_within_their_share_of_the_side() -> None:
    dot = torch.zeros(40, 3, 41, 41)
    dot[:, :, 20, 20] = 1
    moved = augment(dot, only(shift=0.1), seed())
    rows, columns = torch.meshgrid(torch.arange(41.0), torch.arange(41.0), indexing="ij")
    weight = moved.mean(1)
    away = [((weight * axis).sum((1, 2)) / weight.sum((1, 2)) - 20).abs().max() for axis in (rows, columns)]
    assert all(3 < float(far) <= 4.1 for far in away)


def test_mixing_is_a_sum_of_two_whose_first_is_the_larger() -> None:
    squares = noise(8)
    for number in range(20):
        mixing = draw_mixing(8, 0.4, seed(number))
        share, partners = mixing.share, mixing.partners
        assert 0.5 <= share <= 1
        assert sorted(partners.tolist()) == list(range(8))
        torch.testing.assert_close(mixing(squares), share * squares + (1 - share) * squares[partners])
