"""Squares in, probabilities out: batches, devices and views."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spermlens.errors import BadModel, UsageError
from spermlens.explain._capture import evaluating
from spermlens.models._network import Network
from spermlens.predict.views import check, view
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


def probabilities(
    network: Network,
    squares: Tensor,
    *,
    views: int = 1,
    temperature: Mapping[str, float] | None = None,
    batch_size: int = 64,
) -> dict[str, NDArray[np.float64]]:
    """{task: (n, classes)}: softmax of logits over temperature, averaged over the views."""
    check(views)
    divisor = _divisors(network, temperature or {})
    if not len(squares):
        return {task.name: np.zeros((0, len(task.classes))) for task in network.tasks}
    parts: dict[str, list[Tensor]] = {task.name: [] for task in network.tasks}
    with evaluating(network), torch.inference_mode():
        for batch in torch.split(squares, batch_size):
            mean: Logits = {}
            for index in range(views):
                for task, logits in network(view(batch, index, views)).items():
                    share = torch.softmax(logits.double() / divisor[task], 1) / views
                    mean[task] = mean[task] + share if task in mean else share
            for task, values in mean.items():
                parts[task].append(values.cpu())
    found = {task: torch.cat(values).numpy() for task, values in parts.items()}
    for task, said in found.items():
        if not np.isfinite(said).all():
            raise BadModel(
                f"The answers to '{task}' are not finite: the network's values overflow. "
                "Train it again with a lower learning rate."
            )
    return found


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
