"""The loss by hand: labels that are missing say nothing, classes weigh what they should."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.metrics import log_loss

from spermlens.training.losses import MISSING, Loss, balanced_weights


def logits(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(4), requires_grad=True)


def test_it_is_the_log_loss() -> None:
    given, truth = logits(12, 3), np.arange(12) % 3
    expected = log_loss(truth, torch.softmax(given.detach().double(), 1).numpy())
    assert Loss()({"t": given}, {"t": torch.from_numpy(truth)}).item() == pytest.approx(expected, rel=1e-5)


def test_a_missing_label_has_no_gradient_and_no_share() -> None:
    given, truth = logits(6, 3), torch.tensor([0, MISSING, 2, MISSING, 1, 0])
    loss = Loss()({"t": given}, {"t": truth})
    loss.backward()
    known = truth != MISSING
    assert given.grad is not None
    assert (given.grad[~known] == 0).all()
    assert (given.grad[known] != 0).any(1).all()
    alone = Loss()({"t": given[known]}, {"t": truth[known]})
    assert loss.item() == pytest.approx(alone.item(), rel=1e-6)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_a_batch_without_any_label_is_nought_and_finite(smoothing: float) -> None:
    given = logits(4, 3)
    loss = Loss(smoothing)({"t": given}, {"t": torch.full((4,), MISSING)})
    loss.backward()
    assert loss.item() == 0
    assert given.grad is not None
    assert (given.grad == 0).all()


def test_tasks_weigh_the_same() -> None:
    a, b = logits(4, 3), logits(4, 2)
    labels = {"a": torch.tensor([0, 1, 2, 0]), "b": torch.tensor([0, MISSING, MISSING, 1])}
    both = Loss()({"a": a, "b": b}, labels)
    parts = [Loss()({name: given}, labels) for name, given in (("a", a), ("b", b))]
    assert both.item() == pytest.approx((parts[0].item() + parts[1].item()) / 2, rel=1e-6)


def test_smoothing_by_hand() -> None:
    given, truth = logits(5, 4), torch.tensor([3, 0, 1, 2, 2])
    target = torch.full((5, 4), 0.1 / 4)
    target[torch.arange(5), truth] += 0.9
    expected = -(target * torch.log_softmax(given, 1)).sum(1).mean()
    assert Loss(0.1)({"t": given}, {"t": truth}).item() == pytest.approx(expected.item(), rel=1e-5)


def test_balanced_weights_give_every_class_the_same_say() -> None:
    labels = np.array([0] * 6 + [1] * 3 + [MISSING] * 5)
    weights = balanced_weights(labels, 3)
    assert weights.tolist() == pytest.approx([0.5, 1.0, 0.0])
    weighed = Loss(class_weights={"t": weights})
    given = torch.zeros(14, 3)
    assert weighed({"t": given}, {"t": torch.from_numpy(labels)}).item() == pytest.approx(
        np.log(3) * (6 * 0.5 + 3 * 1.0) / 9, rel=1e-5
    )


def test_classes_that_all_occur_keep_the_size_of_the_loss() -> None:
    labels = np.array([0] * 8 + [1] * 2)
    assert (balanced_weights(labels, 2).numpy()[labels]).mean() == pytest.approx(1)
