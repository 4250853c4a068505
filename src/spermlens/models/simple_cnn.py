"""SimpleCNN: four plain stages, no pretraining. The baseline, and small enough to ship."""

from __future__ import annotations

from torch import nn

from spermlens.errors import ConfigError
from spermlens.models._network import HALF, Network
from spermlens.types import Task


def build(
    tasks: tuple[Task, ...],
    *,
    pretrained: bool = False,
    width: int = 32,
    cbam: bool = False,
    dropout: float = 0.2,
) -> Network:
    """Four stages of a 3x3 convolution and a maximum over 2x2; the map is 8x8 for an input of 128."""
    if pretrained:
        raise ConfigError("simple_cnn has no pretrained weights. Set model.pretrained = false.")
    if width < 1:
        raise ConfigError(f"simple_cnn: width must be 1 or more, but is {width}.")
    widths = [width, 2 * width, 4 * width, 6 * width]
    stages = [_stage(before, after) for before, after in zip([3, *widths], widths, strict=False)]
    return Network(
        nn.Sequential(*stages),
        widths[-1],
        tasks,
        cbam=cbam,
        dropout=dropout,
        normalisation=(HALF, HALF),
        stages={f"stage{index + 1}": f"trunk.{index}" for index in range(len(stages) - 1)},
    )


def _stage(before: int, after: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(before, after, 3, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU(), nn.MaxPool2d(2)
    )
