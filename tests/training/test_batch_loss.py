"""What a batch costs: two views of the same cells agree, whatever else is asked for."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from spermlens.config import Augment, Phase, Training
from spermlens.training.augment import augment
from spermlens.training.batch_loss import BatchLoss
from spermlens.training.losses import Loss, disagreement

PHASES = (Phase(train="all", epochs=1, learning_rate=1e-2),)
LABELS = {"t": torch.tensor([0, 1, -1, 2, 1, 0])}
STILL = Augment(rotate_degrees=0, mirror=False, scale=0, shift=0, stain=0, brightness=0, contrast=0, noise=0)


def squares() -> Tensor:
    return torch.rand(6, 3, 12, 12, generator=torch.Generator().manual_seed(2))


class Watched(torch.nn.Module):
    """Remembers what it was shown; its answers are means of colours."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Tensor] = []
        self.said: list[dict[str, Tensor]] = []

    def forward(self, shown: Tensor) -> dict[str, Tensor]:
        self.seen.append(shown)
        self.said.append({"t": shown[:, :, :6].mean((2, 3)) * 9})
        return self.said[-1]


def cost(network: Any, how: Augment = Augment(), **settings: Any) -> Tensor:  # noqa: B008
    training = Training(phases=PHASES, **settings)
    generator = torch.Generator().manual_seed(4)
    return BatchLoss(training, how, Loss(), generator)(network, squares(), LABELS)


def test_consistency_adds_what_two_views_differ_by() -> None:
    network = Watched()
    found = cost(network, consistency=3.0)
    one, other = network.seen
    generator = torch.Generator().manual_seed(4)
    assert torch.equal(one, augment(squares(), Augment(), generator))
    assert torch.equal(other, augment(squares(), Augment(), generator))  # drawn anew, not the first again
    labelled = [float(Loss()(said, LABELS)) for said in network.said]
    apart = float(disagreement(*network.said))
    assert apart > 1e-4
    assert float(found) == pytest.approx(sum(labelled) / 2 + 3 * apart, rel=1e-6)


def test_where_nothing_is_changed_consistency_costs_nothing() -> None:
    plain = cost(Watched(), STILL)
    assert float(cost(Watched(), STILL, consistency=5.0)) == pytest.approx(float(plain), abs=1e-6)


@pytest.mark.parametrize("consistency", [0.0, 1.0])
def test_both_views_share_partner_and_share(consistency: float) -> None:
    network = Watched()
    cost(network, STILL, consistency=consistency, mixup_alpha=5.0)
    assert len(network.seen) == 1 + (consistency > 0)
    for view in network.seen:
        torch.testing.assert_close(view, network.seen[0], atol=1e-6, rtol=0)
    assert not torch.allclose(network.seen[0], squares(), atol=0.05)
