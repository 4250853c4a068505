"""Grad-CAM++ (Chattopadhyay et al. 2018, arXiv 1710.11063): alpha by equation 19, weights by equation 5.

The class score is taken as exp(logit), so that second and third derivatives are powers of the first. The
positive factor exp(logit) scales the whole map and is left out.
"""

from __future__ import annotations

import torch
from torch import Tensor

from spermlens.explain._capture import View
from spermlens.models._network import Network, Passage

SIGNED = False


def exact(network: Network, passage: Passage, task: str) -> Tensor:
    """Channels weigh ReLU(W) / (2 + W p) at the map that is pooled; W class weights, p mean features."""
    features, weight = passage.features, network.head(task).linear.weight
    denominator = 2 + weight * features.mean((2, 3))[:, None]  # (batch, classes, channels)
    return torch.relu(torch.einsum("bkhw,bck->bchw", features, _alpha(denominator) * torch.relu(weight)))


def maps(view: View) -> Tensor:
    """ReLU of the weighted sum of channels."""
    gradients, features = view.gradients, view.features
    # equation 19 divided through by the squared gradient: nothing underflows in 32 bits
    alpha = _alpha(2 + features.sum((2, 3), keepdim=True) * gradients)
    weights = (alpha * torch.relu(gradients)).sum((2, 3), keepdim=True)
    return torch.relu((weights * features).sum(1))


def _alpha(denominator: Tensor) -> Tensor:
    """Its inverse, 0 where there is none."""
    return torch.where(denominator != 0, 1 / denominator, torch.zeros_like(denominator))
