"""Layers forget from the heads down, each once, and nothing else changes."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from spermlens.evaluate.reasons.randomising import cascade
from spermlens.models import build
from spermlens.models._network import Network
from spermlens.types import Task

TASKS = (Task("shape", ("a", "b")),)


@pytest.fixture
def network() -> Network:
    made = build("simple_cnn", TASKS, arguments={"width": 4, "cbam": True})
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.fill_(0.123)  # what was learned
    return made


def learned(network: Network) -> dict[str, bool]:
    """By layer: whether its weights are still those that were learned."""
    kept: dict[str, bool] = {}
    for name, values in network.named_parameters():
        layer = name.rpartition(".")[0]
        kept[layer] = kept.get(layer, True) and bool((values == 0.123).all())
    return kept


def test_it_goes_from_the_heads_down_and_ends_with_nothing(network: Network) -> None:
    seen = [(name, learned(copy)) for name, copy in cascade(network, stops=100)]
    assert len(seen) == len(learned(network))
    assert (seen[0][0], seen[-1][0]) == ("heads.shape.linear", "trunk.0.0")
    for count, (_, kept) in enumerate(seen, start=1):
        assert sum(not one for one in kept.values()) == count
    first = seen[0][1]
    assert [layer for layer, one in first.items() if not one] == ["heads.shape.linear"]
    assert not seen[1][1]["attention.spatial.conv"]
    assert seen[1][1]["trunk.3.1"]


@pytest.mark.parametrize("stops", [1, 3])
def test_few_stops_forget_as_much_in_the_end(network: Network, stops: int) -> None:
    seen = [learned(copy) for _, copy in cascade(network, stops=stops)]
    assert len(seen) == stops + 1
    assert not any(seen[-1].values())


def test_the_network_and_the_generator_stay_as_they_are(network: Network) -> None:
    torch.manual_seed(5)
    wanted = torch.rand(3)
    torch.manual_seed(5)
    first, second = (weights_after(network) for _ in range(2))
    assert torch.equal(torch.rand(3), wanted)
    assert all(learned(network).values())
    assert torch.equal(first, second)


def weights_after(network: Network) -> Tensor:
    *_, (_, last) = cascade(network, seed=7)
    return torch.cat([values.flatten() for values in last.parameters()])
