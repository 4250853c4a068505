"""The head: average a feature map over its positions, then one linear layer.

With p_k the mean of channel k over the positions and W the weights, logit_c = sum_k W_ck p_k + b_c.
So sum_k W_ck A_k(position) is the share that each position has in the logit: its average over the
positions plus b_c *is* the logit. That map is CAM; it costs one product and needs no gradient, whatever
made the features. docs/concepts/maps.md derives what else follows from it.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class PooledHead(nn.Module):
    """Logits of one task from a feature map."""

    def __init__(self, channels: int, classes: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(channels, classes)

    def forward(self, features: Tensor) -> Tensor:
        logits: Tensor = self.linear(self.dropout(features.mean((2, 3))))
        return logits

    def maps(self, features: Tensor) -> Tensor:
        """CAM of every class, (batch, classes, height, width): each position's evidence, without bias."""
        return torch.einsum("bkhw,ck->bchw", features, self.linear.weight)
