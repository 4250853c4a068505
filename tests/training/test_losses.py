"""The loss by hand: labels that are missing say nothing, classes weigh what they should."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.spatial.distance import jensenshannon
from scipy.special import rel_entr
from sklearn.metrics import log_loss, mean_absolute_error

from spermlens.config import Phase, Training
from spermlens.training.losses import (
    MISSING,
    Loss,
    balanced_weights,
    disagreement,
    divergence,
    log_priors,
    loss_of,
)
from spermlens.types import Task


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


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("weights", [{}, {"t": torch.tensor([0.5, 1.0, 3.0])}])
def test_a_power_near_nought_is_cross_entropy(smoothing: float, weights: dict[str, torch.Tensor]) -> None:
    given, truth = logits(7, 3), torch.tensor([0, MISSING, 2, 1, MISSING, 2, 0])
    expected = Loss(smoothing, weights)({"t": given}, {"t": truth}).item()
    assert Loss(smoothing, weights, 1e-5)({"t": given}, {"t": truth}).item() == pytest.approx(
        expected, rel=1e-4
    )
    assert Loss(smoothing, weights, 0.7)({"t": given}, {"t": truth}).item() < 0.95 * expected


def test_a_power_of_one_is_half_the_summed_absolute_error() -> None:
    given, truth = logits(9, 4), torch.arange(9) % 4
    said = torch.softmax(given.detach(), 1).numpy()
    expected = mean_absolute_error(np.eye(4)[truth.numpy()], said) * 4 / 2
    assert Loss(power=1)({"t": given}, {"t": truth}).item() == pytest.approx(expected, rel=1e-5)


def test_generalised_by_hand_with_smoothing() -> None:
    given, truth = logits(3, 3), torch.tensor([2, MISSING, 0])
    said = torch.softmax(given.detach().double(), 1).numpy()
    costs = (1 - said**0.7) / 0.7
    shares = np.array([[0.05, 0.05, 0.9], [0, 0, 0], [0.9, 0.05, 0.05]])
    assert Loss(0.15, power=0.7)({"t": given}, {"t": truth}).item() == pytest.approx(
        (shares * costs).sum() / 2, rel=1e-5
    )


def test_a_wrong_label_pulls_less_the_surer_the_network_is_of_another() -> None:
    pulls = []
    for certainty in (2.0, 6.0):
        given = torch.tensor([[certainty, 0.0, 0.0]], requires_grad=True)
        Loss(power=0.7)({"t": given}, {"t": torch.tensor([1])}).backward()
        assert given.grad is not None
        pulls.append(float(given.grad.abs().max()))
    assert pulls[1] < pulls[0] / 5  # cross-entropy would pull harder instead


def test_without_any_label_generalised_is_nought_and_finite() -> None:
    given = logits(4, 3)
    loss = Loss(0.1, power=0.7)({"t": given}, {"t": torch.full((4,), MISSING)})
    loss.backward()
    assert loss.item() == 0
    assert given.grad is not None
    assert (given.grad == 0).all()


def test_disagreement_is_that_of_scipy_and_nought_between_equals() -> None:
    one, other = logits(6, 3), logits(6, 3).flip(0) * 3
    p, q = (torch.softmax(given.detach().double(), 1).numpy() for given in (one, other))
    expected = np.mean(jensenshannon(p, q, axis=1) ** 2)
    assert expected > 0.01
    assert disagreement({"t": one}, {"t": other}).item() == pytest.approx(expected, rel=1e-5)
    two = disagreement({"t": one, "u": one}, {"t": other, "u": one})
    assert two.item() == pytest.approx(expected / 2, rel=1e-5)
    same = disagreement({"t": one}, {"t": one})
    same.backward()
    assert same.item() == pytest.approx(0, abs=1e-6)
    assert one.grad is not None
    assert one.grad.abs().max() < 1e-6


def test_divergence_is_that_of_scipy_also_where_a_class_is_ruled_out() -> None:
    given, wanted = logits(5, 3), torch.softmax(logits(5, 3).detach().flip(0), 1)
    wanted[2] = torch.tensor([0.0, 1.0, 0.0])
    said = torch.softmax(given.detach().double(), 1).numpy()
    expected = rel_entr(wanted.double().numpy(), said).sum(1).mean()
    assert divergence({"t": wanted}, {"t": given}).item() == pytest.approx(expected, rel=1e-5)
    itself = {"t": torch.softmax(given.detach(), 1)}
    assert divergence(itself, {"t": given}).item() == pytest.approx(0, abs=1e-6)


def test_disagreement_of_the_surest_is_finite() -> None:
    one, other = torch.tensor([[200.0, -200.0]], requires_grad=True), torch.tensor([[-200.0, 200.0]])
    found = disagreement({"t": one}, {"t": other})
    found.backward()
    assert found.item() == pytest.approx(np.log(2), rel=1e-6)
    assert one.grad is not None
    assert torch.isfinite(one.grad).all()


@pytest.mark.parametrize("focusing", [0.5, 2.0, 5.0])
def test_focal_of_two_classes_is_torchvisions(focusing: float) -> None:
    from torchvision.ops import sigmoid_focal_loss

    given, truth = logits(9, 2), torch.arange(9) % 2
    expected = sigmoid_focal_loss(
        given[:, 1] - given[:, 0], truth.float(), alpha=-1, gamma=focusing, reduction="mean"
    )
    found = Loss(focusing=focusing)({"t": given}, {"t": truth})
    assert found.item() == pytest.approx(expected.item(), rel=1e-5)


def test_focal_by_hand_with_smoothing_weights_and_a_missing_label() -> None:
    given, truth = logits(3, 3), torch.tensor([2, MISSING, 0])
    said = torch.softmax(given.detach().double(), 1).numpy()
    weights = np.array([0.5, 1.0, 3.0])
    costs = weights * (1 - said) ** 2 * -np.log(said)
    shares = np.array([[0.05, 0.05, 0.9], [0, 0, 0], [0.9, 0.05, 0.05]])
    loss = Loss(0.15, {"t": torch.tensor(weights)}, focusing=2)
    assert loss({"t": given}, {"t": truth}).item() == pytest.approx((shares * costs).sum() / 2, rel=1e-5)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("weights", [{}, {"t": torch.tensor([0.5, 1.0, 3.0])}])
def test_without_focusing_focal_is_cross_entropy(smoothing: float, weights: dict[str, torch.Tensor]) -> None:
    given, truth = logits(7, 3), torch.tensor([0, MISSING, 2, 1, MISSING, 2, 0])
    expected = Loss(smoothing, weights)({"t": given}, {"t": truth}).item()
    for focusing in (0.0, 1e-6):
        found = Loss(smoothing, weights, focusing=focusing)({"t": given}, {"t": truth}).item()
        assert found == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("focusing", [0.5, 2.0])
def test_focal_of_the_surest_is_finite(focusing: float) -> None:
    given = torch.tensor([[300.0, -300.0], [300.0, -300.0]], requires_grad=True)
    loss = Loss(0.1, focusing=focusing)({"t": given}, {"t": torch.tensor([0, 1])})
    loss.backward()
    assert given.grad is not None
    assert torch.isfinite(given.grad).all()
    assert torch.isfinite(loss)


def test_log_priors_are_the_classes_shares_of_the_labels() -> None:
    labels = np.array([0] * 6 + [1] * 2 + [MISSING] * 5)
    assert log_priors(labels, 2).tolist() == pytest.approx(np.log([0.75, 0.25]))
    absent = log_priors(labels, 3)
    assert absent.exp().tolist() == pytest.approx([6 / 9, 2 / 9, 1 / 9])


def test_adjusted_logits_that_know_nothing_learn_that_classes_are_alike() -> None:
    """A bias alone ends at the log shares, so adjusted by them it ends where all classes are equal."""
    truth = torch.tensor([0] * 15 + [1] * 5)
    for tau, expected in ((0.0, 0.25), (1.0, 0.5), (2.0, 0.75)):
        training = Training(logit_adjustment=tau, phases=(Phase(train="all", epochs=1, learning_rate=1),))
        loss = loss_of(training, [Task("t", ("a", "b"))], {"t": truth.numpy()})
        bias = torch.zeros(2, requires_grad=True)
        optimizer = torch.optim.LBFGS([bias], max_iter=100, line_search_fn="strong_wolfe")

        def step(loss: Loss = loss, bias: torch.Tensor = bias) -> torch.Tensor:
            bias.grad = None
            cost = loss({"t": bias.expand(20, 2)}, {"t": truth})
            cost.backward()
            return cost

        optimizer.step(step)
        assert bias.softmax(0)[1].item() == pytest.approx(expected, abs=1e-3)


def test_each_task_is_adjusted_by_its_own_labels_and_only_if_asked() -> None:
    tasks = [Task("a", ("x", "y")), Task("b", ("x", "y", "z"))]
    labels = {"a": np.array([0, 0, 0, 1]), "b": np.array([2, MISSING, 1, 0])}
    phases = (Phase(train="all", epochs=1, learning_rate=1),)
    found = loss_of(Training(logit_adjustment=2, phases=phases), tasks, labels).adjustments
    assert found["a"].tolist() == pytest.approx(2 * np.log([0.75, 0.25]))
    assert found["b"].tolist() == pytest.approx(2 * np.log([1 / 3] * 3))
    assert loss_of(Training(phases=phases), tasks, labels) == Loss()
    focal = loss_of(Training(loss="focal", focusing=3, phases=phases), tasks, labels)
    assert focal == Loss(focusing=3)
