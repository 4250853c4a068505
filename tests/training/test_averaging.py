"""The average of weights looks back over a share of the training, and never further than asked."""

from __future__ import annotations

import pytest
import torch

from spermlens.models import build
from spermlens.models._network import Network
from spermlens.training.averaging import average_of, decay_after
from spermlens.types import Task


@pytest.fixture
def network() -> Network:
    torch.manual_seed(0)
    return build("simple_cnn", (Task("t", ("a", "b")),), arguments={"width": 4})


def set_to(network: Network, value: float) -> None:
    with torch.no_grad():
        for tensor in [*network.parameters(), *network.buffers()]:
            tensor.fill_(value)


def test_the_decay_grows_to_what_was_asked_for() -> None:
    found = [decay_after(steps, 0.9) for steps in (1, 2, 30, 80, 10_000)]
    assert found == pytest.approx([2 / 11, 3 / 12, 31 / 40, 0.9, 0.9])


def test_the_average_is_the_recursion_by_hand_and_counts_are_no_means(network: Network) -> None:
    average = average_of(network, 0.5)
    expected = 0.0
    for step, value in enumerate([3.0, 5.0, -1.0, 4.0, 2.0, 7.0, 0.0, 1.0, 6.0, 9.0, 8.0]):
        set_to(network, value)
        average.update_parameters(network)
        decay = min(0.5, (1 + step) / (10 + step))
        expected = value if step == 0 else decay * expected + (1 - decay) * value
    for name, tensor in average.module.state_dict().items():
        wanted = 8.0 if name.endswith("num_batches_tracked") else expected
        torch.testing.assert_close(tensor, torch.full_like(tensor, wanted), msg=name)


def test_what_was_before_any_learning_is_soon_forgotten(network: Network) -> None:
    """After ten epochs of six steps; a plain decay of 0.99 would keep more than half of it."""
    average = average_of(network, 0.99)
    set_to(network, 1.0)
    average.update_parameters(network)
    set_to(network, 0.0)
    for _ in range(60):
        average.update_parameters(network)
    assert float(next(average.module.parameters()).detach().flatten()[0]) < 1e-3
