"""What every explanation promises: no trace left, the same answer however it is asked, the right place."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from spermlens.errors import BadModel, ConfigError, UnknownName, UsageError
from spermlens.explain import METHODS, method_named
from spermlens.explain._capture import evaluating, looking
from spermlens.explain._engine import Question, explain, raw_maps
from spermlens.explain._told import CONTRAST, SMOOTH, TOLD, sentences, titled
from spermlens.models import build
from spermlens.models._network import Network
from spermlens.types import Task

TASKS = (Task("shape", ("round", "long")), Task("type", ("a", "b", "c")))
EVERY = [*METHODS, "cam+smooth", "layercam+smooth"]
every_method = pytest.mark.parametrize("method", EVERY)
Trace = tuple[Any, ...]


@pytest.fixture
def network() -> Network:
    """Small, with attention, its statistics moved from where they start."""
    torch.manual_seed(0)
    built = build("simple_cnn", TASKS, arguments={"width": 4, "cbam": True})
    with torch.no_grad():
        for module in built.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.momentum = 1.0  # the statistics of one batch, whole
        built(pictures(6))
        for head in built.heads.values():
            head.linear.weight.mul_(3)
    return built.eval()


@pytest.fixture(autouse=True)
def _few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Noise asks for the finest steps; what is promised here holds for any."""
    monkeypatch.setattr(METHODS["integrated_gradients"], "STEPS", (2, 4))


def pictures(count: int, height: int = 32, width: int = 32, seed: int = 2) -> Tensor:
    """Noise with a bright bar aside of the middle, in every picture elsewhere."""
    squares = 0.5 * torch.rand(count, 3, height, width, generator=torch.Generator().manual_seed(seed))
    for index, square in enumerate(squares):
        square[index % 3, 4 + 3 * index : 14 + 3 * index, 2:9] += 0.5
    return squares


def ask(method: str, *targets: int, task: str = "type", layer: str = "") -> Question:
    return Question(task=task, targets=targets, method=method, layer=layer)


def values(network: Network, squares: Tensor, question: Question) -> np.ndarray:
    return np.stack([raw.values for raw in raw_maps(network, squares, question)])


def trace(network: Network) -> Trace:
    """All that explaining could leave behind."""
    modules = list(network.modules())
    return (
        [module.training for module in modules],
        [(len(m._forward_hooks), len(m._forward_pre_hooks), len(m._backward_hooks)) for m in modules],
        [(parameter.grad is None, parameter.requires_grad) for parameter in network.parameters()],
        [value.clone().numpy().tobytes() for value in network.state_dict().values()],
        torch.get_rng_state().tolist(),
        torch.is_grad_enabled(),
    )


@pytest.fixture
def half_trained(network: Network) -> Network:
    """As in training with a frozen trunk: some parts learn, others rest."""
    network.heads.train()
    network.trunk[1].train()
    network.trunk[0].requires_grad_(False)
    return network


@every_method
def test_the_network_is_left_as_found(half_trained: Network, method: str) -> None:
    before = trace(half_trained)
    explain(half_trained, pictures(2), ask(method, 0, 2))
    assert trace(half_trained) == before


@every_method
@pytest.mark.parametrize("place", ["method", "middle", "head"])
def test_also_when_it_fails(
    half_trained: Network, method: str, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def burst(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("burst")

    if place == "method":
        module = method_named(method)
        (works, *_) = [name for name in ("exact", "maps", "by_asking") if hasattr(module, name)]
        monkeypatch.setattr(module, works, burst)
    else:
        part = half_trained.trunk[2] if place == "middle" else half_trained.head("type")
        monkeypatch.setattr(part, "forward", burst)
    before = trace(half_trained)
    with pytest.raises(RuntimeError, match="burst"):
        explain(half_trained, pictures(2), ask(method, 0, 2))
    assert trace(half_trained) == before


@pytest.mark.parametrize("place", ["method", "middle", "head"])
def test_also_when_a_gradient_fails(
    half_trained: Network, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def burst(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("burst")

    parts = {"middle": half_trained.trunk[2], "head": half_trained.head("type")}
    monkeypatch.setattr(
        *((METHODS["gradcam"], "maps") if place == "method" else (parts[place], "forward")), burst
    )
    before = trace(half_trained)
    with pytest.raises(RuntimeError, match="burst"):
        explain(half_trained, pictures(2), ask("gradcam", 0, 2, layer="stage1"))
    assert trace(half_trained) == before


def map_size(method: str, height: int, width: int) -> tuple[int, int]:
    """Of this network, whose four stages each halve the sides."""
    finer = {
        "layercam": (height // 8, width // 8),  # the third stage
        "integrated_gradients": (height, width),
        "occlusion": (8, 8 * width // height),  # 8 fields along the shorter side
    }
    return finer.get(method.removesuffix("+smooth"), (height // 16, width // 16))


@every_method
@pytest.mark.parametrize(("height", "width"), [(48, 48), (48, 84)])
def test_finite_within_bounds_and_as_large_as_the_picture(
    network: Network, method: str, height: int, width: int
) -> None:
    for found in explain(network, pictures(2, height, width), ask(method, 0, 2)):
        for heat in (found.heat, found.against):
            assert heat is None or heat.shape == (height, width)
            assert heat is None or (heat.dtype == np.float32 and heat.min() >= 0 and heat.max() <= 1)
        assert (found.against is not None) == method_named(method).SIGNED
        assert found.map_size == map_size(method, height, width)
        assert found.peak >= 0
        assert (found.task, found.method) == ("type", method)
    assert [found.target for found in explain(network, pictures(2), ask(method, 0, 2))] == ["a", "c"]


@every_method
def test_asked_twice_the_answer_is_the_same(network: Network, method: str) -> None:
    question = ask(method, 1, 0)
    assert np.array_equal(values(network, pictures(2), question), values(network, pictures(2), question))


@every_method
def test_each_picture_of_a_batch_has_its_own_class(network: Network, method: str) -> None:
    batch = pictures(3)
    together = values(network, batch, ask(method, 2, 0, 1))
    alone = [values(network, batch[i : i + 1], ask(method, target)) for i, target in enumerate((2, 0, 1))]
    # a step may fall on an edge of the network's, where the last digit turns a gradient
    near = 1e-3 * np.abs(together).max() if method == "integrated_gradients" else 1e-6
    np.testing.assert_allclose(together, np.concatenate(alone), atol=near, rtol=1e-4)
    if method != "cbam":  # attention is one for all classes
        assert np.abs(together - values(network, batch, ask(method, 0, 1, 2))).max() > 1e-3


def mirror_symmetric(network: Network) -> Network:
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.Conv2d):
                module.weight.copy_((module.weight + module.weight.flip(3)) / 2)
    return network


@pytest.mark.parametrize("method", list(METHODS))  # noise is not mirrored
@pytest.mark.parametrize("layer", ["", "stage2"])
def test_flip_the_picture_and_the_map_flips(network: Network, method: str, layer: str) -> None:
    """Exact for a side of 16 k + 1: every stage then halves about the same middle."""
    if not hasattr(METHODS[method], "maps"):
        layer = ""
    batch, symmetric = pictures(3, seed=4), mirror_symmetric(network)
    question = ask(method, 0, 1, 2, layer=layer)
    upright = explain(symmetric, batch, question)
    mirrored = explain(symmetric, batch.flip(3), question)
    for a, b in zip(upright, mirrored, strict=True):
        np.testing.assert_allclose(a.heat[:, ::-1], b.heat, atol=1e-4)
        assert a.heat.max() == 0 or np.abs(a.heat - b.heat).max() > 0.01
    assert any(found.heat.max() > 0 for found in upright)


@pytest.mark.parametrize("training", [False, True])
def test_eight_threads_say_what_one_says(network: Network, training: bool) -> None:
    network.train(training)
    before = trace(network)
    jobs = [
        (pictures(2, seed=seed), ask(method, seed % 3, (seed + 1) % 3, layer=layer))
        for seed in range(6)
        for method, layer in [
            ("cam", ""), ("cbam", ""), ("gradcam", ""), ("gradcam", "stage1"), ("gradcampp", "trunk")
        ]
    ]  # fmt: skip
    dear = ["layercam", "integrated_gradients", "occlusion", "gradcampp+smooth"]
    jobs += [(pictures(1, 16, 16), ask(method, 1)) for method in dear]
    wanted = [values(network, *job) for job in jobs]
    start = threading.Barrier(8)

    def work(index: int) -> list[np.ndarray]:
        start.wait()
        return [values(network, *job) for job in jobs[index:] + jobs[:index]]

    with ThreadPoolExecutor(8) as pool:
        for index, found in enumerate(pool.map(work, range(8))):
            for ours, theirs in zip(found, wanted[index:] + wanted[:index], strict=True):
                np.testing.assert_allclose(ours, theirs, atol=1e-6, rtol=1e-5)
    assert trace(network) == before


def test_the_first_to_leave_does_not_wake_the_network_for_those_inside(network: Network) -> None:
    """One comes, another comes, the first goes: the second must still find everything at rest."""
    network.train()
    inside, leave = threading.Event(), threading.Event()

    def first() -> None:
        with evaluating(network):
            inside.set()
            leave.wait(10)

    one = threading.Thread(target=first)
    one.start()
    assert inside.wait(10)
    with evaluating(network):
        leave.set()
        one.join()
        assert not any(module.training for module in network.modules())
    assert all(module.training for module in network.modules())


def test_threads_do_not_wait_for_each_other(network: Network) -> None:
    """Two looking at once, both in a network that was left in training mode."""
    network.train()
    both = threading.Barrier(2, timeout=10)

    def look(_: int) -> int:
        with looking(network, pictures(1), "pooled", "type", [0]):
            return both.wait()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(look, range(2))) == [0, 1]


def callers() -> Iterator[tuple[str, AbstractContextManager[Any]]]:
    yield "plain", nullcontext()
    yield "no_grad", torch.no_grad()
    yield "inference", torch.inference_mode()


@every_method
@pytest.mark.parametrize("caller", ["plain", "no_grad", "inference"])
@pytest.mark.parametrize("frozen", [False, True])
def test_any_caller_and_frozen_weights(network: Network, method: str, caller: str, frozen: bool) -> None:
    wanted = values(network, pictures(2), ask(method, 0, 1))
    network.requires_grad_(not frozen)
    with dict(callers())[caller]:
        squares = pictures(2) * 1.0  # made in the caller's mode
        assert np.array_equal(values(network, squares, ask(method, 0, 1)), wanted)
        explain(network, squares, ask(method, 0, 1))
    assert np.array_equal(values(network, squares, ask(method, 0, 1)), wanted)


@pytest.mark.parametrize("weight", [0.0, -1.0])
@pytest.mark.parametrize("method", ["gradcam", "gradcampp", "layercam", "layercam+smooth"])
def test_no_evidence_where_nothing_speaks_for_the_class(network: Network, method: str, weight: float) -> None:
    nn.init.constant_(network.head("type").linear.weight, weight)
    (found,) = explain(network, pictures(1), ask(method, 1, layer="pooled"))
    assert (found.status, found.peak, found.heat.max()) == ("no_evidence", 0, 0)


@pytest.mark.parametrize("method", [name for name in EVERY if method_named(name).SIGNED])
def test_what_moves_no_score_is_no_evidence(network: Network, method: str) -> None:
    nn.init.constant_(network.head("type").linear.weight, 0.0)
    (found,) = explain(network, pictures(1), ask(method, 1))
    assert (found.status, found.peak, found.heat.max()) == ("no_evidence", 0, 0)


def test_cam_tells_nothing_for_from_something_against(network: Network) -> None:
    nn.init.constant_(network.head("type").linear.weight, -1.0)
    (found,) = explain(network, pictures(1), ask("cam", 1))
    assert found.status == "evidence"
    assert found.heat.max() == 0
    assert found.against is not None
    assert found.against.max() > 0.9


def test_even_attention_is_no_evidence(network: Network) -> None:
    assert network.attention is not None
    nn.init.zeros_(network.attention.spatial.conv.weight)
    (found,) = explain(network, pictures(1), ask("cbam", 1))
    assert found.status == "no_evidence"


@every_method
def test_no_pictures_no_explanations(network: Network, method: str) -> None:
    assert explain(network, pictures(0), ask(method)) == []


@pytest.mark.parametrize(
    ("question", "error", "message"),
    [
        (ask("gradcma", 0), UnknownName, "Did you mean 'gradcam'"),
        (ask("cam", 0, task="typo"), UnknownName, "Unknown task 'typo'. Did you mean 'type'"),
        (ask("cam", 3), UnknownName, "Unknown class number '3'"),
        (ask("cam", -1), UnknownName, "Unknown class number '-1'"),
        (ask("cam", 0, 1), ConfigError, "1 images need as many classes to explain, found 2"),
        (ask("gradcam", 0, layer="stage7"), UnknownName, "Unknown layer 'stage7'. Did you mean 'stage"),
        (ask("cam", 0, layer="trunk"), UsageError, "or --method gradcam"),
        (ask("cbam", 0, layer="pooled"), UsageError, "Use --layer trunk"),
        (ask("cbam", 0, layer="stage1"), UsageError, "Use --layer trunk"),
        (ask("occlusion", 0, layer="stage1"), UsageError, "Use --layer input"),
        (ask("integrated_gradients", 0, layer="pooled"), UsageError, "Use --layer input"),
        (ask("cma+smooth", 0), UnknownName, "Did you mean 'cam'"),
        (ask("cam+smooth+smooth", 0), UnknownName, "Unknown explanation method 'cam+smooth'"),
        (ask("cam+smooth", 0, layer="trunk"), UsageError, "or --method gradcam"),
    ],
)
def test_refused(network: Network, question: Question, error: type[Exception], message: str) -> None:
    with pytest.raises(error) as caught:
        explain(network, pictures(1), question)
    assert message in str(caught.value)


def test_attention_that_is_not_there() -> None:
    plain = build("simple_cnn", TASKS, arguments={"width": 2})
    with pytest.raises(UsageError, match="has no attention"):
        explain(plain, pictures(1), ask("cbam", 0))


def test_values_that_overflow_are_not_drawn(network: Network) -> None:
    with torch.no_grad():
        network.head("type").linear.weight.fill_(torch.inf)
    with pytest.raises(BadModel, match="not finite"):
        explain(network, pictures(1), ask("cam", 0))


def test_people_are_told_of_every_method_and_of_no_other() -> None:
    """What is told stands in one table, which imports no torch; so a new file is missing there at first."""
    assert set(TOLD) == set(METHODS)
    assert len({told.title for told in TOLD.values()}) == len(TOLD)
    assert (titled("cam"), titled("gradcampp+smooth"), titled("of-mine")) == (
        "CAM",
        "Grad-CAM++, smoothed",
        "of-mine",
    )
    assert sentences(["cam", "cam+smooth"], contrasted=True)[1:] == [CONTRAST.sentence, SMOOTH]
    assert len(sentences(["cam", "gradcam"])) == 2


def test_the_page_on_maps_says_the_same_of_every_method() -> None:
    page = (Path(__file__).parents[2] / "docs/concepts/maps.md").read_text(encoding="utf-8")
    for name, told in TOLD.items():
        assert f"| `{name}` | {told.title} | {told.shows} | {told.cannot} |" in page
    assert f"| {CONTRAST.shows} | {CONTRAST.cannot} |" in page
    assert SMOOTH in page
