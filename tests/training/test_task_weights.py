"""What tasks weigh when that is learned: the optimum known from calculus, and no say without labels."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from spermlens.config import Phase, Training
from spermlens.training.losses import MISSING, Loss, loss_of
from spermlens.training.task_weights import HELD, TaskWeights
from spermlens.types import Task

COSTS = torch.tensor([0.05, 0.7, 2.5])
ALL = torch.tensor([True, True, True])
TASKS = (Task("a", ("x", "y", "z")), Task("b", ("no", "yes")))
LABELS = {"a": torch.tensor([0, 1, 2, 0]), "b": torch.tensor([0, MISSING, MISSING, 1])}


def logits() -> dict[str, torch.Tensor]:
    drawn = torch.Generator().manual_seed(4)
    return {"a": torch.randn(4, 3, generator=drawn), "b": torch.randn(4, 2, generator=drawn)}


def at(s: list[float]) -> TaskWeights:
    weights = TaskWeights(len(s))
    with torch.no_grad():
        weights.held.copy_(torch.tensor(s) * HELD)
    return weights


def test_before_anything_is_learned_it_is_the_plain_mean() -> None:
    assert TaskWeights(3)(COSTS, ALL).item() == pytest.approx(COSTS.mean().item(), rel=1e-6)


def test_by_hand() -> None:
    s = [-1.0, 0.5, 2.0]
    expected = np.mean(np.exp(-np.array(s)) * COSTS.numpy() + s)
    assert at(s)(COSTS, ALL).item() == pytest.approx(expected, rel=1e-5)


def test_for_fixed_costs_the_best_logarithm_is_that_of_the_cost() -> None:
    weights = TaskWeights(3)
    optimizer = torch.optim.AdamW(weights.parameters(), lr=3e-3, weight_decay=0)
    for _ in range(1500):
        optimizer.zero_grad()
        weights(COSTS, ALL).backward()
        optimizer.step()
    assert weights.log_variances.detach().numpy() == pytest.approx(COSTS.log().numpy(), abs=0.01)


def test_a_step_moves_a_logarithm_by_more_than_the_learning_rate() -> None:
    weights = TaskWeights(3)
    optimizer = torch.optim.AdamW(weights.parameters(), lr=1e-3, weight_decay=0)
    weights(COSTS, ALL).backward()
    optimizer.step()
    assert weights.log_variances.detach().abs().numpy() == pytest.approx(1e-3 / HELD, rel=1e-3)


def test_a_task_without_a_label_in_the_batch_pulls_at_nothing() -> None:
    weights = at([0.3, -0.7])
    unlabelled = LABELS | {"b": torch.full((4,), MISSING)}
    cost = Loss(weighing=weights)(logits(), unlabelled)
    cost.backward()
    alone = Loss()({"a": logits()["a"]}, LABELS).item()
    assert cost.item() == pytest.approx((np.exp(-0.3) * alone + 0.3) / 2, rel=1e-5)
    assert weights.held.grad is not None
    assert weights.held.grad[0] != 0
    assert weights.held.grad[1] == 0


def test_the_loss_is_asked_for_by_name() -> None:
    phase = Phase(train="all", epochs=1, learning_rate=1e-2)
    labels = {name: values.numpy() for name, values in LABELS.items()}
    plain = loss_of(Training(phases=(phase,)), TASKS, labels)
    assert plain.weighing is None
    learned = loss_of(Training(phases=(phase,), task_weights="uncertainty"), TASKS, labels)
    assert learned.weighing is not None
    with torch.no_grad():
        learned.weighing.held.copy_(torch.tensor([0.2, -0.4]) * HELD)
    parts = [Loss()({name: given}, LABELS).item() for name, given in logits().items()]
    expected = (np.exp(-0.2) * parts[0] + 0.2 + np.exp(0.4) * parts[1] - 0.4) / 2
    assert learned(logits(), LABELS).item() == pytest.approx(expected, rel=1e-5)
