"""EfficientNet-B0 as its ImageNet weights were trained: TensorFlow padding, batch-norm eps 1e-3.

The architecture is pinned to timm's `tf_efficientnet_b0`. timm's plain `efficientnet_b0` has the same
tensor names and would take the same weights without a word, and then see something else.
"""

from __future__ import annotations

from spermlens.errors import ConfigError
from spermlens.models._network import Network
from spermlens.models._pretrained import Pin
from spermlens.models.timm_backbone import network_over
from spermlens.types import Task

BACKBONE = "tf_efficientnet_b0"
PIN = Pin(
    tensors_sha256="1335791061a8f0ae1120eaa17b68ae604f3e56a8a4deb12ede69beffa9f7bd2d",
    fingerprint=(-0.08653, -0.09687, -0.19859, -0.2373, -0.15297, -0.23119, -0.11976, 0.05774),
)


def build(
    tasks: tuple[Task, ...],
    *,
    pretrained: bool = True,
    cbam: bool = False,
    dropout: float = 0.2,
    drop_path: float = 0.0,
    output_stride: int = 32,
) -> Network:
    """The 1280-channel map is pooled: 4x4 for an input of 128, 7x7 for 224; twice that with a stride of 16.

    The same weights fit both. With 16 the last halving is left out, and what follows looks at every other
    position, so that it sees as far as it has learned to.
    """
    if output_stride not in (16, 32):
        raise ConfigError(f"{BACKBONE}: output_stride must be 32 or 16, but is {output_stride}.")
    return network_over(
        tasks,
        BACKBONE,
        pretrained,
        cbam=cbam,
        dropout=dropout,
        drop_path=drop_path,
        pin=PIN,
        output_stride=None if output_stride == 32 else output_stride,
    )
