"""Looking inside a network and leaving no trace, also from several threads and also on failure.

No object holds hooks between calls. A hook answers only to the thread that set it, the gradient is
taken with respect to the map alone, so parameters never receive any, and the training flag of every
submodule is put back.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
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
class Score:
    """The number that is explained: the logit of a class, or how far it is above its rival's."""

    task: str
    targets: Tensor  # class number per image
    rivals: Tensor | None  # class number per image that the target is told apart from

    def of(self, logits: dict[str, Tensor]) -> Tensor:
        """One number an image, (batch,)."""
        own = logits[self.task]
        chosen = own.gather(1, self.targets[:, None])
        if self.rivals is not None:
            chosen = chosen - own.gather(1, self.rivals[:, None])
        return chosen[:, 0]

    def only(self, images: Tensor) -> Score:
        """The same of some images of the batch, by their numbers."""
        return Score(self.task, self.targets[images], None if self.rivals is None else self.rivals[images])


def score(task: str, targets: Sequence[int], rivals: Sequence[int], device: torch.device) -> Score:
    """From class numbers; no rivals, no comparison."""
    with torch.inference_mode(False):  # what is made in that mode cannot be differentiated through
        chosen, others = (torch.as_tensor(of, dtype=torch.long, device=device) for of in (targets, rivals))
    return Score(task, chosen, others if len(rivals) else None)


@dataclass(frozen=True)
class View:
    """What one layer showed for a batch, and the logits that came of it."""

    network: Network
    score: Score
    layer: str
    activations: Tensor  # (batch, channels, height, width), the start of the graph to the logits
    logits: dict[str, Tensor]

    @cached_property
    def gradients(self) -> Tensor:
        """d score / d activations, image by image, same shape as these."""
        explained = self.score.of(self.logits).sum()
        (gradients,) = torch.autograd.grad(explained, self.activations, retain_graph=True)
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

    def catch(_name: str, output: Tensor) -> Tensor:
        caught.append(output.detach().requires_grad_(True))
        return caught[-1].clone()  # a copy goes on: what follows may work in place

    # inference mode would win over enable_grad
    with evaluating(network), torch.inference_mode(False), torch.enable_grad():
        with _listening({layer: network.layer(layer)}, catch):
            logits = network(squares)
        if caught[0].ndim != 4:
            maps = [name for name in network.layers() if name in ("trunk", "pooled")]
            raise UnknownName("layer with a map", layer, maps)
        asked = score(task, targets, rivals, squares.device)
        yield View(network, asked, layer, caught[0], logits)


def map_sizes(network: Network, squares: Tensor) -> dict[str, tuple[int, int]]:
    """Height and width of the map of each layer that has one, from the input to the end; runs once."""
    found: dict[str, tuple[int, int]] = {}

    def measure(name: str, output: Tensor) -> None:
        if output.ndim == 4:
            found[name] = (output.shape[2], output.shape[3])

    layers = network.layers()
    with evaluating(network), torch.no_grad(), _listening(layers, measure):
        network(squares)
    return {name: found[name] for name in layers if name in found}


@contextmanager
def _listening(
    layers: Mapping[str, nn.Module], hear: Callable[[str, Tensor], Tensor | None]
) -> Iterator[None]:
    """Inside the block `hear(name, output)` of each layer, for this thread; what it gives goes on instead."""
    me = threading.get_ident()

    def hook(name: str) -> Callable[[nn.Module, Any, Tensor], Tensor | None]:
        return lambda _module, _inputs, output: hear(name, output) if threading.get_ident() == me else None

    with _door:  # torch numbers hooks without a lock: two threads could get one number
        hooks = [module.register_forward_hook(hook(name)) for name, module in layers.items()]
    try:
        yield
    finally:
        with _door:
            for one in hooks:
                one.remove()
