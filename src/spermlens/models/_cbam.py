"""CBAM: attention first over channels, then over positions (Woo et al. 2018, arXiv 1807.06521).

Written here, not taken from a library, so that both maps are outputs that an explanation can show.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class ChannelAttention(nn.Module):
    """Gate of shape (batch, channels, 1, 1): M_c = sigmoid(MLP(average) + MLP(maximum)), equation 2."""

    def __init__(self, channels: int, reduction: int) -> None:
        super().__init__()
        hidden = max(1, channels // reduction)
        self.mlp = nn.Sequential(
            nn.Conv2d(channels, hidden, 1, bias=False), nn.ReLU(), nn.Conv2d(hidden, channels, 1, bias=False)
        )

    def forward(self, features: Tensor) -> Tensor:
        average = self.mlp(features.mean((2, 3), keepdim=True))
        maximum = self.mlp(features.amax((2, 3), keepdim=True))
        return torch.sigmoid(average + maximum)


class SpatialAttention(nn.Module):
    """Gate of shape (batch, 1, height, width): M_s = sigmoid(conv7x7([average; maximum])), equation 3."""

    def __init__(self, kernel: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 1, kernel, padding=kernel // 2, bias=False)

    def forward(self, features: Tensor) -> Tensor:
        planes = torch.cat([features.mean(1, keepdim=True), features.amax(1, keepdim=True)], 1)
        return torch.sigmoid(self.conv(planes))


class Cbam(nn.Module):
    """The features weighted by both gates. `gates` gives the weights themselves."""

    def __init__(self, channels: int, reduction: int = 16, kernel: int = 7) -> None:
        super().__init__()
        self.channel = ChannelAttention(channels, reduction)
        self.spatial = SpatialAttention(kernel)

    def forward(self, features: Tensor) -> Tensor:
        weighted: Tensor = features * self.channel(features)
        attended: Tensor = weighted * self.spatial(weighted)
        return attended

    def gates(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Channel gate (batch, channels, 1, 1) and spatial gate (batch, 1, height, width)."""
        channel = self.channel(features)
        return channel, self.spatial(features * channel)
