"""Asking for a network: what is refused, and how it is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from spermlens.errors import ConfigError, SpermlensError, UnknownName
from spermlens.framing import Framing
from spermlens.models import build
from spermlens.models._description import Description
from spermlens.models._store import load, save
from spermlens.types import Task

TASK = Task("shape", ("round", "long"))


@pytest.mark.parametrize(
    ("name", "arguments", "error", "message"),
    [
        ("simple_cmn", {}, UnknownName, "Did you mean 'simple_cnn'"),
        ("timm:resnet19", {}, UnknownName, "Unknown timm backbone 'resnet19'. Did you mean 'resnet1"),
        ("timm:", {}, UnknownName, "Unknown timm backbone ''"),
        ("timm:resnet18.none", {}, ConfigError, "Invalid pretrained tag"),
        ("timm:resnet18", {"backbone": "resnet34"}, ConfigError, "names its backbone already"),
        ("timm:vgg11", {"drop_path": 0.1}, ConfigError, "'vgg11' with drop_path_rate = 0.1"),
        ("timm:deit_tiny_distilled_patch16_224", {}, ConfigError, "makes no feature map"),
        ("simple_cnn", {"widht": 4}, ConfigError, "Did you mean 'width'"),
        ("simple_cnn", {"width": "4"}, ConfigError, "width must be a int, but is '4'"),
        ("simple_cnn", {"cbam": 1}, ConfigError, "cbam must be a bool, but is 1"),
        ("simple_cnn", {"width": 0}, ConfigError, "width must be 1 or more"),
        ("simple_cnn", {"dropout": 1.5}, ConfigError, "dropout must be at least 0 and below 1"),
        ("simple_cnn", {"pretrained": True}, ConfigError, "has no argument 'pretrained'"),
    ],
)
def test_refused(name: str, arguments: dict[str, Any], error: type[SpermlensError], message: str) -> None:
    with pytest.raises(error) as caught:
        build(name, (TASK,), arguments=arguments)
    assert message in str(caught.value)


def test_a_whole_number_does_for_a_fraction() -> None:
    assert build("simple_cnn", (TASK,), arguments={"width": 2, "dropout": 0}).head("shape").dropout.p == 0


def test_simple_cnn_has_no_pretrained_weights() -> None:
    with pytest.raises(ConfigError, match=r"Set model\.pretrained = false"):
        build("simple_cnn", (TASK,), pretrained=True)


@pytest.mark.parametrize("tasks", [(), (TASK, TASK)])
def test_tasks_are_at_least_one_and_each_named_once(tasks: tuple[Task, ...]) -> None:
    with pytest.raises(ConfigError, match="at least one task, each named once"):
        build("simple_cnn", tasks, arguments={"width": 2})


def test_any_task_name_will_do(tmp_path: Path) -> None:
    """Also those that torch keeps for itself."""
    tasks = tuple(
        Task(name, ("no", "yes")) for name in ("type", "values", "head.shape", "training", "Kopfform")
    )
    network = build("simple_cnn", tasks, arguments={"width": 2}).eval()
    description = Description(
        name="x",
        architecture="simple_cnn",
        arguments={"width": 2},
        tasks=tasks,
        framing=Framing(size=16, field_px=16),
    )
    save(tmp_path / "model", network, description)
    picture = torch.rand(1, 3, 16, 16)
    found, wanted = load(tmp_path / "model").network(picture), network(picture)
    assert list(found) == [task.name for task in tasks]
    assert all(torch.equal(found[name], wanted[name]) for name in found)


def test_layers_and_tasks_that_are_not_there_are_named() -> None:
    network = build("simple_cnn", (TASK,), arguments={"width": 2})
    with pytest.raises(UnknownName, match=r"Unknown layer 'stage9'\. Did you mean 'stage"):
        network.layer("stage9")
    with pytest.raises(UnknownName, match=r"Unknown task 'shade'\. Did you mean 'shape'"):
        network.task("shade")
    with pytest.raises(UnknownName, match="Unknown task 'shade'"):
        network.head("shade")


def test_drop_path_reaches_the_backbone() -> None:
    network = build("efficientnet_b0", (TASK,), arguments={"drop_path": 0.2})
    rates = [module.drop_prob for module in network.modules() if type(module).__name__ == "DropPath"]
    assert max(rates) == pytest.approx(0.2, abs=0.02)


def test_an_input_size_that_a_backbone_cannot_take_is_our_users_to_mend() -> None:
    network = build("timm:cait_xxs24_224", (TASK,)).eval()
    with pytest.raises(ConfigError, match="takes no input of 128 x 128 pixels"):
        network(torch.rand(1, 3, 128, 128))


@pytest.mark.parametrize(("part", "left"), [("heads", True), ("all", False)])
def test_parts_that_learn(part: str, left: bool) -> None:
    network = build("simple_cnn", (TASK,), arguments={"width": 2, "cbam": True})
    learning = {id(p) for module in network.part(part) for p in module.parameters()}
    assert {id(p) for p in network.heads.parameters()} <= learning
    assert network.attention is not None
    assert {id(p) for p in network.attention.parameters()} <= learning
    assert any(id(p) not in learning for p in network.parameters()) == left
