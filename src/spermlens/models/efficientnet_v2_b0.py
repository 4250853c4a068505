"""EfficientNetV2-B0 as its ImageNet weights were trained: TensorFlow padding, batch-norm eps 1e-3.

Of the pinned file 15 tensors of the last blocks were recovered from 8 bits, about 1 % off, so features
of the original weights may differ in the second decimal.
"""

from __future__ import annotations

from spermlens.models._network import Network
from spermlens.models._pretrained import Pin
from spermlens.models.timm_backbone import network_over
from spermlens.types import Task

BACKBONE = "tf_efficientnetv2_b0"
PIN = Pin(
    tensors_sha256="a9e31b1098d94d53946fcf3c314675d95b45fc5196ab515ea63646661a05cce0",
    fingerprint=(-0.19395, -0.11596, -0.20457, -0.07016, 1.09334, 0.27874, -0.14789, -0.19626),
    tolerance=0.05,
)


def build(
    tasks: tuple[Task, ...],
    *,
    pretrained: bool = True,
    cbam: bool = False,
    dropout: float = 0.2,
    drop_path: float = 0.0,
) -> Network:
    """The 1280-channel map is pooled: 4x4 for an input of 128, 7x7 for 224."""
    return network_over(tasks, BACKBONE, pretrained, cbam=cbam, dropout=dropout, drop_path=drop_path, pin=PIN)
