"""CBAM's own spatial map: where the network amplified its features. It is not specific to a class."""

from __future__ import annotations

import torch
from torch import Tensor

from spermlens.errors import UsageError
from spermlens.explain._capture import View

SIGNED = False
LAYER = "trunk"  # what attention is applied to


def maps(view: View) -> Tensor:
    """The spatial gate, 0..1, above its smallest value in the image."""
    attention = view.network.attention
    if attention is None:
        raise UsageError("This model has no attention, so there is no CBAM map. Use --method cam.")
    if view.layer != LAYER:
        raise UsageError(
            f"CBAM is applied to the layer '{LAYER}', not to '{view.layer}'. Use --layer {LAYER}."
        )
    with torch.no_grad():
        gate = attention.gates(view.features)[1][:, 0]
    return gate - gate.amin((1, 2), keepdim=True)
