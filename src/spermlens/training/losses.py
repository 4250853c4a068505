"""The loss of a network with many tasks, some of whose labels are missing.

Logits are {task: (batch, classes)}, labels {task: (batch,) class numbers, -1 where missing}.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy, kl_div, log_softmax, one_hot

from spermlens.config import Training
from spermlens.training.task_weights import TaskWeights
from spermlens.types import Task

MISSING = -1


@dataclass(frozen=True, slots=True)
class Loss:
    """Averaged over the annotated images of a task, then over the tasks, as `weighing` says if it is there.

    A class of probability p costs -log p, or with a power q above 0 the generalised (1 - p^q) / q of Zhang
    and Sabuncu (2018): never more than 1 / q, so a wrong label cannot pull without end. With a focusing g
    above 0 it costs (1 - p)^g times -log p, the focal loss of Lin et al. (2017): what is nearly right already
    says little. Smoothing and class weights act alike on all: an image costs what its classes cost, in the
    shares of its smoothed label. Adjustments are added to the logits before: see `log_priors`.
    """

    label_smoothing: float = 0.0
    class_weights: Mapping[str, Tensor] = field(default_factory=dict)
    power: float = 0.0  # 0: cross-entropy, which is where the generalised tends to
    focusing: float = 0.0  # 0: cross-entropy, which is what the focal loss then is
    adjustments: Mapping[str, Tensor] = field(default_factory=dict)  # {task: (classes,)}
    weighing: TaskWeights | None = None  # None: all tasks weigh the same

    def __call__(self, logits: Mapping[str, Tensor], labels: Mapping[str, Tensor]) -> Tensor:
        parts = torch.stack([self._task(name, logits[name], labels[name]) for name in logits])
        if self.weighing is None:
            return parts.mean()
        annotated = torch.stack([(labels[name] != MISSING).any() for name in logits])
        weighed: Tensor = self.weighing(parts, annotated)
        return weighed

    def _task(self, name: str, logits: Tensor, labels: Tensor) -> Tensor:
        weight = self.class_weights.get(name)
        if weight is not None:
            weight = weight.to(logits.device)
        logits = logits.float()
        if name in self.adjustments:
            logits = logits + self.adjustments[name].to(logits.device)
        each = (self._costed if self.power or self.focusing else self._cross_entropy)(logits, labels, weight)
        return each.sum() / (labels != MISSING).sum().clamp(min=1)

    def _cross_entropy(self, logits: Tensor, labels: Tensor, weight: Tensor | None) -> Tensor:
        return cross_entropy(
            logits,
            labels,
            weight=weight,
            ignore_index=MISSING,
            reduction="none",
            label_smoothing=self.label_smoothing,
        )

    def _costed(self, logits: Tensor, labels: Tensor, weight: Tensor | None) -> Tensor:
        classes = logits.shape[1]
        shares = one_hot(labels.clamp(min=0), classes) * (1 - self.label_smoothing)
        shares = shares + self.label_smoothing / classes
        costs = self._costs(log_softmax(logits, 1))
        each = (shares * (costs if weight is None else costs * weight)).sum(1)
        return each * (labels != MISSING)

    def _costs(self, log_p: Tensor) -> Tensor:
        """Of each class, generalised or focal."""
        if self.power:
            return -torch.expm1(self.power * log_p) / self.power
        left = -torch.expm1(log_p)  # 1 - p; a root of nought would have no gradient
        return -(left.clamp(min=torch.finfo(left.dtype).tiny) ** self.focusing) * log_p


def disagreement(one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> Tensor:
    """Jensen-Shannon divergence of two predictions of the same images, in nats: 0 if equal, at most log 2."""
    parts = []
    for task in one:
        first, second = (log_softmax(logits[task].float(), 1) for logits in (one, other))
        middle = torch.logaddexp(first, second) - math.log(2)
        away = [side.exp() * (side - middle) for side in (first, second)]
        parts.append((away[0] + away[1]).sum(1).mean() / 2)
    return torch.stack(parts).mean()


def divergence(wanted: Mapping[str, Tensor], logits: Mapping[str, Tensor]) -> Tensor:
    """Kullback-Leibler divergence from the probabilities wanted to those told, in nats; 0 if equal."""
    parts = [
        kl_div(log_softmax(logits[task].float(), 1), wanted[task], reduction="batchmean") for task in logits
    ]
    return torch.stack(parts).mean()


def loss_of(training: Training, tasks: Sequence[Task], labels: Mapping[str, NDArray[np.int64]]) -> Loss:
    """The loss that an experiment asks for, its class weights those of the labels learned from."""
    weights = {}
    if training.class_weights == "balanced":
        weights = {task.name: balanced_weights(labels[task.name], len(task.classes)) for task in tasks}
    adjustments = {}
    if tau := training.logit_adjustment:
        adjustments = {task.name: tau * log_priors(labels[task.name], len(task.classes)) for task in tasks}
    return Loss(
        training.label_smoothing,
        weights,
        power=training.loss_power if training.loss == "generalized" else 0,
        focusing=training.focusing if training.loss == "focal" else 0,
        adjustments=adjustments,
        weighing=TaskWeights(len(tasks)) if training.task_weights == "uncertainty" else None,
    )


def balanced_weights(labels: NDArray[np.int64], classes: int) -> Tensor:
    """Each class weighs the same in all; an absent class weighs nothing."""
    counts = np.bincount(labels[labels != MISSING], minlength=classes).astype(float)
    weights = np.divide(counts.sum(), classes * counts, out=np.zeros_like(counts), where=counts > 0)
    return torch.tensor(weights, dtype=torch.float32)


def log_priors(labels: NDArray[np.int64], classes: int) -> Tensor:
    """The logarithm of each class's share of the labels; an absent class counts as one image.

    Added to the logits while learning (Menon et al. 2021), they say what is common, so that the logits need
    not: without them, when asked, a rare class is held for as likely as a common one.
    """
    counts = np.maximum(np.bincount(labels[labels != MISSING], minlength=classes), 1)
    return torch.tensor(np.log(counts / counts.sum()), dtype=torch.float32)
