"""Looking inside a network and leaving no trace, also from several threads and also on failure.

No object holds hooks between calls. A hook answers only to the thread that set it, the gradient is
taken with respect to the map alone, so parameters never receive any, and the training flag of every
submodule is put back.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from spermlens.errors import UnknownName
from spermlens.models._network import Network


@dataclass(slots=True)
class _Rest:
    """A network in evaluation mode: how it was found, and how many are using it so."""

    flags: dict[nn.Module, bool]
    guests: int = 0


_door = threading.Lock()  # held to come in and to go out, never while a network runs
_resting: dict[nn.Module, _Rest] = {}


@dataclass(frozen=True)
class View:
    """What one layer showed for a batch, and the logits that came of it."""

    network: Network
    task: str
    targets: Tensor  # class number per image
    rivals: Tensor | None  # class number per image that the target is told apart from
    layer: str
    activations: Tensor  # (batch, channels, height, width), the start of the graph to the logits
    logits: dict[str, Tensor]

    @cached_property
    def gradients(self) -> Tensor:
        """d logit of the target (less its rival's) / d activations, image by image, same shape as these."""
        logits = self.logits[self.task]
        chosen = logits.gather(1, self.targets[:, None])
        if self.rivals is not None:
            chosen = chosen - logits.gather(1, self.rivals[:, None])
        (gradients,) = torch.autograd.grad(chosen.sum(), self.activations, retain_graph=True)
        return gradients.detach()

    @property
    def features(self) -> Tensor:
        return self.activations.detach()


@contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
    """Evaluation mode inside the block; every submodule's own flag put back by the last to leave."""
    with _door:
        rest = _resting.setdefault(network, _Rest({m: m.training for m in network.modules()}))
        rest.guests += 1
    try:
        network.eval()
        yield
    finally:
        with _door:
            rest.guests -= 1
            if not rest.guests:
                del _resting[network]
                for module, flag in rest.flags.items():
                    module.training = flag


@contextmanager
def looking(
    network: Network,
    squares: Tensor,
    layer: str,
    task: str,
    targets: Sequence[int],
    rivals: Sequence[int] = (),
) -> Iterator[View]:
    """Run the network once and show what passed through `layer`."""
    caught: list[Tensor] = []
    me = threading.get_ident()

    def catch(_module: nn.Module, _inputs: Any, output: Tensor) -> Tensor | None:
        if threading.get_ident() != me:
            return None
        caught.append(output.detach().requires_grad_(True))
        return caught[-1].clone()  # a copy goes on: what follows may work in place

    module = network.layer(layer)
    # inference mode would win over enable_grad
    with evaluating(network), torch.inference_mode(False), torch.enable_grad():
        with _door:  # torch numbers hooks without a lock: two threads could get one number
            hook = module.register_forward_hook(catch)
        try:
            logits = network(squares)
        finally:
            with _door:
                hook.remove()
        if caught[0].ndim != 4:
            maps = [name for name in network.layers() if name in ("trunk", "pooled")]
            raise UnknownName("layer with a map", layer, maps)
        chosen, others = (
            torch.as_tensor(numbers, dtype=torch.long, device=squares.device) for numbers in (targets, rivals)
        )
        yield View(network, task, chosen, others if len(rivals) else None, layer, caught[0], logits)
