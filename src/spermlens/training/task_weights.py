"""What each task weighs beside the others, where that is learned with the network.

Kendall and others (2018) give every task a variance, learned as its logarithm s. A task that costs L takes
part with exp(-s) L + s: what is hard is let go of, at a price that keeps s from growing without end. For
fixed L the best s is log L, so every task ends up with about the same say. Theirs for classes has s / 2,
which halves all weights alike and changes nothing between tasks; either way, s = 0 is the plain mean.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

# The optimiser moves a number by about the learning rate a step, however steep: too little for a logarithm.
# It is therefore held as this part of itself.
HELD = 0.1


class TaskWeights(nn.Module):
    """One logarithm a task, in the order of the network's tasks; it learns, and no saved model has it."""

    def __init__(self, tasks: int) -> None:
        super().__init__()
        self.held = nn.Parameter(torch.zeros(tasks))

    @property
    def log_variances(self) -> Tensor:
        """(tasks,), each 0 before anything is learned."""
        return self.held / HELD

    def forward(self, costs: Tensor, annotated: Tensor) -> Tensor:
        """The mean over (tasks,) costs as they weigh; a task without a label in the batch has no say."""
        s = self.log_variances
        return ((torch.exp(-s) * costs + s) * annotated).mean()
