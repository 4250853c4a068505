"""Answers and reasons from one way through a network, and that way as a graph without Python."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from spermlens.models import build
from spermlens.models._network import Network
from spermlens.types import Task

TASKS = (Task("shape", ("round", "long")), Task("type.b", ("a", "b", "c")))


def pictures(count: int) -> Tensor:
    return torch.rand(count, 3, 64, 64, generator=torch.Generator().manual_seed(4))


@pytest.fixture(params=[("simple_cnn", {"width": 4}), ("timm:test_efficientnet", {})], ids=["plain", "timm"])
def network(request: pytest.FixtureRequest) -> Network:
    torch.manual_seed(6)
    name, arguments = request.param
    return build(name, TASKS, arguments={**arguments, "cbam": True}).eval()


def test_it_answers_what_the_network_answers(network: Network) -> None:
    with torch.no_grad():
        passage, logits = network.read(pictures(3)), network(pictures(3))
        features = network.features(pictures(3))
    for task in TASKS:
        assert torch.equal(passage.logits[task.name], logits[task.name])
        bias = network.head(task.name).linear.bias
        torch.testing.assert_close(passage.maps[task.name].mean((2, 3)) + bias, logits[task.name])
        assert passage.maps[task.name].shape[:2] == (3, len(task.classes))
    assert torch.equal(passage.features, features)
    assert not torch.equal(passage.trunk, features)
    assert network.attention is not None
    assert torch.equal(network.attention(passage.trunk), features)


class Graph(nn.Module):
    """What would be exported: logits and maps."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, squares: Tensor) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        passage = self.network.read(squares)
        return passage.logits, passage.maps


def test_it_is_one_graph_for_any_number_of_pictures(network: Network) -> None:
    any_number = {"squares": {0: torch.export.Dim("images", min=1, max=64)}}
    graph = torch.export.export(Graph(network), (pictures(2),), dynamic_shapes=any_number).module()
    for count in (1, 5):
        with torch.no_grad():
            wanted = Graph(network)(pictures(count))
        for ours, theirs in zip(graph(pictures(count)), wanted, strict=True):
            for task in ours:
                torch.testing.assert_close(ours[task], theirs[task])
