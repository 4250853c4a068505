"""EfficientNetV2-B0 with CBAM on the map that is pooled."""

from __future__ import annotations

from spermlens.models import efficientnet_v2_b0
from spermlens.models._network import Network
from spermlens.types import Task


def build(
    tasks: tuple[Task, ...], *, pretrained: bool = True, dropout: float = 0.2, drop_path: float = 0.0
) -> Network:
    """See efficientnet_v2_b0; attention weighs channels, then positions, before the average."""
    return efficientnet_v2_b0.build(
        tasks, pretrained=pretrained, cbam=True, dropout=dropout, drop_path=drop_path
    )
