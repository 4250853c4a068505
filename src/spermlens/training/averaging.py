"""The average of the weights over the last steps, which is judged and kept in place of the last weights.

An exponential moving average of decay 0.99 looks back over a hundred steps. A fold of 170 images has six
steps an epoch, so for long it would remember the weights that nothing was learned into. The decay therefore
grows with the steps done, as 2/11, 3/12, 4/13 ..., until it is the one asked for: the average looks back over
a ninth of the training so far, and never further than asked.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel

from spermlens.models._network import Network


def decay_after(steps: int, decay: float) -> float:
    """The decay when the weights of so many steps are in the average."""
    return min(decay, (1 + steps) / (10 + steps))


def average_of(network: Network, decay: float) -> AveragedModel:
    """A copy that follows the network; statistics of batch normalisation are averaged like the weights."""

    @torch.no_grad()
    def follow(averages: Sequence[Tensor], now: Sequence[Tensor], steps: Tensor | int) -> None:
        share = 1 - decay_after(int(steps), decay)
        if averages[0].is_floating_point():
            torch._foreach_lerp_(list(averages), list(now), share)
        else:
            for average, value in zip(averages, now, strict=True):
                average.copy_(value)  # a count is no mean

    return AveragedModel(network, multi_avg_fn=follow, use_buffers=True)
