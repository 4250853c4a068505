"""Grad-CAM: channels weighted by their mean gradient (Selvaraju et al. 2017, arXiv 1610.02391).

Where an average and a linear layer follow, the gradient is the class weight over the number of positions,
everywhere: there it is the positive part of CAM over that number, and nothing need be differentiated.
"""

from __future__ import annotations

import torch
from torch import Tensor

from spermlens.explain._capture import View
from spermlens.models._network import Network, Passage

SIGNED = False


def exact(_network: Network, passage: Passage, task: str) -> Tensor:
    """Equations 1 and 2 at the map that is pooled."""
    cam = passage.maps[task]
    return torch.relu(cam) / (cam.shape[2] * cam.shape[3])


def maps(view: View) -> Tensor:
    """ReLU of the weighted sum of channels: equation 2 with the weights of equation 1."""
    weights = view.gradients.mean((2, 3), keepdim=True)
    return torch.relu((weights * view.features).sum(1))
