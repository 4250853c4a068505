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
    """Four stages of two 3x3 convolutions; the map is 8x8 for an input of 128."""
    if pretrained:
        raise ConfigError("simple_cnn has no pretrained weights. Set model.pretrained = false.")
    widths = [width, 2 * width, 4 * width, 6 * width]
    stages = [
        _stage(before, after, halve_first=index == 0)
        for index, (before, after) in enumerate(zip([3, *widths], widths, strict=False))
    ]
    return Network(
        nn.Sequential(*stages),
        widths[-1],
        tasks,
        cbam=cbam,
        dropout=dropout,
        normalisation=(HALF, HALF),
        stages={f"stage{index + 1}": f"trunk.{index}" for index in range(len(stages) - 1)},
    )


def _stage(before: int, after: int, *, halve_first: bool) -> nn.Sequential:
    def block(inputs: int, stride: int) -> list[nn.Module]:
        return [nn.Conv2d(inputs, after, 3, stride, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]

    return nn.Sequential(*block(before, 2 if halve_first else 1), *block(after, 1 if halve_first else 2))
