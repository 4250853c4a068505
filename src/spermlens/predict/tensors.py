"""Squares in, probabilities out: batches, devices and views."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spermlens.errors import BadModel, UsageError
from spermlens.explain._capture import evaluating
from spermlens.explain._engine import EveryClass, every_class
from spermlens.models._network import Network
from spermlens.predict.views import ONE_SIDE, Sides
from spermlens.types import Image

Logits = dict[str, Tensor]


def choose_device(name: str = "auto") -> torch.device:
    """'auto' takes a GPU where there is one."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise UsageError(
            f"The device '{name}' cannot be used here ({str(error)[:100]}). Use --device cpu."
        ) from error
    return device


def to_tensor(squares: list[Image] | NDArray[np.uint8], device: torch.device | None = None) -> Tensor:
    """uint8 (n, size, size, 3) -> float (n, 3, size, size) in 0..1."""
    if not len(squares):
        return torch.zeros(0, 3, 0, 0, device=device)
    array = np.asarray(squares)
    if array.dtype != np.uint8:
        raise TypeError(f"Squares are uint8, but these are {array.dtype}: scaled already?")
    stacked = torch.from_numpy(np.ascontiguousarray(array))
    return stacked.to(device or "cpu").permute(0, 3, 1, 2).float().div_(255)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a network says of n squares."""

    probabilities: dict[str, NDArray[np.float64]]  # {task: (n, classes)}, averaged over the views, tempered
    distances: NDArray[np.float64] | None  # (n,) to what it learned from, in the first view; None: not known
    maps: Mapping[tuple[str, str], EveryClass] = field(default_factory=dict)  # (method, task), first view

    def of(self, index: int) -> tuple[dict[str, NDArray[np.float64]], float | None]:
        """Probabilities and distance of one square."""
        distance = None if self.distances is None else float(self.distances[index])
        return {task: values[index] for task, values in self.probabilities.items()}, distance


def look(
    network: Network,
    squares: Tensor,
    sides: Sides = ONE_SIDE,
    *,
    temperature: Mapping[str, float] | None = None,
    methods: Sequence[str] = (),
    batch_size: int = 64,
) -> Seen:
    """Softmax averaged over the views, then its logarithms over temperature; and how strange each square is.

    The temperature acts on what all views say together, so it never changes the likeliest class.
    `methods` are exact ones, whose maps of every class the same passes give.
    """
    divisor = _divisors(network, temperature or {})
    parts = {task.name: [torch.zeros(0, len(task.classes))] for task in network.tasks}
    maps: dict[tuple[str, str], list[EveryClass]] = {(m, task): [] for m in methods for task in parts}
    far: list[Tensor] = []
    with evaluating(network), torch.inference_mode():
        for batch in torch.split(squares, batch_size) if len(squares) else ():
            mean: Logits = {}
            for index in range(sides.count):
                passage = network.read(sides.view(batch, index))
                if index == 0 and network.familiar is not None:
                    far.append(network.familiar(passage.features).double().cpu())
                for method, task in maps if index == 0 else ():
                    maps[method, task].append(every_class(network, passage, method, task))
                for task, logits in passage.logits.items():
                    share = torch.softmax(logits.double(), 1) / sides.count
                    mean[task] = mean[task] + share if task in mean else share
            for task, values in mean.items():
                parts[task].append(tempered(values, divisor[task]).cpu())
    found = {task: torch.cat(values).double().numpy() for task, values in parts.items()}
    for task, said in found.items():
        if not np.isfinite(said).all():
            raise BadModel(
                f"The answers to '{task}' are not finite: the network's values overflow. "
                "Train it again with a lower learning rate."
            )
    together = {key: np.concatenate(values) for key, values in maps.items() if values}
    return Seen(found, torch.cat(far).numpy() if far else None, together)


def probabilities(
    network: Network,
    squares: Tensor,
    *,
    views: int = 1,
    upright: bool = False,
    temperature: Mapping[str, float] | None = None,
    batch_size: int = 64,
) -> dict[str, NDArray[np.float64]]:
    """{task: (n, classes)}: softmax averaged over the views, tempered."""
    sides = Sides(views, upright)
    return look(network, squares, sides, temperature=temperature, batch_size=batch_size).probabilities


def tempered(probabilities: Tensor, divisor: float) -> Tensor:
    """Their logarithms divided; the likeliest class stays so."""
    if divisor == 1:
        return probabilities
    return torch.softmax(probabilities.clamp(min=torch.finfo(torch.float64).tiny).log() / divisor, 1)


def _divisors(network: Network, temperature: Mapping[str, float]) -> dict[str, float]:
    """A divisor for every task: 1 where none was fitted."""
    for task, value in temperature.items():
        if not 0 < value < math.inf:
            raise UsageError(
                f"The temperature of '{network.task(task).name}' must be positive, but is {value}."
            )
    return {task.name: 1.0 for task in network.tasks} | {
        network.task(t).name: v for t, v in temperature.items()
    }
