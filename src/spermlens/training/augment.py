"""Random changes that keep the diagnosis, on whole batches, on their device.

Turning, mirroring and shifting a head changes nothing that an expert reads; scaling is isotropic, because
length over width is the diagnosis. Every number is drawn from the generator given, on the CPU, so a seed
gives the same pictures on every device.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Generator, Tensor

from spermlens.config import Augment


def augment(squares: Tensor, how: Augment, generator: Generator) -> Tensor:
    """(batch, 3, size, size) in 0..1, changed image by image; same shape and range."""
    moved = _move(squares, how, generator)
    return _recolour(moved, how, generator).clamp_(0, 1)


@dataclass(frozen=True, slots=True)
class Mixing:
    """Who is mixed with whom (Zhang et al. 2018): the order of the partners, and the share of the first."""

    partners: Tensor
    share: float

    def __call__(self, squares: Tensor) -> Tensor:
        """The mixed batch, same shape."""
        return squares * self.share + self.of_partners(squares) * (1 - self.share)

    def of_partners(self, values: Tensor) -> Tensor:
        """One value an image, in the order of the partners."""
        return values[self.partners.to(values.device)]


def draw_mixing(count: int, alpha: float, generator: Generator) -> Mixing:
    share = _beta(alpha, generator)
    share = max(share, 1 - share)  # the first is always the larger part
    return Mixing(torch.randperm(count, generator=generator), share)


def _move(squares: Tensor, how: Augment, generator: Generator) -> Tensor:
    count = len(squares)

    def uniform(spread: float) -> Tensor:
        return (torch.rand(count, generator=generator) * 2 - 1) * spread

    angle = uniform(how.rotate_degrees * math.pi / 180)
    zoom = torch.exp(uniform(math.log1p(how.scale)))
    shift = torch.stack([uniform(2 * how.shift), uniform(2 * how.shift)], 1)  # the grid spans -1..1
    side = torch.ones(count)
    if how.mirror:
        side = torch.randint(0, 2, (count,), generator=generator) * 2.0 - 1
    cosine, sine = angle.cos() / zoom, angle.sin() / zoom
    rows = torch.stack([cosine * side, -sine, sine * side, cosine], 1).view(count, 2, 2)
    matrix = torch.cat([rows, shift[:, :, None]], 2).to(squares)
    grid = torch.nn.functional.affine_grid(matrix, list(squares.shape), align_corners=False)
    return torch.nn.functional.grid_sample(squares, grid, padding_mode="reflection", align_corners=False)


def _recolour(squares: Tensor, how: Augment, generator: Generator) -> Tensor:
    count = len(squares)

    def uniform(*shape: int) -> Tensor:
        return (torch.rand(count, *shape, 1, 1, generator=generator) * 2 - 1).to(squares)

    gain = torch.exp(uniform(3) * how.stain)
    contrast = torch.exp(uniform(1) * how.contrast)
    centre = squares.mean((1, 2, 3), keepdim=True)
    changed = (squares * gain - centre) * contrast + centre + uniform(1) * how.brightness
    if how.noise:
        strength = torch.rand(count, 1, 1, 1, generator=generator) * how.noise
        changed = changed + (torch.randn(squares.shape, generator=generator) * strength).to(squares)
    return changed


def _beta(alpha: float, generator: Generator) -> float:
    """One draw from Beta(alpha, alpha); torch's own sampler takes no generator."""
    seed = int(torch.randint(2**62, (1,), generator=generator))
    return float(np.random.default_rng(seed).beta(alpha, alpha))
