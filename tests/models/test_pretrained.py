"""Weights from outside: found where they were said to be, checked, or refused with the way out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from safetensors.torch import save_file
from torch import Tensor

from spermlens.errors import BadModel, DataMissing
from spermlens.models import build
from spermlens.models._pretrained import (
    Pin,
    find_local,
    fingerprint,
    load_pretrained,
    tensors_sha256,
    weights_folder,
)
from spermlens.types import Task

TINY = "test_efficientnet"  # timm's smallest, a tenth of a million weights
State = dict[str, Tensor]


@pytest.fixture(autouse=True)
def _only_the_named_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPERMLENS_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("SPERMLENS_WEIGHTS", raising=False)


def trunk(backbone: str = TINY) -> Any:
    return timm.create_model(backbone, num_classes=0, global_pool="")


def state_of(backbone: str = TINY) -> State:
    """Weights with the liveliness of trained ones: their statistics differ from channel to channel."""
    chance = torch.Generator().manual_seed(1)
    state = trunk(backbone).state_dict()
    for name, value in state.items():
        noise = torch.rand(value.shape, generator=chance) if value.ndim else None
        if name.endswith("running_mean") and noise is not None:
            state[name] = noise - 0.5
        elif name.endswith("running_var") and noise is not None:
            state[name] = 0.02 + noise
    return state


def put(state: State, folder: Path, backbone: str = TINY) -> Path:
    path = folder / backbone / "model.safetensors"
    path.parent.mkdir(parents=True)
    save_file({name: value.contiguous() for name, value in state.items()}, path)
    return path


def pin_of(state: State, backbone: str = TINY) -> Pin:
    filled = trunk(backbone)
    filled.load_state_dict(state)
    return Pin(tensors_sha256(filled), fingerprint(filled))


@pytest.fixture
def state() -> State:
    return state_of()


def test_the_right_file_fills_the_trunk(
    state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(state, tmp_path)
    monkeypatch.setenv("SPERMLENS_WEIGHTS", str(tmp_path))
    filled = trunk()
    load_pretrained(filled, TINY, pin_of(state))
    assert all(torch.equal(value, state[name]) for name, value in filled.state_dict().items())


def test_weights_of_16_bits_fill_it_in_32(
    state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    half = {name: value.half() if value.is_floating_point() else value for name, value in state.items()}
    put(half, tmp_path).rename(tmp_path / TINY / "model.fp16.safetensors")
    monkeypatch.setenv("SPERMLENS_WEIGHTS", str(tmp_path))
    filled = trunk()
    load_pretrained(filled, TINY, None)
    found = filled.state_dict()
    assert all(torch.equal(found[name], value.to(state[name].dtype)) for name, value in half.items())


def test_how_far_features_may_be_off_is_the_pins_to_say(
    state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    pin = pin_of(state)
    off = replace(pin, fingerprint=tuple(value + 0.02 for value in pin.fingerprint))
    monkeypatch.setattr("spermlens.models._pretrained._download", lambda _: state)
    load_pretrained(trunk(), TINY, replace(off, tolerance=0.03))
    with pytest.raises(BadModel, match="computes other features"):
        load_pretrained(trunk(), TINY, off)


def test_a_network_takes_them(state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(state, tmp_path)
    monkeypatch.setenv("SPERMLENS_WEIGHTS", str(tmp_path))
    network = build(f"timm:{TINY}", (Task("t", ("a", "b")),), pretrained=True)
    assert tensors_sha256(network.trunk.backbone) == pin_of(state).tensors_sha256


def test_an_altered_byte_is_refused(state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pin = pin_of(state)
    path = put(state, tmp_path)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))
    monkeypatch.setenv("SPERMLENS_WEIGHTS", str(tmp_path))
    with pytest.raises(BadModel, match=r"found tensor hash .* expected .* model\.pretrained = false"):
        load_pretrained(trunk(), TINY, pin)


@pytest.mark.parametrize(
    ("right", "wrong"), [("tf_efficientnet_b0", "efficientnet_b0"), ("efficientnet_b0", "tf_efficientnet_b0")]
)
def test_the_same_tensors_in_another_architecture_are_refused(
    right: str, wrong: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = state_of(right)
    pin = pin_of(state, right)
    put(state, tmp_path, right)
    monkeypatch.setenv("SPERMLENS_WEIGHTS", str(tmp_path))
    load_pretrained(trunk(right), right, pin)
    with pytest.raises(BadModel, match="computes other features than the original"):
        load_pretrained(trunk(wrong), right, pin)


MISFITS: dict[str, tuple[Callable[[State], object], str]] = {
    "missing": (lambda s: s.pop("conv_stem.weight"), "1 tensors missing"),
    "misshapen": (lambda s: s.update({"bn1.bias": torch.zeros(3)}), "1 of another shape"),
    "too many": (lambda s: s.update({"blocks.9.weight": torch.zeros(3)}), "1 too many (first: blocks.9"),
    "none at all": (lambda s: s.clear(), "of another shape"),
}


@pytest.mark.parametrize("fault", MISFITS)
def test_tensors_that_do_not_fit(
    fault: str, state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change, message = MISFITS[fault]
    change(state)
    put(state, tmp_path)
    monkeypatch.setenv("SPERMLENS_WEIGHTS", str(tmp_path))
    with pytest.raises(BadModel) as caught:
        load_pretrained(trunk(), TINY, None)
    assert message in str(caught.value)
    assert TINY in str(caught.value)


def test_the_classifier_of_a_full_file_is_left_over(
    state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put({**state, "classifier.weight": torch.zeros(2, 2), "classifier.bias": torch.zeros(2)}, tmp_path)
    monkeypatch.setenv("SPERMLENS_WEIGHTS", str(tmp_path))
    load_pretrained(trunk(), TINY, pin_of(state))


def test_weights_of_a_larger_sister_do_not_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every tensor of resnet18 is in resnet34 with the same shape; only its other blocks betray it."""
    put(trunk("resnet34").state_dict(), tmp_path, "resnet18")
    monkeypatch.setenv("SPERMLENS_WEIGHTS", str(tmp_path))
    with pytest.raises(BadModel, match="too many"):
        load_pretrained(trunk("resnet18"), "resnet18", None)


@pytest.mark.parametrize("what", ["cut", "pickle", "empty", "text"])
def test_a_file_that_is_none(
    what: str, state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put(state, tmp_path)
    if what == "pickle":
        torch.save(state, path)
    else:
        path.write_bytes({"cut": path.read_bytes()[:-4], "empty": b"", "text": b"<html>404</html>"}[what])
    monkeypatch.setenv("SPERMLENS_WEIGHTS", str(tmp_path))
    monkeypatch.setattr(torch, "load", None)
    with pytest.raises(BadModel, match="not a whole safetensors file"):
        load_pretrained(trunk(), TINY, None)


def test_a_named_folder_must_hold_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timm, "create_model", None)  # the hub is not asked instead
    monkeypatch.setenv("SPERMLENS_WEIGHTS", str(tmp_path))
    with pytest.raises(DataMissing, match=r"found neither .*model\.pretrained = false"):
        find_local(TINY)


def test_the_flag_wins_over_the_variable_and_that_over_the_cache(
    state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert find_local(TINY) is None
    cached = put(state, tmp_path / "home" / "weights")
    assert find_local(TINY) == find_local(f"{TINY}.r160_in1k") == cached
    named = put(state, tmp_path / "variable")
    monkeypatch.setenv("SPERMLENS_WEIGHTS", str(tmp_path / "variable"))
    assert find_local(TINY) == named
    flagged = put(state, tmp_path / "flag")
    token = weights_folder.set(flagged.parent)  # the folder of the file itself will do
    try:
        assert find_local(TINY) == flagged
    finally:
        weights_folder.reset(token)


def test_nothing_here_and_no_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    empty = trunk()

    def unreachable(*args: Any, **kwargs: Any) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr(timm, "create_model", unreachable)
    with pytest.raises(DataMissing, match=r"not on this machine.*--weights.*model\.pretrained = false"):
        load_pretrained(empty, TINY, None)


def test_what_the_hub_sends_is_judged_by_what_it_computes(
    state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    pin, empty = pin_of(state), trunk()
    sent = trunk()
    monkeypatch.setattr(timm, "create_model", lambda *args, **kwargs: sent)
    sent.load_state_dict(state)
    with torch.no_grad():
        sent.conv_stem.weight[0, 0, 0, 0] *= 1 + 1e-6
    assert tensors_sha256(sent) != pin.tensors_sha256
    load_pretrained(empty, TINY, pin)
    with torch.no_grad():
        sent.conv_stem.weight.fill_(torch.nan)
    with pytest.raises(BadModel, match="computes other features"):
        load_pretrained(empty, TINY, pin)


def test_a_fingerprint_leaves_the_mode_as_it_was() -> None:
    for training in (True, False):
        found = trunk().train(training)
        fingerprint(found)
        assert found.training == training
