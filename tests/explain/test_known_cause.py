"""A network whose reason is known by construction: one red spot. Every method must point at it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from spermlens.explain import METHODS
from spermlens.explain._engine import explain
from spermlens.explain._scaled import Question, RawMap, as_explanation, enlarge
from spermlens.models._network import Network
from spermlens.types import Task

CELL = 8
SPOTS = [(0, 0), (0, 5), (2, 3), (3, 0), (3, 5), (1, 4)]  # row and column of the cell


def red_detector() -> Network:
    """Channel 0 is red without green and blue, averaged over cells of 8 pixels; channel 1 is green."""
    trunk = nn.Sequential(nn.Conv2d(3, 2, CELL, CELL), nn.ReLU())
    weight = torch.tensor([[1.0, -1.0, -1.0], [-1.0, 1.0, -1.0]]) / CELL**2
    trunk[0].weight.data = weight[:, :, None, None].expand(2, 3, CELL, CELL).clone()
    nn.init.zeros_(trunk[0].bias)
    network = Network(
        trunk,
        2,
        (Task("spot", ("green", "red")),),
        cbam=True,
        normalisation=((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
    )
    network.head("spot").linear.weight.data = torch.tensor([[-1.0, 1.0], [1.0, -1.0]])
    assert network.attention is not None
    kernel = torch.zeros(1, 2, 7, 7)
    kernel[0, 1, 3, 3] = 5.0
    network.attention.spatial.conv.weight.data = kernel
    return network.eval()


def scene(row: int, column: int, height: int = 4, width: int = 6) -> Tensor:
    """A red spot of half a cell in the middle of a cell, on dark grey."""
    picture = torch.full((1, 3, height * CELL, width * CELL), 0.1)
    y, x = row * CELL + CELL // 4, column * CELL + CELL // 4
    picture[0, 0, y : y + CELL // 2, x : x + CELL // 2] = 1
    return picture


@pytest.mark.parametrize("method", [*METHODS, "cam+smooth"])
@pytest.mark.parametrize("spot", SPOTS)
def test_the_peak_falls_on_the_cause(method: str, spot: tuple[int, int]) -> None:
    (found,) = explain(red_detector(), scene(*spot), Question(task="spot", targets=(1,), method=method))
    assert found.heat.shape == (32, 48)
    y, x = np.unravel_index(found.heat.argmax(), found.heat.shape)
    assert (y // CELL, x // CELL) == spot
    rows, columns = np.indices(found.heat.shape) + 0.5
    inner = found.heat * (found.heat > 0.5)
    if 0 < spot[0] < 3 and 0 < spot[1] < 5:  # at the border half of the slope is cut off
        assert (rows * inner).sum() / inner.sum() == pytest.approx((spot[0] + 0.5) * CELL, abs=0.01)
        assert (columns * inner).sum() / inner.sum() == pytest.approx((spot[1] + 0.5) * CELL, abs=0.01)


def test_what_speaks_against_is_shown_apart() -> None:
    (found,) = explain(red_detector(), scene(1, 4), Question(task="spot", targets=(0,), method="cam"))
    assert found.heat.max() == 0
    assert found.against is not None
    y, x = np.unravel_index(found.against.argmax(), found.against.shape)
    assert (y // CELL, x // CELL) == (1, 4)


@pytest.mark.parametrize("method", ["gradcam", "gradcampp"])
def test_gradients_find_no_evidence_for_the_other_class(method: str) -> None:
    """Only the red channel is awake, and it speaks against green."""
    (found,) = explain(red_detector(), scene(1, 4), Question(task="spot", targets=(0,), method=method))
    assert found.status == "no_evidence"


def test_enlarging_puts_cell_centres_on_cell_centres() -> None:
    ramp = np.arange(4, dtype=np.float32)[None, :] / 4
    grown = enlarge(np.repeat(ramp, 4, 0), (12, 12))
    centres = grown[1::3, 1::3]
    np.testing.assert_allclose(centres, np.repeat(ramp, 4, 0), atol=1e-6)
    np.testing.assert_allclose(np.diff(grown[0, 1:11]), 1 / 12, atol=1e-6)


def test_peak_is_what_the_heat_was_divided_by() -> None:
    raw = RawMap(np.array([[-4.0, 2.0]], np.float32), signed=True, layer="pooled")
    found = as_explanation(raw, (1, 2), Question(task="t", targets=(0,)), "a")
    assert found.against is not None
    assert (found.peak, found.heat.tolist(), found.against.tolist()) == (4.0, [[0.0, 0.5]], [[1.0, 0.0]])
