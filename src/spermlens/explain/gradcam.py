"""Grad-CAM: channels weighted by their mean gradient (Selvaraju et al. 2017, arXiv 1610.02391)."""

from __future__ import annotations

import torch
from torch import Tensor

from spermlens.explain._capture import View

SIGNED = False


def maps(view: View) -> Tensor:
    """ReLU of the weighted sum of channels: equation 2 with the weights of equation 1."""
    weights = view.gradients.mean((2, 3), keepdim=True)
    return torch.relu((weights * view.features).sum(1))
