"""A finer map from the same weights: what changes with the stride, and what must not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from spermlens.errors import BadModel, ConfigError
from spermlens.models import build, efficientnet_b0
from spermlens.models._network import Network
from spermlens.models._pretrained import Pin, fingerprint, tensors_sha256
from spermlens.types import Task

TASKS = (Task("shape", ("round", "long")),)
NAMES = ["efficientnet_b0", "efficientnet_b0_cbam"]


def network(name: str, **arguments: Any) -> Network:
    torch.manual_seed(0)
    return build(name, TASKS, arguments=arguments).eval()


def picture(size: int) -> Tensor:
    return torch.rand(1, 3, size, size, generator=torch.Generator().manual_seed(3))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("size", "coarse", "fine"), [(96, 3, 6), (128, 4, 8)])
def test_half_the_stride_is_twice_the_map(name: str, size: int, coarse: int, fine: int) -> None:
    for arguments, side in (({}, coarse), ({"output_stride": 32}, coarse), ({"output_stride": 16}, fine)):
        with torch.no_grad():
            passage = network(name, **arguments).read(picture(size))
        assert passage.maps["shape"].shape == (1, 2, side, side)


def test_a_stride_of_32_is_timms_network_bit_for_bit() -> None:
    ours = network("efficientnet_b0", output_stride=32)
    timms = timm.create_model("tf_efficientnet_b0", num_classes=0, global_pool="").eval()
    timms.load_state_dict(ours.trunk.backbone.state_dict())
    with torch.no_grad():
        wanted = timms.forward_features((picture(64) - ours.mean) / ours.std)
        assert torch.equal(ours.features(picture(64)), wanted)


def test_both_have_the_same_tensors_and_only_the_last_stages_differ() -> None:
    coarse, fine = network("efficientnet_b0"), network("efficientnet_b0", output_stride=16)
    assert all(torch.equal(value, fine.state_dict()[name]) for name, value in coarse.state_dict().items())
    differ = [
        name
        for (name, a), (_, b) in zip(coarse.named_modules(), fine.named_modules(), strict=True)
        if isinstance(a, nn.Conv2d) and (a.stride, a.dilation) != (b.stride, b.dilation)
    ]
    assert {name.split(".")[3] for name in differ} == {"5", "6"}  # what halves last, and what comes after
    for module in fine.modules():  # so that a kernel of 5 sees as far as before
        assert not isinstance(module, nn.Conv2d) or module.dilation in ((1, 1), (2, 2))


def last_stages(**arguments: int) -> nn.Module:
    """Where the strides part, without the gates of channels: these average over all positions."""
    stages = network("efficientnet_b0", **arguments).trunk.backbone.blocks[5:]
    for module in list(stages.modules()):
        if hasattr(module, "se"):
            module.se = nn.Identity()
    return stages.double()


def test_every_other_value_of_the_fine_map_is_the_coarse_map() -> None:
    """The law of dilation, as far from the border as what is filled in there does not reach."""
    before = torch.rand(1, 112, 34, 34, generator=torch.Generator().manual_seed(3)).double()
    with torch.no_grad():
        coarse, fine = (last_stages(output_stride=stride)(before) for stride in (32, 16))
    assert (coarse.shape[2], fine.shape[2]) == (17, 34)
    differences = [
        (coarse - fine[:, :, row::2, column::2])[:, :, 8, 8].abs().max()
        for row in (0, 1)
        for column in (0, 1)
    ]
    assert min(differences) < 1e-9 * coarse.abs().max()
    assert max(differences) > 1e-3 * coarse.abs().max()


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Tensor]:
    """A file of weights for the backbone, and its pin."""
    trunk = network("efficientnet_b0").trunk.backbone
    for module in trunk.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean, -0.5, 0.5)
            nn.init.uniform_(module.running_var, 0.02, 1.02)
    state = {name: value.contiguous() for name, value in trunk.state_dict().items()}
    (tmp_path / "tf_efficientnet_b0").mkdir()
    save_file(state, tmp_path / "tf_efficientnet_b0" / "model.safetensors")
    monkeypatch.setenv("SPERMLENS_WEIGHTS", str(tmp_path))
    monkeypatch.setattr(efficientnet_b0, "PIN", Pin(tensors_sha256(trunk), fingerprint(trunk)))
    return state


@pytest.mark.parametrize("stride", [32, 16])
def test_pretrained_weights_load_into_both(weights: dict[str, Tensor], stride: int) -> None:
    filled = build("efficientnet_b0_cbam", TASKS, pretrained=True, arguments={"output_stride": stride})
    found = filled.trunk.backbone.state_dict()
    assert all(torch.equal(value, found[name]) for name, value in weights.items())


def test_other_weights_are_refused_at_either_stride(
    weights: dict[str, Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(efficientnet_b0, "PIN", Pin("another", efficientnet_b0.PIN.fingerprint))
    for stride in (32, 16):
        with pytest.raises(BadModel, match="found tensor hash"):
            build("efficientnet_b0", TASKS, pretrained=True, arguments={"output_stride": stride})


@pytest.mark.parametrize("stride", [8, 0, 64])
def test_other_strides_are_refused(stride: int) -> None:
    with pytest.raises(ConfigError, match=f"output_stride must be 32 or 16, but is {stride}"):
        build("efficientnet_b0", TASKS, arguments={"output_stride": stride})
