"""Methods that ask the network about other pictures: against Captum, laws, and answers by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from captum.attr import IntegratedGradients, Occlusion
from settled_networks import settled
from torch import Tensor, nn

from spermlens.errors import UsageError
from spermlens.explain import METHODS
from spermlens.explain._blank import blank
from spermlens.explain._capture import Score, score
from spermlens.explain._engine import raw_maps
from spermlens.explain._scaled import Question
from spermlens.explain._smoothed import PAIRS, STRENGTH, shaken
from spermlens.models import build
from spermlens.models._network import Network
from spermlens.types import Task

TASK = Task("type", ("a", "b", "c"))
TARGETS = (2, 0)


def pictures(height: int = 32, width: int = 32) -> Tensor:
    return torch.rand(2, 3, height, width, generator=torch.Generator().manual_seed(8))


@pytest.fixture
def network() -> Network:
    return settled(pictures(), (TASK,), width=4, cbam=True)


def linear() -> Network:
    """Every pixel's colours weighed, and averaged: what each pixel is worth is known."""
    torch.manual_seed(2)
    unchanged = ((0.0,) * 3, (1.0,) * 3)
    return Network(nn.Conv2d(3, 5, 1), 5, (TASK,), normalisation=unchanged).eval()


def worth(net: Network, squares: Tensor) -> Tensor:
    """Of `linear`: what each pixel adds to the logits of TARGETS, compared with an empty slide."""
    with torch.no_grad():
        colours = net.head("type").linear.weight @ net.trunk.weight[:, :, 0, 0]  # (classes, 3)
        aside = squares - blank(squares)
        return torch.einsum("bchw,bc->bhw", aside, colours[list(TARGETS)]) / aside[0, 0].numel()


def ours(net: Network, squares: Tensor, method: str, rivals: tuple[int, ...] = (), layer: str = "") -> Tensor:
    question = Question(task="type", targets=TARGETS, rivals=rivals, method=method, layer=layer)
    return torch.from_numpy(np.stack([raw.values for raw in raw_maps(net, squares, question)]))


def rise(net: Network, squares: Tensor) -> Tensor:
    """How far the scores of TARGETS are above those of an empty slide."""
    with torch.no_grad():
        empty = blank(squares).expand_as(squares)
        return (net(squares)["type"] - net(empty)["type"])[[0, 1], TARGETS]


def test_nothing_is_the_colour_of_the_slide_whatever_lies_in_the_middle() -> None:
    squares = torch.full((2, 3, 9, 12), 0.8)
    squares[0, 1] = 0.6
    squares[:, :, 1:-1, 1:-1] = 0.1
    squares[:, :, 0, 3:6] = 0.0  # a tail that crosses the border
    wanted = torch.tensor([[0.8, 0.6, 0.8], [0.8, 0.8, 0.8]])
    assert torch.equal(blank(squares)[:, :, 0, 0], wanted)


def test_integrated_gradients_are_captums(network: Network) -> None:
    squares, steps = pictures(), 8
    captums = IntegratedGradients(lambda seen: network(seen)["type"]).attribute(
        squares, blank(squares).expand_as(squares), target=list(TARGETS), n_steps=steps
    )
    wanted = captums.sum(1).detach().float()
    asked = score("type", TARGETS, (), squares.device)
    found = METHODS["integrated_gradients"].integral(network, squares, asked, steps)
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5 * wanted.abs().max().item())


def test_integrated_gradients_add_up_to_the_rise_of_the_score(network: Network) -> None:
    found = ours(network, pictures(), "integrated_gradients").sum((1, 2))
    torch.testing.assert_close(found, rise(network, pictures()), rtol=0.01, atol=0)


def test_finer_steps_are_taken_for_those_pictures_alone_that_need_them(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    module, taken = METHODS["integrated_gradients"], []
    integral = module.integral

    def counted(net: Network, squares: Tensor, asked: Score, steps: int) -> Tensor:
        taken.append((len(squares), steps))
        found: Tensor = integral(net, squares, asked, steps)
        return found * torch.tensor([1.0, 0.5])[: len(squares), None, None] if steps == 32 else found

    monkeypatch.setattr(module, "integral", counted)
    ours(linear(), pictures(), "integrated_gradients")
    assert taken == [(2, 32), (1, 64)]


def test_occlusion_is_captums(network: Network) -> None:
    squares, field = pictures(), (3, 4, 4)
    captums = Occlusion(lambda seen: network(seen)["type"]).attribute(
        squares, field, strides=field, baselines=blank(squares).expand_as(squares), target=list(TARGETS)
    )
    wanted = captums[:, 0, ::4, ::4].float()
    torch.testing.assert_close(ours(network, squares, "occlusion"), wanted, rtol=1e-4, atol=1e-6)


def test_what_each_pixel_is_worth_is_known_by_hand() -> None:
    net, squares = linear(), pictures()
    wanted = worth(net, squares)
    torch.testing.assert_close(ours(net, squares, "integrated_gradients"), wanted, rtol=1e-4, atol=1e-8)
    fields = wanted.view(2, 8, 4, 8, 4).sum((2, 4))
    torch.testing.assert_close(ours(net, squares, "occlusion"), fields, rtol=1e-3, atol=1e-7)
    assert wanted.min() < 0 < wanted.max()


@pytest.mark.parametrize(
    ("height", "width", "fields"), [(30, 30, (8, 8)), (29, 50, (8, 14)), (50, 29, (14, 8)), (5, 10, (5, 10))]
)
def test_no_pixel_is_left_uncovered_or_covered_twice(
    height: int, width: int, fields: tuple[int, int]
) -> None:
    net, squares = linear(), pictures(height, width)
    found = ours(net, squares, "occlusion")
    assert found.shape[1:] == fields
    torch.testing.assert_close(found.sum((1, 2)), rise(net, squares), rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("method", ["integrated_gradients", "occlusion", "cam+smooth"])
def test_why_this_and_not_that_is_the_difference_of_both(
    network: Network, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(METHODS["integrated_gradients"], "STEPS", (8,))  # all three with the same
    squares = pictures(16, 16)
    question = Question(task="type", targets=(1, 1), method=method)
    other = np.stack([raw.values for raw in raw_maps(network, squares, question)])
    found = ours(network, squares, method, rivals=(1, 1))
    np.testing.assert_allclose(found, ours(network, squares, method).numpy() - other, atol=2e-6)


def test_layercam_at_the_map_that_is_pooled_is_the_cam_of_positive_weights(network: Network) -> None:
    """There the gradient is W / Z everywhere, so the weights of positions are ReLU(W) / Z everywhere."""
    with torch.no_grad():
        features = network.features(pictures(48, 48))
        positive = network.head("type").linear.weight[list(TARGETS)].relu()
        wanted = torch.einsum("bkhw,bk->bhw", features, positive).relu() / 9
    found = ours(network, pictures(48, 48), "layercam", layer="pooled")
    torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-8)
    assert wanted.max() > 0


@pytest.mark.parametrize(
    ("name", "layer"),
    [("simple_cnn", "stage3"), ("timm:test_efficientnet", "blocks.3"), ("timm:test_vit", "pooled")],
)
def test_layercam_looks_where_the_map_is_finer(name: str, layer: str) -> None:
    net, question = build(name, (TASK,)).eval(), Question(task="type", targets=TARGETS, method="layercam")
    for raw in raw_maps(net, pictures(64, 64), question):
        assert raw.layer == layer
        coarse = net.features(pictures(64, 64)).shape[2]
        assert raw.values.shape[0] == (coarse if layer == "pooled" else 2 * coarse)


def test_layercam_has_no_sign(network: Network) -> None:
    with pytest.raises(UsageError, match="Use --method cam"):
        ours(network, pictures(), "layercam", rivals=(1, 1))


def test_noise_is_as_strong_as_said_and_sums_to_nothing() -> None:
    squares = 0.5 * pictures() + 0.1
    copies = torch.stack(list(shaken(squares)))
    assert len(copies) == 2 * PAIRS
    torch.testing.assert_close(copies.mean(0), squares)
    spread = squares[1].max() - squares[1].min()
    assert (copies[:, 1] - squares[1]).std() / spread == pytest.approx(STRENGTH, rel=0.03)


def test_where_maps_are_linear_smoothing_changes_nothing() -> None:
    net, squares = linear(), pictures()
    torch.testing.assert_close(ours(net, squares, "cam+smooth"), ours(net, squares, "cam"))


@pytest.mark.parametrize("method", ["cam", "layercam"])
def test_smoothed_is_the_mean_over_noisy_copies(network: Network, method: str) -> None:
    squares = pictures(16, 16)
    wanted = torch.stack([ours(network, copy, method) for copy in shaken(squares)]).mean(0)
    found = ours(network, squares, f"{method}+smooth")
    torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-7)
    assert (found - ours(network, squares, method)).abs().max() > 1e-4
