"""Grad-CAM++ (Chattopadhyay et al. 2018, arXiv 1710.11063): alpha by equation 19, weights by equation 5.

The class score is taken as exp(logit), so that second and third derivatives are powers of the first.
"""

from __future__ import annotations

import torch
from torch import Tensor

from spermlens.explain._capture import View

SIGNED = False


def maps(view: View) -> Tensor:
    """ReLU of the weighted sum of channels; the positive factor exp(logit) scales the map and is left out."""
    gradients, features = view.gradients, view.features
    # equation 19 divided through by the squared gradient: nothing underflows in 32 bits
    denominator = 2 + features.sum((2, 3), keepdim=True) * gradients
    alpha = torch.where(denominator != 0, 1 / denominator, torch.zeros_like(denominator))
    weights = (alpha * torch.relu(gradients)).sum((2, 3), keepdim=True)
    return torch.relu((weights * features).sum(1))
