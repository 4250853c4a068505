"""Squares in, probabilities out: batches, devices and views."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spermlens.errors import UsageError
from spermlens.explain._capture import evaluating
from spermlens.explain._engine import every_class
from spermlens.explain._scaled import EveryClass
from spermlens.models._network import Network
from spermlens.predict.eye import Seen, check_finite, tempered
from spermlens.predict.sides import ONE_SIDE, Sides
from spermlens.predict.views import view
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
    parts = {task.name: [np.zeros((0, len(task.classes)))] for task in network.tasks}
    maps: dict[tuple[str, str], list[EveryClass]] = {(m, task): [] for m in methods for task in parts}
    far: list[Tensor] = []
    with evaluating(network), torch.inference_mode():
        for batch in torch.split(squares, batch_size) if len(squares) else ():
            mean: Logits = {}
            for index in range(sides.count):
                passage = network.read(view(batch, index, sides.count, upright=sides.upright))
                if index == 0 and network.familiar is not None:
                    far.append(network.familiar(passage.features).double().cpu())
                for method, task in maps if index == 0 else ():
                    maps[method, task].append(every_class(network, passage, method, task))
                for task, logits in passage.logits.items():
                    share = torch.softmax(logits.double(), 1) / sides.count
                    mean[task] = mean[task] + share if task in mean else share
            for task, values in mean.items():
                parts[task].append(tempered(values.cpu().numpy(), divisor[task]))
    found = {task: np.concatenate(values) for task, values in parts.items()}
    check_finite(found)
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
