"""What every network of the catalogue promises, whatever it is made of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from spermlens.errors import ConfigError
from spermlens.explain._capture import looking
from spermlens.framing import Framing
from spermlens.models import MODELS, build
from spermlens.models._description import Description
from spermlens.models._network import Network
from spermlens.models._store import load, save
from spermlens.types import Task

TASKS = (Task("shape", ("round", "long")), Task("type", ("a", "b", "c")))
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "simple_cnn": ("simple_cnn", {"width": 4}),
    "simple_cnn with attention": ("simple_cnn", {"width": 4, "cbam": True}),
    "efficientnet_b0": ("efficientnet_b0", {}),
    "efficientnet_b0_cbam": ("efficientnet_b0_cbam", {}),
    "efficientnet_b0_cbam of stride 16": ("efficientnet_b0_cbam", {"output_stride": 16}),
    "efficientnet_v2_b0": ("efficientnet_v2_b0", {}),
    "efficientnet_v2_b0_cbam": ("efficientnet_v2_b0_cbam", {}),
    "timm_backbone": ("timm_backbone", {"backbone": "resnet18"}),
    "mobile": ("timm:mobilenetv3_small_050", {}),
    "tokens": ("timm:vit_tiny_patch16_224", {"dropout": 0.0}),
    "windows": ("timm:swin_tiny_patch4_window7_224", {}),
}
DOTS = [(0.16, 0.16), (0.5, 0.78), (0.78, 0.33), (0.33, 0.6), (0.72, 0.78), (0.6, 0.2)]  # of height and width


@pytest.fixture(scope="module", params=CASES)
def case(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any], Network]:
    name, arguments = CASES[request.param]
    torch.manual_seed(0)
    network = build(name, TASKS, arguments=arguments)
    for module in network.modules():  # timm starts residual branches at nought: wake them
        if isinstance(module, nn.BatchNorm2d):
            nn.init.ones_(module.weight)
    return name, arguments, network


@pytest.fixture
def network(case: tuple[str, dict[str, Any], Network]) -> Network:
    case[2].zero_grad(set_to_none=True)
    return case[2].eval()


def pictures(count: int, height: int, width: int | None = None) -> Tensor:
    return torch.rand(count, 3, height, width or height, generator=torch.Generator().manual_seed(5))


def test_every_entry_of_the_catalogue_is_examined() -> None:
    assert set(MODELS) == {name for name, _ in CASES.values() if not name.startswith("timm:")}


@pytest.mark.parametrize(("count", "size"), [(1, 224), (3, 128)])
def test_any_batch_and_size_gives_logits_for_every_task(network: Network, count: int, size: int) -> None:
    with torch.no_grad():
        logits = network(pictures(count, size))
    assert {name: tuple(values.shape) for name, values in logits.items()} == {
        "shape": (count, 2),
        "type": (count, 3),
    }
    assert all(values.isfinite().all() for values in logits.values())


def test_an_oblong_picture_gives_an_oblong_map(network: Network) -> None:
    with torch.no_grad():
        height, width = network.features(pictures(1, 96, 160)).shape[2:]
    assert width / height == pytest.approx(160 / 96)


def test_a_batch_says_what_each_picture_says_alone(network: Network) -> None:
    batch = pictures(3, 128)
    with torch.no_grad():
        together = network(batch)
        alone = [network(batch[index : index + 1]) for index in range(3)]
    for task, logits in together.items():
        torch.testing.assert_close(logits, torch.cat([one[task] for one in alone]), atol=1e-5, rtol=1e-5)


def test_each_task_teaches_its_own_head_and_the_trunk(network: Network) -> None:
    network.train()
    for task in TASKS:
        network.zero_grad(set_to_none=True)
        network(pictures(2, 64))[task.name].square().sum().backward()
        for other in TASKS:
            touched = network.head(other.name).linear.weight.grad is not None
            assert touched == (other == task)
        first = next(network.trunk.parameters()).grad
        assert first is not None
        assert first.abs().sum() > 0
        assert network.attention is None or all(p.grad is not None for p in network.attention.parameters())


def test_what_is_saved_comes_back_bit_for_bit(
    case: tuple[str, dict[str, Any], Network], network: Network, tmp_path: Path
) -> None:
    name, arguments, _ = case
    description = Description(
        name="x", architecture=name, arguments=arguments, tasks=TASKS, framing=Framing(size=64, field_px=64)
    )
    save(tmp_path / "full", network, description)
    save(tmp_path / "half", network, description, half=True)
    saved = load(tmp_path / "full")
    batch = pictures(2, 64)
    with torch.no_grad():
        before, after, half = network(batch), saved.network(batch), load(tmp_path / "half").network(batch)
    for task in before:
        assert torch.equal(before[task], after[task])
        spread = before[task].abs().max().item()
        torch.testing.assert_close(half[task], before[task], atol=0.01 * spread, rtol=0.01)
    assert not any(module.training for module in saved.network.modules())
    assert not any(parameter.requires_grad for parameter in saved.network.parameters())


def test_every_layer_shows_a_map_with_gradients(network: Network) -> None:
    names = list(network.layers())
    assert names[-2:] == ["trunk", "pooled"]
    sides = []
    for name in names:
        with looking(network, pictures(2, 64), name, "type", [2, 0]) as view:
            assert view.activations.ndim == 4
            assert view.gradients.shape == view.activations.shape
            assert view.gradients.isfinite().all()
            assert view.gradients.abs().flatten(1).amax(1).min() > 0
            sides.append(view.activations.shape[2])
    assert sides == sorted(sides, reverse=True)


def test_an_unknown_argument_is_refused_with_the_nearest(case: tuple[str, dict[str, Any], Network]) -> None:
    with pytest.raises(ConfigError, match=r"no argument 'droput'\. Did you mean 'dropout'"):
        build(case[0], TASKS, arguments={"droput": 0.1})


@pytest.mark.parametrize("size", [128, 224])
def test_a_bright_dot_shows_in_the_map_where_it_is(
    case: tuple[str, dict[str, Any], Network], network: Network, size: int
) -> None:
    scene = torch.full((1 + len(DOTS), 3, size, size), 0.5)
    for picture, (row, column) in zip(scene[1:], DOTS, strict=True):
        y, x = round(row * size), round(column * size)
        picture[:, y - 4 : y + 5, x - 4 : x + 5] = 1
    with torch.no_grad():
        features = network.features(scene)
    change = (features[1:] - features[:1]).square().sum(1) ** 2  # squared again: the far fades
    cells = change.shape[-1]
    ruler = torch.arange(cells) + 0.5
    centres = [(change.sum(axis) * ruler).sum(1) / change.sum((1, 2)) for axis in (2, 1)]
    aside = torch.stack(centres, 1) - torch.tensor(DOTS) * cells
    # strided convolutions that pad evenly look half a cell up and left, so half a cell is no fault
    finer = 32 // case[1].get("output_stride", 32)  # twice as fine a map of what looks just as widely
    assert aside.abs().max() <= finer
    assert aside.mean(0).abs().max() <= 0.75
