"""The weights that are published: their hash, the architecture they belong to, and what they compute."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest
import timm
import torch

from spermlens.errors import BadModel
from spermlens.models import build, efficientnet_b0, efficientnet_v2_b0
from spermlens.models._pretrained import fingerprint, load_pretrained, tensors_sha256
from spermlens.models.efficientnet_b0 import BACKBONE, PIN
from spermlens.types import Task

TASKS = (Task("shape", ("round", "long")),)


@pytest.fixture(autouse=True)
def _named_folder(real_weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPERMLENS_WEIGHTS", str(real_weights))


@pytest.mark.parametrize("cbam", ["", "_cbam"])
@pytest.mark.parametrize("module", [efficientnet_b0, efficientnet_v2_b0])
def test_the_network_is_filled_with_the_pinned_weights(module: ModuleType, cbam: str) -> None:
    name = module.__name__.removeprefix("spermlens.models.") + cbam
    network = build(name, TASKS, pretrained=True)
    assert (network.attention is not None) == bool(cbam)
    assert tensors_sha256(network.trunk.backbone) == module.PIN.tensors_sha256
    assert fingerprint(network.trunk.backbone) == pytest.approx(module.PIN.fingerprint, abs=1e-4)


def test_the_plain_architecture_would_see_something_else_and_is_refused() -> None:
    plain = timm.create_model("efficientnet_b0", num_classes=0, global_pool="")
    with pytest.raises(BadModel, match="computes other features"):
        load_pretrained(plain, BACKBONE, PIN)


def test_normalisation_is_the_one_of_imagenet() -> None:
    network = build("efficientnet_b0", TASKS, pretrained=True)
    assert network.mean.flatten().tolist() == pytest.approx([0.485, 0.456, 0.406])
    assert network.std.flatten().tolist() == pytest.approx([0.229, 0.224, 0.225])


def test_hub_weights_with_other_last_bits_are_taken_and_altered_ones_are_not(
    monkeypatch: pytest.MonkeyPatch, real_weights: Path
) -> None:
    from safetensors.torch import load_file

    state = load_file(real_weights / BACKBONE / "model.safetensors")
    monkeypatch.setattr("spermlens.models._pretrained.find_local", lambda _: None)
    monkeypatch.setattr("spermlens.models._pretrained._download", lambda _: state)
    trunk = timm.create_model(BACKBONE, num_classes=0, global_pool="")
    state["conv_stem.weight"] = state["conv_stem.weight"] * (1 + 1e-7)
    load_pretrained(trunk, BACKBONE, PIN)
    state["conv_stem.weight"] = torch.full_like(state["conv_stem.weight"], torch.nan)
    with pytest.raises(BadModel, match="computes other features"):
        load_pretrained(trunk, BACKBONE, PIN)
