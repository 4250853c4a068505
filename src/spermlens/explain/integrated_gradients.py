"""Integrated gradients (Sundararajan et al. 2017, arXiv 1703.01365, equation 1), pixel by pixel.

Between an empty slide and the picture the gradient is added up. Its law: the map's sum is how far the score
of the picture is above that of the empty slide. So it shows itself whether the steps were fine enough; where
they were not, twice as many are taken.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from spermlens.explain._blank import blank
from spermlens.explain._capture import Score
from spermlens.models._network import Network

SIGNED = True
LAYER = "input"
STEPS = (32, 64, 128, 256)
NEAR = 0.01  # of the rise of the score: how far the sum may be off before finer steps are taken


def by_asking(network: Network, squares: Tensor, score: Score) -> Tensor:
    """What each pixel adds to the score, its three colours together; each picture in its own steps."""
    with torch.inference_mode():
        rise = score.of(network(squares)) - score.of(network(blank(squares).expand_as(squares)))
    found = torch.zeros_like(squares[:, 0])
    rest = torch.arange(len(squares), device=squares.device)
    for steps in STEPS:
        found[rest] = integral(network, squares[rest], score.only(rest), steps)
        off = (found[rest].sum((1, 2)) - rise[rest]).abs()
        rest = rest[off > NEAR * rise[rest].abs()]
        if not len(rest):
            break
    return found


def integral(network: Network, squares: Tensor, score: Score, steps: int) -> Tensor:
    """The way times the mean gradient along it, by Gauss-Legendre: (batch, height, width)."""
    places, weights = np.polynomial.legendre.leggauss(steps)
    start = blank(squares)
    way = squares - start
    mean = torch.zeros_like(way)
    with torch.enable_grad():
        for place, weight in zip((places + 1) / 2, weights / 2, strict=True):
            between = (start + float(place) * way).requires_grad_(True)
            (gradients,) = torch.autograd.grad(score.of(network(between)).sum(), between)
            mean += float(weight) * gradients
    return (way * mean).sum(1)
