"""SmoothGrad for any method (Smilkov et al. 2017, arXiv 1706.03825): what is left of a map when the picture
is shaken.

Every noise is added once and taken away once, so it sums to nothing: where a map is linear in the picture,
smoothing changes nothing. All pictures of a batch get the same noise, and every call gets it again, so that
a map depends on neither neighbours nor chance.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

PAIRS = 8
STRENGTH = 0.1  # standard deviation of the noise, as a share of the picture's range


def shaken(squares: Tensor) -> Iterator[Tensor]:
    """Noisy copies of a batch, 2 x PAIRS of them. Their values may leave 0..1: cut off, they would shift."""
    chance = torch.Generator().manual_seed(0)
    spread = STRENGTH * (squares.amax((1, 2, 3), keepdim=True) - squares.amin((1, 2, 3), keepdim=True))
    for _ in range(PAIRS):
        noise = spread * torch.randn(squares.shape[1:], generator=chance).to(squares)
        yield squares + noise
        yield squares - noise
