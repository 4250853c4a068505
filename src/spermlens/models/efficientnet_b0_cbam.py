"""EfficientNet-B0 with CBAM on the map that is pooled: the paper's network (arXiv 2606.20438)."""

from __future__ import annotations

from spermlens.models import efficientnet_b0
from spermlens.models._network import Network
from spermlens.types import Task


def build(
    tasks: tuple[Task, ...],
    *,
    pretrained: bool = True,
    dropout: float = 0.2,
    drop_path: float = 0.0,
    output_stride: int = 32,
) -> Network:
    """See efficientnet_b0; attention weighs channels, then positions, before the average."""
    return efficientnet_b0.build(
        tasks,
        pretrained=pretrained,
        cbam=True,
        dropout=dropout,
        drop_path=drop_path,
        output_stride=output_stride,
    )
