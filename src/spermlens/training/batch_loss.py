"""What a batch costs: its pictures are changed and mixed, answered, and held against their labels.

Asked for consistency, it is changed twice and shown as two batches. Then it costs their mean, and what the
two answers differ by, with or without labels. Teachers are shown the same pictures as the network: what it
tells otherwise than they do on average takes a share of the cost.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Generator, Tensor

from spermlens.config import Augment, Training
from spermlens.models._network import Network
from spermlens.training.augment import Mixing, augment, draw_mixing
from spermlens.training.losses import Loss, disagreement, divergence

Logits = Mapping[str, Tensor]


@dataclass(frozen=True)
class BatchLoss:
    """Every number it draws comes from the generator, so a seed gives the same losses."""

    training: Training
    augment: Augment
    loss: Loss
    generator: Generator
    teachers: Sequence[Network] = ()  # at rest

    def __call__(self, network: Network, squares: Tensor, labels: Mapping[str, Tensor]) -> Tensor:
        """One number for (batch, 3, size, size) in 0..1 and {task: (batch,) class numbers}."""
        views = [augment(squares, self.augment, self.generator)]
        alpha, consistency = self.training.mixup_alpha, self.training.consistency
        mixing = draw_mixing(len(squares), alpha, self.generator) if alpha else None
        if consistency:  # mixed as the first was, else the two would be of other cells
            views.append(augment(squares, self.augment, self.generator))
        shown = [mixing(view) if mixing else view for view in views]
        answers = [self._answer(network, pictures) for pictures in shown]
        cost = torch.stack([self._against_labels(answer, labels, mixing) for answer in answers]).mean()
        if self.teachers:
            pairs = zip(shown, answers, strict=True)
            apart = [divergence(self._taught(pictures), answer) for pictures, answer in pairs]
            weight = self.training.teacher_weight
            cost = (1 - weight) * cost + weight * torch.stack(apart).mean()
        return cost + consistency * disagreement(*answers) if consistency else cost

    def _answer(self, network: Network, squares: Tensor) -> Logits:
        with self._precision(squares.device.type):
            logits: Logits = network(squares.contiguous(memory_format=torch.channels_last))
        return logits

    def _taught(self, squares: Tensor) -> dict[str, Tensor]:
        """{task: (batch, classes) probabilities}, the mean over the teachers."""
        with torch.no_grad():
            told = [self._answer(teacher, squares) for teacher in self.teachers]
            return {
                task: torch.stack([logits[task].float().softmax(1) for logits in told]).mean(0)
                for task in told[0]
            }

    def _precision(self, device: str) -> AbstractContextManager[Any]:
        wish = self.training.precision
        if wish == "mixed" or (wish == "auto" and device == "cuda"):
            return torch.autocast(device, dtype=torch.bfloat16)
        return nullcontext()

    def _against_labels(self, logits: Logits, labels: Mapping[str, Tensor], mixing: Mixing | None) -> Tensor:
        own = self.loss(logits, labels)
        if mixing is None:
            return own
        theirs = {task: mixing.of_partners(values) for task, values in labels.items()}
        return mixing.share * own + (1 - mixing.share) * self.loss(logits, theirs)
