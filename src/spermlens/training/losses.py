"""The loss of a network with many tasks, some of whose labels are missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy

from spermlens.config import Training
from spermlens.types import Task

MISSING = -1


@dataclass(frozen=True, slots=True)
class Loss:
    """Cross-entropy, averaged over the annotated images of a task, then over the tasks."""

    label_smoothing: float = 0.0
    class_weights: Mapping[str, Tensor] = field(default_factory=dict)

    def __call__(self, logits: Mapping[str, Tensor], labels: Mapping[str, Tensor]) -> Tensor:
        parts = [self._task(name, logits[name], labels[name]) for name in logits]
        return torch.stack(parts).mean()

    def _task(self, name: str, logits: Tensor, labels: Tensor) -> Tensor:
        weight = self.class_weights.get(name)
        each = cross_entropy(
            logits.float(),
            labels,
            weight=None if weight is None else weight.to(logits.device),
            ignore_index=MISSING,
            reduction="none",
            label_smoothing=self.label_smoothing,
        )
        return each.sum() / (labels != MISSING).sum().clamp(min=1)


def loss_of(training: Training, tasks: Sequence[Task], labels: Mapping[str, NDArray[np.int64]]) -> Loss:
    """The loss that an experiment asks for, its class weights those of the labels learned from."""
    weights = {}
    if training.class_weights == "balanced":
        weights = {task.name: balanced_weights(labels[task.name], len(task.classes)) for task in tasks}
    return Loss(training.label_smoothing, weights)


def balanced_weights(labels: NDArray[np.int64], classes: int) -> Tensor:
    """Each class weighs the same in all; an absent class weighs nothing."""
    counts = np.bincount(labels[labels != MISSING], minlength=classes).astype(float)
    weights = np.divide(counts.sum(), classes * counts, out=np.zeros_like(counts), where=counts > 0)
    return torch.tensor(weights, dtype=torch.float32)
