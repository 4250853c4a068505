"""What learns and what stands still.

Frozen means no gradient *and* no batch statistics. Any `train()` undoes half of that, so the loop sets
the mode at the start of every epoch, never once.
"""

from __future__ import annotations

from collections.abc import Iterable

from torch import nn

from spermlens.models._network import Network


def learn(network: Network, part: str) -> list[nn.Parameter]:
    """Put `part` into training mode and everything else to rest; the parameters that learn."""
    network.eval().requires_grad_(False)
    for module in network.part(part):
        module.train().requires_grad_(True)
    return [parameter for parameter in network.parameters() if parameter.requires_grad]


def decayed_groups(parameters: Iterable[nn.Parameter], weight_decay: float) -> list[dict[str, object]]:
    """Optimiser groups: matrices and kernels decay; biases and normalisation do not."""
    everything = list(parameters)
    return [
        {"params": [p for p in everything if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in everything if p.ndim <= 1], "weight_decay": 0.0},
    ]
