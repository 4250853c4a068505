"""What the forward pass knows already, held in 64 bits to autograd and to the definitions of the papers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from captum.attr import IntegratedGradients
from settled_networks import settled
from torch import Tensor, nn

from spermlens.errors import ConfigError, UnknownName, UsageError
from spermlens.explain import METHODS
from spermlens.explain._capture import looking
from spermlens.explain._engine import Question, explain, is_exact, raw_maps
from spermlens.models._network import Network
from spermlens.types import Task

TASKS = (Task("shape", ("round", "long")), Task("type", ("a", "b", "c")))
KINDS: dict[str, dict[str, object]] = {"plain": {"width": 4}, "with cbam": {"width": 4, "cbam": True}}
IMAGES, CHANNELS, HEIGHT, WIDTH, CLASSES = 2, 5, 3, 4, 3


@dataclass(frozen=True)
class Setting:
    """Features and a head in 64 bits."""

    features: Tensor
    network: Network

    def score(self, features: Tensor, target: int) -> Tensor:
        return self.network.head("type")(features)[:, target].sum()

    def gradient(self, target: int) -> Tensor:
        features = self.features.clone().requires_grad_(True)
        (found,) = torch.autograd.grad(self.score(features, target), features)
        return found

    def exact(self, method: str) -> Tensor:
        """All classes at once: (images, classes, height, width)."""
        with torch.no_grad():
            found: Tensor = METHODS[method].exact(self.network, self.network.read(self.features), "type")
        return found


@pytest.fixture(params=["all positive", "some below nought"])
def setting(request: pytest.FixtureRequest) -> Setting:
    """Features as ReLU or as SiLU gives them, and weights of both signs."""
    generator = torch.Generator().manual_seed(5)
    drawn = 3 * torch.randn(IMAGES, CHANNELS, HEIGHT, WIDTH, generator=generator, dtype=torch.float64)
    features = drawn.relu() if request.param == "all positive" else nn.functional.silu(drawn)
    unchanged = ((0.0,) * 3, (1.0,) * 3)
    network = Network(nn.Identity(), CHANNELS, TASKS, normalisation=unchanged).double().eval()
    network.mean, network.std = torch.zeros(()), torch.ones(())  # what enters is the map itself
    nn.init.normal_(network.head("type").linear.weight, std=0.7, generator=generator)
    return Setting(features, network)


def hirescam(setting: Setting, target: int) -> Tensor:
    """Draelos and Carin 2020: gradient times activation at every position, summed over the channels."""
    return (setting.gradient(target) * setting.features).sum(1)


def xgradcam(setting: Setting, target: int) -> Tensor:
    """Fu et al. 2020: a channel's weight is its gradient averaged with the activation as weight."""
    gradient, features = setting.gradient(target), setting.features
    share = features / features.sum((2, 3), keepdim=True)
    return ((share * gradient).sum((2, 3), keepdim=True) * features).sum(1)


def integrated_gradients(setting: Setting, target: int) -> Tensor:
    """Captum's, of the map that is pooled, from nothing; its steps are weighed in 32 bits."""
    of_head = IntegratedGradients(setting.network.head("type"))
    found: Tensor = of_head.attribute(setting.features, target=target, n_steps=3).sum(1)
    return found.detach()


def unrectified_gradcam(setting: Setting, target: int) -> Tensor:
    return (setting.gradient(target).mean((2, 3), keepdim=True) * setting.features).sum(1)


@pytest.mark.parametrize("definition", [hirescam, xgradcam, integrated_gradients, unrectified_gradcam])
@pytest.mark.parametrize("target", range(CLASSES))
def test_all_ways_to_weigh_a_constant_gradient_are_cam_over_the_positions(
    setting: Setting, definition: Callable[[Setting, int], Tensor], target: int
) -> None:
    cam = setting.exact("cam")[:, target]
    bits = 1e-7 if definition is integrated_gradients else 1e-12
    torch.testing.assert_close(definition(setting, target), cam / (HEIGHT * WIDTH), rtol=bits, atol=bits)
    assert cam.min() < 0 < cam.max()


@pytest.mark.parametrize("target", range(CLASSES))
def test_gradcam_is_its_definition(setting: Setting, target: int) -> None:
    wanted = unrectified_gradcam(setting, target).relu()
    torch.testing.assert_close(setting.exact("gradcam")[:, target], wanted, rtol=1e-10, atol=1e-12)


def test_the_mean_of_cam_and_the_bias_are_the_logit(setting: Setting) -> None:
    bias = setting.network.head("type").linear.bias
    wanted = setting.network.head("type")(setting.features)
    torch.testing.assert_close(setting.exact("cam").mean((2, 3)) + bias, wanted, rtol=1e-10, atol=1e-12)


def derivatives(score: Callable[[Tensor], Tensor], at: Tensor) -> Iterator[Tensor]:
    """The first, second and third derivative by each value alone, in the shape of `at`."""
    for place in np.ndindex(*at.shape):
        alone = at[place].clone().requires_grad_(True)
        value, row = score(at.index_put(tuple(torch.tensor(n) for n in place), alone)), []
        for _ in range(3):
            (value,) = torch.autograd.grad(value, alone, create_graph=True)
            row.append(value.detach())
        yield torch.stack(row)


@pytest.mark.parametrize("target", range(CLASSES))
def test_gradcampp_is_equation_19(setting: Setting, target: int) -> None:
    """Y = exp(logit); every derivative by autograd, none by a formula of ours."""
    found = setting.exact("gradcampp")[:, target]
    for image, features in enumerate(setting.features):

        def score(values: Tensor) -> Tensor:
            return setting.score(values[None], target).exp()

        first, second, third = torch.stack(list(derivatives(score, features)), -1).view(3, *features.shape)
        alpha = second / (2 * second + features.sum((1, 2), keepdim=True) * third)
        weights = (alpha * first.relu()).sum((1, 2), keepdim=True)
        wanted = (weights * features).sum(0).relu() / setting.score(features[None], target).exp().detach()
        assert wanted.max() > 0
        assert (found[image] - wanted).abs().max() <= 1e-5 * wanted.max()
        torch.testing.assert_close(found[image], wanted, rtol=1e-9, atol=1e-11)


@pytest.fixture(params=KINDS)
def network(request: pytest.FixtureRequest) -> Network:
    return settled(pictures(6), TASKS, **KINDS[request.param])


def pictures(count: int) -> Tensor:
    return torch.rand(count, 3, 48, 80, generator=torch.Generator().manual_seed(4))


@pytest.mark.parametrize("method", ["gradcam", "gradcampp"])
def test_without_a_gradient_the_answer_is_that_with_one(network: Network, method: str) -> None:
    """Attention stands before the map that is pooled: what follows it is still linear."""
    squares, targets = pictures(3), (2, 0, 1)
    with looking(network, squares, "pooled", "type", targets) as view:
        wanted = METHODS[method].maps(view).numpy()
    found = np.stack([r.values for r in raw_maps(network, squares, ask(method, *targets))])
    assert wanted.max() > 0
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6 * wanted.max())


@pytest.mark.parametrize(
    ("network", "method"),
    [
        (kind, name)
        for kind in KINDS
        for name in METHODS
        if is_exact(name) and (name != "cbam" or kind == "with cbam")
    ],
    indirect=["network"],
)
def test_all_classes_at_once_are_one_by_one(network: Network, method: str) -> None:
    squares = pictures(3)
    with torch.no_grad():
        passage = network.read(squares)
        for task in TASKS:
            together = METHODS[method].exact(network, passage, task.name).numpy()
            assert together.shape == (3, len(task.classes), 3, 5)
            for number in range(len(task.classes)):
                alone = raw_maps(network, squares, ask(method, *(number,) * 3, task=task.name))
                np.testing.assert_allclose([raw.values for raw in alone], together[:, number], atol=1e-7)


@pytest.mark.parametrize("method", [name for name in METHODS if is_exact(name) and name != "cbam"])
def test_no_hook_is_set_and_no_graph_is_kept(
    network: Network, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("the forward pass alone should do")

    monkeypatch.setattr(nn.Module, "register_forward_hook", refuse)
    monkeypatch.setattr(torch.autograd, "grad", refuse)
    assert explain(network, pictures(2), ask(method, 0, 1))[0].layer == "pooled"


def ask(method: str, *targets: int, task: str = "type", rivals: tuple[int, ...] = ()) -> Question:
    return Question(task=task, targets=targets, rivals=rivals, method=method)


def test_why_this_and_not_that_is_the_cam_of_the_difference_of_weights(network: Network) -> None:
    squares = pictures(2)
    found = explain(network, squares, ask("cam", 0, 2, rivals=(1, 0)))
    weight = network.head("type").linear.weight
    with torch.no_grad():
        difference = (weight[[0, 2]] - weight[[1, 0]])[:, :, None, None]
        wanted = (difference * network.features(squares)).sum(1).numpy()
    for raw, one, told in zip(
        raw_maps(network, squares, ask("cam", 0, 2, rivals=(1, 0))), found, wanted, strict=True
    ):
        np.testing.assert_allclose(raw.values, told, atol=1e-6)
        assert one.against is not None
        assert one.peak == pytest.approx(np.abs(told).max(), abs=1e-6)
        assert max(one.heat.max(), one.against.max()) > 0.5
    assert [(one.target, one.rival) for one in found] == [("a", "b"), ("c", "a")]


def test_asked_the_other_way_round_for_and_against_change_places(network: Network) -> None:
    (one,) = explain(network, pictures(1), ask("cam", 0, rivals=(1,)))
    (other,) = explain(network, pictures(1), ask("cam", 1, rivals=(0,)))
    assert np.array_equal(one.heat, other.against)  # type: ignore[arg-type]
    assert one.peak == other.peak > 0


def test_a_class_is_not_told_from_itself(network: Network) -> None:
    (found,) = explain(network, pictures(1), ask("cam", 1, rivals=(1,)))
    assert (found.status, found.peak) == ("no_evidence", 0)


def test_a_method_by_gradients_may_contrast_when_it_has_a_sign(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HiResCAM by gradients of the difference of two logits is the contrast of two CAMs."""
    gradcam, cam = METHODS["gradcam"], METHODS["cam"]
    wanted = [raw.values / 15 for raw in raw_maps(network, pictures(2), ask("cam", 0, 2, rivals=(1, 0)))]
    monkeypatch.delattr(gradcam, "exact")
    monkeypatch.setattr(gradcam, "SIGNED", cam.SIGNED)
    monkeypatch.setattr(gradcam, "maps", lambda view: (view.gradients * view.features).sum(1))
    found = raw_maps(network, pictures(2), ask("gradcam", 0, 2, rivals=(1, 0)))
    np.testing.assert_allclose([raw.values for raw in found], wanted, atol=1e-6)


@pytest.mark.parametrize(
    ("question", "error", "message"),
    [
        (ask("gradcampp", 0, rivals=(1,)), UsageError, "Use --method cam"),
        (ask("cam", 0, rivals=(3,)), UnknownName, "Unknown class number '3'"),
        (ask("cam", 0, rivals=(1, 2)), ConfigError, "1 images need as many classes to explain, found 2"),
    ],
)
def test_contrasts_refused(
    network: Network, question: Question, error: type[Exception], message: str
) -> None:
    with pytest.raises(error) as caught:
        explain(network, pictures(1), question)
    assert message in str(caught.value)
