"""Squares in, probabilities out: batches, devices and views."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spermlens.errors import UsageError
from spermlens.explain._capture import evaluating
from spermlens.models._network import Network
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
    stacked = torch.from_numpy(np.ascontiguousarray(np.asarray(squares, np.uint8)))
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
    divisor = temperature or {}
    parts: dict[str, list[Tensor]] = {task.name: [] for task in network.tasks}
    with evaluating(network), torch.inference_mode():
        for batch in squares.split(batch_size):
            mean: Logits = {}
            for index in range(views):
                for task, logits in network(view(batch, index, views)).items():
                    share = torch.softmax(logits.double() / divisor.get(task, 1.0), 1) / views
                    mean[task] = mean[task] + share if task in mean else share
            for task, values in mean.items():
                parts[task].append(values.cpu())
    return {task: torch.cat(values).numpy() if values else np.zeros((0, 0)) for task, values in parts.items()}
