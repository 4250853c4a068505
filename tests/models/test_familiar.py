"""What a network keeps of the pictures it learned from, and how far others lie from it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from spermlens.framing import Framing
from spermlens.models import build
from spermlens.models._description import Description
from spermlens.models._familiar import NEIGHBOURS, Familiar
from spermlens.models._store import load, save
from spermlens.predict.tensors import look, to_tensor
from spermlens.training.familiarity import distances, remember, strangest
from spermlens.types import Task

TASK = Task("shape", ("a", "b"))


def as_map(vectors: list[list[float]]) -> torch.Tensor:
    return torch.tensor(vectors)[:, :, None, None].expand(-1, -1, 2, 2)


def test_the_distance_is_the_angle_to_the_fifth_nearest() -> None:
    angles = torch.deg2rad(torch.tensor([0.0, 10, 20, 30, 40, 50, 180]))
    familiar = Familiar(torch.stack([angles.cos(), angles.sin()], 1))
    found = familiar(as_map([[2.0, 0.0], [0.0, 0.5]]))
    expected = [1 - np.cos(np.deg2rad(40)), 1 - np.cos(np.deg2rad(90 - 10))]
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_too_few_are_no_company() -> None:
    with pytest.raises(ValueError, match="5 or more references"):
        Familiar(torch.ones(NEIGHBOURS - 1, 3))
    network = build("simple_cnn", (TASK,), arguments={"width": 2})
    assert remember(network, np.zeros((4, 32, 32, 3), np.uint8), 0) is None


def test_remembered_pictures_are_near_and_noise_is_far() -> None:
    torch.manual_seed(0)
    network = build("simple_cnn", (TASK,), arguments={"width": 4}).eval()
    rng = np.random.default_rng(0)
    smooth = np.repeat(rng.integers(100, 130, (40, 1, 1, 3), dtype=np.uint8), 32, 1).repeat(32, 2)
    noise = rng.integers(0, 255, (10, 32, 32, 3), dtype=np.uint8)
    familiar = remember(network, smooth[:30], seed=0)
    assert familiar is not None
    limit = strangest(distances(network, familiar, smooth[30:]))
    assert limit is not None
    assert min(distances(network, familiar, noise)) > limit


def test_what_is_remembered_is_saved_and_looked_up_in_the_same_pass(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = build("simple_cnn", (TASK,), arguments={"width": 2}).eval()
    squares = np.random.default_rng(0).integers(0, 255, (9, 32, 32, 3), dtype=np.uint8)
    assert look(network, to_tensor(squares)).distances is None
    network.familiar = remember(network, squares, seed=1)
    description = Description(
        name="m",
        architecture="simple_cnn",
        arguments={"width": 2},
        tasks=(TASK,),
        framing=Framing(size=32, field_px=32),
        strangest=0.3,
    )
    save(tmp_path / "m", network, description)
    saved = load(tmp_path / "m")
    assert saved.description.strangest == 0.3
    seen, again = look(network, to_tensor(squares)), look(saved.network, to_tensor(squares))
    assert seen.distances is not None
    assert again.distances is not None
    assert network.familiar is not None
    np.testing.assert_array_equal(seen.distances, again.distances)
    np.testing.assert_allclose(seen.distances, distances(network, network.familiar, squares), atol=1e-6)


def test_no_picture_no_limit() -> None:
    assert strangest([]) is None
    assert strangest([0.1] * 99 + [5.0]) == pytest.approx(0.149)
