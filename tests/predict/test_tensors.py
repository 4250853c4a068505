"""Squares in, probabilities out."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from spermlens.errors import ConfigError, UnknownName, UsageError
from spermlens.evaluate.calibration import temper
from spermlens.models import build
from spermlens.models._network import Network
from spermlens.predict.tensors import choose_device, probabilities, to_tensor
from spermlens.types import Task

TASKS = (Task("shape", ("round", "long")), Task("type", ("a", "b", "c")))


@pytest.fixture
def network() -> Network:
    torch.manual_seed(0)
    built = build("simple_cnn", TASKS, arguments={"width": 4})
    with torch.no_grad():
        for _ in range(3):
            built(pictures())
        for head in built.heads.values():
            head.linear.weight.mul_(10)
    return built.eval()


def pictures(count: int = 5) -> Tensor:
    return torch.rand(count, 3, 32, 32, generator=torch.Generator().manual_seed(3))


@pytest.mark.parametrize("views", [1, 2, 8, 16])
def test_probabilities_sum_to_one(network: Network, views: int) -> None:
    found = probabilities(network, pictures(), views=views)
    assert {task: values.shape for task, values in found.items()} == {"shape": (5, 2), "type": (5, 3)}
    for values in found.values():
        assert values.dtype == np.float64
        np.testing.assert_allclose(values.sum(1), 1, atol=1e-12)


def test_one_view_at_temperature_one_is_softmax(network: Network) -> None:
    with torch.no_grad():
        logits = network(pictures())
    for temperature in (None, {"shape": 1.0}, {"type": 1.0, "shape": 1.0}):
        found = probabilities(network, pictures(), temperature=temperature)
        for task, values in found.items():
            np.testing.assert_allclose(values, logits[task].double().softmax(1).numpy(), atol=1e-9)


def test_temperature_divides_the_logits_of_its_own_task(network: Network) -> None:
    plain, cooled = (
        probabilities(network, pictures()),
        probabilities(network, pictures(), temperature={"type": 4}),
    )
    np.testing.assert_array_equal(plain["shape"], cooled["shape"])
    root = plain["type"] ** 0.25
    np.testing.assert_allclose(cooled["type"], root / root.sum(1, keepdims=True), atol=1e-9)


def test_temperature_acts_on_what_all_views_say_together(network: Network) -> None:
    plain = probabilities(network, pictures(), views=4)
    hot = probabilities(network, pictures(), views=4, temperature={"type": 3.0, "shape": 0.2})
    np.testing.assert_allclose(hot["type"], temper(plain["type"], 3.0), atol=1e-12)
    np.testing.assert_allclose(hot["shape"], temper(plain["shape"], 0.2), atol=1e-12)
    assert all((hot[task].argmax(1) == plain[task].argmax(1)).all() for task in plain)


@pytest.mark.parametrize("move", ["quarter", "half", "mirror", "both"])
def test_eight_views_do_not_care_how_the_cell_lies(network: Network, move: str) -> None:
    moved = {
        "quarter": torch.rot90(pictures(), 1, (2, 3)),
        "half": torch.rot90(pictures(), 2, (2, 3)),
        "mirror": pictures().flip(3),
        "both": torch.rot90(pictures().flip(2), 3, (2, 3)),
    }[move]
    upright, lying = (probabilities(network, squares, views=8) for squares in (pictures(), moved))
    one, other = (probabilities(network, squares) for squares in (pictures(), moved))
    for task in upright:
        np.testing.assert_allclose(upright[task], lying[task], atol=1e-6)
        assert np.abs(one[task] - other[task]).max() > 1e-4


def test_batches_do_not_show(network: Network) -> None:
    whole = probabilities(network, pictures(), views=4)
    pieces = probabilities(network, pictures(), views=4, batch_size=2)
    for task in whole:
        np.testing.assert_allclose(whole[task], pieces[task], atol=1e-6)


def test_no_pictures_give_empty_rows_of_every_class(network: Network) -> None:
    for squares in (pictures(0), to_tensor([])):
        found = probabilities(network, squares, views=2)
        assert {task: values.shape for task, values in found.items()} == {"shape": (0, 2), "type": (0, 3)}


def test_the_network_is_left_in_its_mode(network: Network) -> None:
    wanted = probabilities(network, pictures())
    state = {name: value.clone() for name, value in network.state_dict().items()}
    network.train()
    found = probabilities(network, pictures())
    assert all(module.training for module in network.modules())
    assert all(torch.equal(value, state[name]) for name, value in network.state_dict().items())
    assert all(np.array_equal(found[task], wanted[task]) for task in wanted)


@pytest.mark.parametrize("views", [0, 3, 64])
def test_an_unknown_number_of_views_is_refused(network: Network, views: int) -> None:
    with pytest.raises(ConfigError, match=f"but is {views}"):
        probabilities(network, pictures(), views=views)


def test_a_temperature_of_no_task_is_refused(network: Network) -> None:
    with pytest.raises(UnknownName, match=r"Unknown task 'shade'\. Did you mean 'shape'"):
        probabilities(network, pictures(), temperature={"shade": 2.0})


@pytest.mark.parametrize("divisor", [0.0, -1.0, float("nan"), float("inf")])
def test_a_temperature_must_be_positive(network: Network, divisor: float) -> None:
    with pytest.raises(UsageError, match="temperature of 'shape' must be positive"):
        probabilities(network, pictures(), temperature={"shape": divisor})


def test_pixels_become_shares_of_one_channels_first() -> None:
    square = np.zeros((4, 4, 3), np.uint8)
    square[1, 2] = (255, 51, 0)
    found = to_tensor([square, square])
    assert found.shape == (2, 3, 4, 4)
    assert found[1, :, 1, 2].tolist() == pytest.approx([1, 0.2, 0])
    assert found.sum() == pytest.approx(2.4)


def test_scaled_pixels_are_not_taken_for_bytes() -> None:
    with pytest.raises(TypeError, match="Squares are uint8, but these are float64"):
        to_tensor(np.full((1, 4, 4, 3), 0.5))


def test_devices() -> None:
    assert choose_device("cpu") == torch.device("cpu")
    assert choose_device().type == ("cuda" if torch.cuda.is_available() else "cpu")
    for name in ("quantum", "cuda:99"):
        with pytest.raises(UsageError, match=f"'{name}' cannot be used here .*--device cpu"):
            choose_device(name)
