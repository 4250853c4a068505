"""Frozen is frozen: no gradient, no batch statistics, no dropout; bit for bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from spermlens.config import Augment, Phase, Training
from spermlens.models import build
from spermlens.models._network import Network
from spermlens.training.loop import Pictures, Plan, fit
from spermlens.training.modes import decayed_groups, learn
from spermlens.types import Task

TASKS = (Task("shape", ("a", "b")),)


def network() -> Network:
    torch.manual_seed(0)
    return build("simple_cnn", TASKS, arguments={"width": 4, "cbam": True, "dropout": 0.5})


def state(model: Network) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in model.state_dict().items()}


def test_what_is_frozen_rests_and_what_learns_trains() -> None:
    model = network().train()
    parameters = learn(model, "heads")
    assert not any(module.training for module in model.trunk.modules())
    assert not any(parameter.requires_grad for parameter in model.trunk.parameters())
    assert all(module.training for module in model.heads.modules())
    assert model.attention is not None
    assert all(parameter.requires_grad for parameter in model.attention.parameters())
    assert {id(p) for p in parameters} == {
        id(p) for part in (model.heads, model.attention) for p in part.parameters()
    }


def test_everything_learns_in_the_second_phase() -> None:
    model = network().eval()
    learn(model, "heads")
    assert len(learn(model, "all")) == len(list(model.parameters()))
    assert all(module.training for module in model.trunk.modules())


@pytest.mark.parametrize("ema_decay", [0.0, 0.9])
def test_a_phase_of_the_heads_leaves_the_trunk_bit_for_bit(tmp_path: Path, ema_decay: float) -> None:
    model, random = network(), np.random.default_rng(0)
    before = state(model)
    squares = random.integers(0, 255, (12, 32, 32, 3), dtype=np.uint8)
    pictures = Pictures(squares, {"shape": np.arange(12) % 2})
    plan = Plan(
        training=Training(
            batch_size=4, ema_decay=ema_decay, phases=(Phase(train="heads", epochs=2, learning_rate=0.1),)
        ),
        augment=Augment(),
        keep_best=False,
        seed=0,
        device=torch.device("cpu"),
        folder=tmp_path / "checkpoint",
    )
    kept, _ = fit(model, pictures, pictures, plan)
    for after in (state(model), state(kept)):
        for name, value in after.items():
            same = torch.equal(value, before[name])
            assert same == name.startswith("trunk."), name


def test_only_matrices_and_kernels_decay() -> None:
    decayed, free = decayed_groups(network().parameters(), 0.1)
    assert (decayed["weight_decay"], free["weight_decay"]) == (0.1, 0.0)
    assert {p.ndim for p in decayed["params"]} == {2, 4}
    assert {p.ndim for p in free["params"]} == {1}
