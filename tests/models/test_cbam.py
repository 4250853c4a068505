"""Attention as in the paper: against timm's own CBAM, and by hand."""

from __future__ import annotations

import pytest
import torch
from timm.layers.cbam import CbamModule
from torch import Tensor, nn

from spermlens.models._cbam import Cbam


def features(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(3))


def timms(ours: Cbam, channels: int, reduction: int) -> nn.Module:
    """timm's module with our weights; its batch normalisation, which the paper's equations lack, undone."""
    theirs = CbamModule(channels, rd_ratio=1 / reduction, spatial_kernel_size=7).eval()
    theirs.channel.fc1.weight.data = ours.channel.mlp[0].weight.data
    theirs.channel.fc2.weight.data = ours.channel.mlp[2].weight.data
    theirs.spatial.conv.conv.weight.data = ours.spatial.conv.weight.data
    theirs.spatial.conv.bn = nn.Identity()
    return theirs


@pytest.mark.parametrize(("channels", "reduction"), [(32, 16), (64, 8)])
def test_the_same_as_timm(channels: int, reduction: int) -> None:
    torch.manual_seed(0)
    ours = Cbam(channels, reduction)
    nn.init.normal_(ours.spatial.conv.weight)
    x = features(3, channels, 9, 11)
    with torch.no_grad():
        torch.testing.assert_close(ours(x), timms(ours, channels, reduction)(x), atol=1e-6, rtol=1e-5)


def test_gates_are_what_forward_multiplies_with() -> None:
    ours = Cbam(32)
    x = features(2, 32, 5, 7)
    channel, spatial = ours.gates(x)
    assert channel.shape == (2, 32, 1, 1)
    assert spatial.shape == (2, 1, 5, 7)
    assert torch.equal(x * channel * spatial, ours(x))


def test_a_case_by_hand() -> None:
    """Two channels of 1 x 2. Weights of one: the channel gate sees mean + maximum of both channels."""
    ours = Cbam(2, reduction=2, kernel=1)
    for parameter in ours.parameters():
        nn.init.ones_(parameter)
    x = torch.tensor([[[[1.0, 3.0]], [[0.0, 2.0]]]])
    # means 2 and 1, so the MLP says 3; maxima 3 and 2, so it says 5
    gate = torch.sigmoid(torch.tensor(8.0))
    # over channels: positions have means 0.5 and 2.5, maxima 1 and 3, all times the gate
    mask = torch.sigmoid(torch.tensor([1.5, 5.5]) * gate)
    channel, spatial = ours.gates(x)
    torch.testing.assert_close(channel.flatten(), gate.expand(2))
    torch.testing.assert_close(spatial.flatten(), mask)
    torch.testing.assert_close(ours(x)[0, :, 0], x[0, :, 0] * gate * mask)


def test_few_channels_keep_one_hidden_unit() -> None:
    assert Cbam(4, reduction=16)(features(1, 4, 3, 3)).shape == (1, 4, 3, 3)
