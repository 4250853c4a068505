"""LayerCAM: each position weighed by its own positive gradient (Jiang et al. 2021, equations 4 to 6).

It needs no mean over positions, so it holds at earlier stages, where maps are finer. It looks at the last
layer whose map is finer than the one that is pooled, unless another is named.
"""

from __future__ import annotations

import torch
from torch import Tensor

from spermlens.explain._capture import View, map_sizes
from spermlens.models._network import Network

SIGNED = False


def home(network: Network, squares: Tensor) -> str:
    """The last layer with more positions than the pooled map; that map where none has more."""
    sizes = map_sizes(network, squares[:1])
    height, width = sizes["pooled"]
    finer = [name for name, size in sizes.items() if size[0] * size[1] > height * width]
    return finer[-1] if finer else "pooled"


def maps(view: View) -> Tensor:
    """ReLU of the sum over channels of positive gradient times activation."""
    return torch.relu((torch.relu(view.gradients) * view.features).sum(1))
