"""CBAM's own spatial map: where the network amplified its features. It is not specific to a class."""

from __future__ import annotations

from torch import Tensor

from spermlens.errors import UsageError
from spermlens.models._network import Network, Passage

SIGNED = False
LAYER = "trunk"  # what attention is applied to


def exact(network: Network, passage: Passage, task: str) -> Tensor:
    """The spatial gate, 0..1, above its smallest value in the image; the same for every class."""
    if network.attention is None:
        raise UsageError("This model has no attention, so there is no CBAM map. Use --method cam.")
    gate = network.attention.gates(passage.trunk)[1]
    above: Tensor = gate - gate.amin((2, 3), keepdim=True)
    return above.expand(-1, len(network.task(task).classes), -1, -1)
