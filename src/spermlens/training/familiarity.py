"""What a network keeps of the pictures it learned from, and how strange a picture may be."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spermlens.explain._capture import evaluating
from spermlens.models._familiar import KEPT, NEIGHBOURS, Familiar, directions
from spermlens.models._network import Network
from spermlens.predict.tensors import to_tensor

LET_PASS = 0.99  # of unseen pictures of the same kind


def remember(network: Network, squares: NDArray[np.uint8], seed: int) -> Familiar | None:
    """The directions of up to KEPT of the pictures, drawn by the seed; None where there are too few."""
    if len(squares) < NEIGHBOURS:
        return None
    chosen = np.sort(np.random.default_rng(seed).permutation(len(squares))[:KEPT])
    return Familiar(_directions(network, squares[chosen]))


def distances(network: Network, familiar: Familiar, squares: NDArray[np.uint8]) -> list[float]:
    """How far each picture lies from those remembered."""
    return [float(value) for value in familiar.distances(_directions(network, squares))]


def strangest(unseen: Sequence[float]) -> float | None:
    """The distance that 99 of 100 unseen pictures of the same kind stay below; None where none is known."""
    return max(float(np.quantile(unseen, LET_PASS)), 1e-6) if unseen else None


def _directions(network: Network, squares: NDArray[np.uint8]) -> Tensor:
    device = next(network.parameters()).device
    with evaluating(network), torch.no_grad():
        parts = [
            directions(network.features(to_tensor(squares[start : start + 64], device))).float().cpu()
            for start in range(0, len(squares), 64)
        ]
    return torch.cat(parts)
