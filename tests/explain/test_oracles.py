"""The equations against others' implementations of them, and against their own definition in 64 bits."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from captum.attr import LayerGradCam
from settled_networks import settled
from torch import Tensor

from spermlens.explain._engine import Question, raw_maps
from spermlens.models._network import Network
from spermlens.types import Task

GOLDEN = Path(__file__).parents[1] / "golden"
TASK = Task("type", ("a", "b", "c"))
TARGETS = (2, 0)


def pictures(size: int = 64) -> Tensor:
    return torch.rand(2, 3, size, size, generator=torch.Generator().manual_seed(8))


def ours(net: Network, squares: Tensor, method: str, layer: str = "") -> np.ndarray:
    question = Question(task="type", targets=TARGETS, method=method, layer=layer)
    return np.stack([raw.values for raw in raw_maps(net, squares, question)])


@pytest.mark.parametrize(
    ("name", "arguments", "layers"),
    [
        ("simple_cnn", {"width": 4}, ["stage1", "stage3", "trunk", "pooled"]),
        ("simple_cnn", {"width": 4, "cbam": True}, ["stage2", "trunk", "pooled"]),
        ("timm:test_efficientnet", {}, ["blocks.1", "blocks.4", "trunk"]),
        ("timm:test_convnext", {}, ["stages.1", "pooled"]),
        ("timm:test_vit", {}, ["trunk"]),
    ],
)
def test_gradcam_is_captums(name: str, arguments: dict[str, object], layers: list[str]) -> None:
    net, largest = settled(pictures(), (TASK,), name, **arguments), []
    for layer in layers:
        captums = LayerGradCam(lambda squares: net(squares)["type"], net.layer(layer)).attribute(
            pictures(), target=list(TARGETS), relu_attributions=True
        )
        wanted = captums[:, 0].detach().numpy()
        largest.append(wanted.max())
        np.testing.assert_allclose(
            ours(net, pictures(), "gradcam", layer), wanted, atol=1e-5 * wanted.max() + 1e-9
        )
    assert max(largest) > 1e-4


def test_cam_averages_to_the_logit_and_is_gradcam_times_the_positions() -> None:
    net = settled(pictures(), (TASK,), width=4, cbam=True)
    cam = ours(net, pictures(), "cam")
    with torch.no_grad():
        logits = net(pictures())["type"][[0, 1], TARGETS]
        bias = net.head("type").linear.bias[list(TARGETS)]
    np.testing.assert_allclose(cam.mean((1, 2)), (logits - bias).numpy(), atol=1e-6)
    positions = cam.shape[1] * cam.shape[2]
    gradcam = ours(net, pictures(), "gradcam", "pooled")
    np.testing.assert_allclose(np.maximum(cam, 0) / positions, gradcam, atol=1e-7)


def equation_19(net: Network, features: Tensor, target: int) -> Tensor:
    """Grad-CAM++ by its definition: Y = exp(logit), all three derivatives by autograd, one by one."""
    features = features.double().requires_grad_(True)
    score = net.head("type")(features[None])[0, target].exp()
    (first,) = torch.autograd.grad(score, features, create_graph=True)
    second, third = torch.zeros_like(features), torch.zeros_like(features)
    for place in np.ndindex(*features.shape):
        (row,) = torch.autograd.grad(first[place], features, create_graph=True)
        second[place] = row[place].detach()
        third[place] = torch.autograd.grad(row[place], features, retain_graph=True)[0][place]
    total = features.detach().sum((1, 2), keepdim=True)
    below = 2 * second + total * third
    alpha = torch.where(below != 0, second / below, 0)
    weights = (alpha * first.detach().relu()).sum((1, 2), keepdim=True)
    return (weights * features.detach()).sum(0).relu() / score.detach()


def test_gradcampp_is_equation_19_of_exp_of_the_logit() -> None:
    net = settled(pictures(), (TASK,), width=1)
    found = ours(net, pictures(48), "gradcampp")
    features = net.features(pictures(48)).detach()
    net.double()
    for index, target in enumerate(TARGETS):
        wanted = equation_19(net, features[index], target).numpy()
        assert wanted.max() > 0
        np.testing.assert_allclose(found[index], wanted, rtol=1e-5, atol=1e-5 * wanted.max())


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_gradcam", GOLDEN / "make_gradcam.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def golden_cases() -> dict[str, list[list[list[float]]]]:
    cases: dict[str, list[list[list[float]]]] = json.loads((GOLDEN / "gradcam.json").read_text())
    return cases


def golden_network(maker: ModuleType) -> Network:
    net = Network(
        maker.trunk(),
        5,
        (TASK,),
        normalisation=((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
        stages={"1": "trunk.1"},
    ).eval()
    head = net.head("type").linear
    head.weight.data, head.bias.data = maker.classifier()
    return net


def golden_questions() -> Iterator[tuple[str, str, str]]:
    """A case of the packages with each method and layer of ours that should give the same."""
    for case in golden_cases():
        method, layer, _ = case.split("/")
        if method == "weak":
            continue
        if method.endswith("layercam"):
            yield from ((case, "layercam", where) for where in (["1", ""] if layer == "1" else ["pooled"]))
        elif layer == "1":
            yield case, method, "1"
        else:
            same = [method] if method == "gradcampp" else ["cam", "gradcam"]
            yield from ((case, name, "pooled") for name in same)
            yield from ((case, name, "trunk") for name in same if name != "cam")


@pytest.mark.parametrize(("case", "method", "layer"), list(golden_questions()))
def test_the_same_as_the_packages(case: str, method: str, layer: str, maker: ModuleType) -> None:
    net, targets = golden_network(maker), (int(case[-1]),) * 2
    question = Question(task="type", targets=targets, method=method, layer=layer)
    for raw, wanted in zip(raw_maps(net, maker.pictures(), question), golden_cases()[case], strict=True):
        positive = np.maximum(raw.values, 0)
        above = positive - positive.min()  # the packages stretch every map to 0..1
        found = above / above.max()
        assert np.abs(found - np.array(wanted)).max() < (1e-3 if method == "gradcampp" else 1e-4)
        assert np.corrcoef(found.ravel(), np.ravel(wanted))[0, 1] >= 0.999


@pytest.mark.parametrize("target", range(3))
def test_what_the_package_grad_cam_adds_to_a_denominator_is_all_that_differs(
    target: int, maker: ModuleType
) -> None:
    """With weak weights its 1e-6 counts: 1 / (2 + W p) becomes 1 / (2 + W p + 1e-6 Z² / W²)."""
    net = golden_network(maker)
    head = net.head("type").linear
    head.weight.data, head.bias.data = maker.classifier(maker.WEAK)
    with torch.no_grad():
        features = net.features(maker.pictures()).numpy()
    weight, positions = head.weight.detach().numpy()[target], features.shape[2] * features.shape[3]
    below = 2 + weight * features.mean((2, 3)) + 1e-6 * positions**2 / weight**2
    theirs = np.einsum("bkhw,bk->bhw", features, np.maximum(weight, 0) / below)
    question = Question(task="type", targets=(target,) * 2, method="gradcampp")
    ours = [raw.values for raw in raw_maps(net, maker.pictures(), question)]
    for found, plain, wanted in zip(theirs, ours, golden_cases()[f"weak/3/{target}"], strict=True):
        stretched, without = ((one - one.min()) / (one.max() - one.min()) for one in (found, plain))
        assert np.corrcoef(stretched.ravel(), np.ravel(wanted))[0, 1] >= 0.999
        assert np.abs(stretched - np.array(wanted)).max() < 1e-3
        assert np.abs(without - np.array(wanted)).max() > 1e-3
