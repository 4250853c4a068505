"""What a batch costs: two views of the same cells agree, whatever else is asked for."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from spermlens.config import Augment, Phase, Training
from spermlens.training.augment import augment
from spermlens.training.batch_loss import BatchLoss
from spermlens.training.losses import Loss, disagreement, divergence

PHASES = (Phase(train="all", epochs=1, learning_rate=1e-2),)
LABELS = {"t": torch.tensor([0, 1, -1, 2, 1, 0])}
STILL = Augment(rotate_degrees=0, mirror=False, scale=0, shift=0, stain=0, brightness=0, contrast=0, noise=0)


def squares() -> Tensor:
    return torch.rand(6, 3, 12, 12, generator=torch.Generator().manual_seed(2))


class Watched(torch.nn.Module):
    """Remembers what it was shown; its answers are means of colours."""

    def __init__(self, strength: float = 9.0) -> None:
        super().__init__()
        self.strength = torch.nn.Parameter(torch.tensor(strength))
        self.seen: list[Tensor] = []
        self.said: list[dict[str, Tensor]] = []

    def forward(self, shown: Tensor) -> dict[str, Tensor]:
        self.seen.append(shown)
        self.said.append({"t": shown[:, :, :6].mean((2, 3)) * self.strength})
        return self.said[-1]


def cost(
    network: Any,
    how: Augment = Augment(),  # noqa: B008
    teachers: Any = (),
    **settings: Any,
) -> Tensor:
    training = Training(phases=PHASES, **settings)
    generator = torch.Generator().manual_seed(4)
    return BatchLoss(training, how, Loss(), generator, teachers)(network, squares(), LABELS)


def test_consistency_adds_what_two_views_differ_by() -> None:
    network = Watched()
    found = cost(network, consistency=3.0)
    one, other = network.seen
    generator = torch.Generator().manual_seed(4)
    assert torch.equal(one, augment(squares(), Augment(), generator))
    assert torch.equal(other, augment(squares(), Augment(), generator))  # drawn anew, not the first again
    labelled = [Loss()(said, LABELS).item() for said in network.said]
    apart = disagreement(*network.said).item()
    assert apart > 1e-4
    assert found.item() == pytest.approx(sum(labelled) / 2 + 3 * apart, rel=1e-6)


def test_where_nothing_is_changed_consistency_costs_nothing() -> None:
    plain = cost(Watched(), STILL)
    assert cost(Watched(), STILL, consistency=5.0).item() == pytest.approx(plain.item(), abs=1e-6)


@pytest.mark.parametrize("consistency", [0.0, 1.0])
def test_both_views_share_partner_and_share(consistency: float) -> None:
    network = Watched()
    cost(network, STILL, consistency=consistency, mixup_alpha=5.0)
    assert len(network.seen) == 1 + (consistency > 0)
    for view in network.seen:
        torch.testing.assert_close(view, network.seen[0], atol=1e-6, rtol=0)
    assert not torch.allclose(network.seen[0], squares(), atol=0.05)


@pytest.mark.parametrize("consistency", [0.0, 2.0])
def test_teachers_see_the_same_pictures_and_take_their_share(consistency: float) -> None:
    network, teachers = Watched(), (Watched(30.0), Watched(-10.0))
    settings = {"consistency": consistency, "mixup_alpha": 0.4}
    plain = cost(Watched(), **settings).item()
    found = cost(network, teachers=teachers, teacher_weight=0.25, **settings)
    found.backward()
    told, apart = [], []
    for view, said in enumerate(network.said):
        for teacher in teachers:
            assert torch.equal(teacher.seen[view], network.seen[view])
        told.append(torch.stack([one.said[view]["t"].softmax(1) for one in teachers]).mean(0))
        apart.append(divergence({"t": told[-1]}, said).item())
    differ = consistency * disagreement(*network.said).item() if consistency else 0
    assert min(apart) > 0.001
    expected = 0.75 * (plain - differ) + 0.25 * sum(apart) / len(apart) + differ
    assert found.item() == pytest.approx(expected, rel=1e-5)
    assert network.strength.grad is not None
    assert all(teacher.strength.grad is None for teacher in teachers)
