"""Has the network seen the like? How far a picture lies from the nearest ones it learned from.

A classifier divides everything between its classes, also a cat. So some of the pictures it learned from stay
with it, as directions of their pooled features, and a new picture is as strange as it is far, in angle, from
the fifth nearest of them. One near neighbour may be chance; five are company.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

NEIGHBOURS = 5
KEPT = 512  # pictures that stay with a model: 120 kB to 1.3 MB in 16 bits


class Familiar(nn.Module):
    """From a feature map (batch, channels, height, width) to distances (batch,), 0 to 2."""

    references: Tensor

    def __init__(self, references: Tensor) -> None:
        super().__init__()
        if references.ndim != 2 or len(references) < NEIGHBOURS:
            raise ValueError(
                f"{NEIGHBOURS} or more references of one length are needed, found {tuple(references.shape)}"
            )
        self.register_buffer("references", references)

    def forward(self, features: Tensor) -> Tensor:
        return self.distances(directions(features))

    def distances(self, of: Tensor) -> Tensor:
        """(batch,) from directions (batch, channels)."""
        similarity = of @ self.references.to(of).T
        distances: Tensor = 1 - similarity.topk(NEIGHBOURS, 1).values[:, -1]
        return distances


def directions(features: Tensor) -> Tensor:
    """(batch, channels): the pooled features at unit length."""
    return torch.nn.functional.normalize(features.mean((2, 3)), dim=1)
