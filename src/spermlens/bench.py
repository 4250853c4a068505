"""What reasons cost: the same pictures with and without them, by turns, on the device at hand.

Prices are ratios of times that were taken in the same rounds. On the CPU one thread works, and its own
seconds are counted, not those on the clock: so it does not matter what else the machine does. The network is
as large as the one of the claim and untrained: weights do not change the time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from spermlens.datasets import open_data
from spermlens.explain._capture import evaluating
from spermlens.explain._engine import chosen, every_class
from spermlens.explain._scaled import EveryClass, Question, explanations
from spermlens.framing import Framing
from spermlens.models import build
from spermlens.models._description import Description
from spermlens.models._export import export
from spermlens.models._store import Saved, save
from spermlens.predict.eye import Eye
from spermlens.predict.graph import open_graph
from spermlens.predict.network import NetworkEye
from spermlens.predict.pipeline import Ask, read_samples
from spermlens.predict.rows import measured_row, row_of
from spermlens.predict.sides import Sides
from spermlens.predict.tensors import to_tensor
from spermlens.runs import describe_environment
from spermlens.types import Result, Sample

MODEL, SIZE = "efficientnet_b0_cbam", 128
CLAIM = "Exact maps of every class come at the price of a plain prediction."
PROTOCOL = (
    "An untrained network and drawn cells; on a CPU one thread and its own seconds, on a GPU those on the "
    "clock. In each round everything is timed once, in turning order; one round before is not counted. What "
    "our maps add is a step of its own behind the forward pass and is timed alone; a library's is its time "
    "less that of a forward pass. A price is the median over the rounds of ratios within a round; against "
    "the library it is the ratio of two medians. The interval holds 95 of 100 such figures of rounds drawn "
    "anew."
)
INTERVAL = "bootstrap of rounds"
DRAWS = 2000

Seconds = NDArray[np.float64]  # one a round
Work = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Bench:
    """A model, pictures and a device to time them on."""

    eye: NetworkEye
    samples: Sequence[Sample]
    rounds: int

    @property
    def clock(self) -> Callable[[], float]:
        """What tells the seconds; a GPU works beside the process."""
        return time.process_time if self.eye.device.type == "cpu" else time.perf_counter

    @property
    def condition(self) -> str:
        return f"{self.eye.device.type}, {len(self.samples)} images at a time"

    def result(self, metric: str, price: Callable[[NDArray[np.intp]], float], more: str = "") -> Result:
        """A row; `price` tells it from the rounds of these numbers."""
        low, value, high = _with_interval(price, self.rounds)
        return Result(
            dataset="synthetic",
            model=MODEL,
            task="head_shape",
            metric=metric,
            method="cam",
            condition=f"{self.condition}{more}",
            value=value,
            low=low,
            high=high,
            interval=INTERVAL,
            n_images=len(self.samples),
            repeats=self.rounds,
        )


def bench_explain(devices: Sequence[torch.device], images: int, rounds: int) -> dict[str, Any]:
    """The content of a results file: every price on every device."""
    rows: list[Result] = []
    samples = list(open_data("synthetic", options={"count": images}))
    with TemporaryDirectory() as folder, one_thread():
        for device in devices:
            bench = Bench(NetworkEye(_untrained(Path(folder), samples[0]), device), samples, rounds)
            bench.eye.saved.network.to(device)
            rows += [*_maps(bench), *_reading(bench)]
            if device.type == "cpu":
                rows += _graph(bench, Path(folder))
    return {
        "claim": CLAIM,
        "protocol": PROTOCOL,
        "environment": describe_environment(_told(devices), 0),
        "rows": [asdict(row) for row in rows],
        "comparisons": [],
    }


@contextmanager
def one_thread() -> Iterator[None]:
    """Torch works with one thread inside."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def timed(works: Mapping[str, Work], bench: Bench) -> dict[str, Seconds]:
    """Seconds of each work in each round; who begins changes from round to round."""
    names, rounds, clock = list(works), bench.rounds, bench.clock
    found = {name: np.zeros(rounds) for name in names}
    for number in range(-1, rounds):  # the first warms up
        first = number % len(names)
        for name in names[first:] + names[:first]:
            start = clock()
            works[name]()
            taken = clock() - start
            if number >= 0:
                found[name][number] = taken
    return found


def library() -> Any:
    """Grad-CAM of the package grad-cam, or None where it is not installed."""
    try:
        from pytorch_grad_cam import GradCAM
    except ImportError:
        return None
    return GradCAM


def _maps(bench: Bench) -> list[Result]:
    """Maps beside the answer, against the answer alone; and what a library takes for the map of one class."""
    network, device = bench.eye.saved.network, bench.eye.device
    framing = bench.eye.description.framing
    squares = to_tensor([framing.square(sample.image) for sample in bench.samples], device)
    task = network.tasks[0].name
    question = Question(task=task, targets=(0,) * len(squares))
    with evaluating(network), torch.inference_mode():
        passage = network.read(squares)

    def maps() -> EveryClass:
        with torch.inference_mode():
            fresh = passage._replace(maps=network.maps(passage.features))
            return every_class(network, fresh, question.method, task)

    def drawn() -> None:
        explanations(chosen(maps(), question), (SIZE, SIZE), question, network.tasks[0].classes)

    def answers(passing: Callable[[torch.Tensor], object]) -> Work:
        def work() -> None:
            with evaluating(network), torch.inference_mode():
                passing(squares)
                if device.type == "cuda":
                    torch.cuda.synchronize(device)

        return work

    works: dict[str, Work] = {
        "forward": answers(network),
        "read": answers(network.read),
        "maps": maps,
        "drawn": drawn,
    }
    if (grad_cam := library()) is not None:
        works["library"] = _by_library(grad_cam, network, squares, task)
    took = timed(works, bench)
    forward, read, added = took["forward"], took["read"], took["maps"]
    found = [
        bench.result("added_over_forward", _median_of(added / forward)),
        bench.result("read_over_forward", _median_of(read / forward)),
    ]
    if "library" in took:
        ours, theirs = took["drawn"], took["library"] - forward
        found.append(
            bench.result(
                "library_added_over_ours_added",
                lambda of: _median(theirs[of]) / _median(ours[of]),
                ", a map of one class as large as its square",
            )
        )
    return found


def _by_library(grad_cam: Any, network: torch.nn.Module, squares: torch.Tensor, task: str) -> Work:
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    class OneTask(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, pictures: torch.Tensor) -> torch.Tensor:
            logits: torch.Tensor = self.network(pictures)[task]
            return logits

    cam = grad_cam(model=OneTask(), target_layers=[network.pooled])
    targets = [ClassifierOutputTarget(0)] * len(squares)
    asking = squares.clone().requires_grad_()  # of frozen weights it takes none: the cheapest way to use it
    return lambda: cam(input_tensor=asking, targets=targets)


def _reading(bench: Bench) -> list[Result]:
    """Rows with map, outline and measures against rows of answers alone."""
    found = []
    for views in (1, 8):
        bare, whole = Ask(views=views), Ask(views=views, methods=("cam",), measures=True)
        works: dict[str, Work] = {
            "bare": _rows(bench.eye, bench.samples, bare),
            "whole": _rows(bench.eye, bench.samples, whole),
        }
        took = timed(works, bench)
        ratio = took["whole"] / took["bare"]
        more = f", {views} view{'s' if views > 1 else ''}"
        found.append(bench.result("predict_explain_over_predict", _median_of(ratio), more))
    return found


def _rows(eye: Eye, samples: Sequence[Sample], ask: Ask) -> Work:
    model = eye.description

    def work() -> list[object]:
        readings = read_samples(eye, samples, ask)
        if ask.measures:
            return [measured_row(reading, model.tasks, model.normal) for reading in readings]
        return [row_of(reading.prediction, model.tasks) for reading in readings]

    return work


def _graph(bench: Bench, folder: Path) -> list[Result]:
    """Answers and maps by ONNX Runtime against the same by torch."""
    file = folder / "model.onnx"
    export(bench.eye.saved, file)
    graph, framing = open_graph(file, threads=1), bench.eye.description.framing
    squares = np.stack([framing.square(sample.image) for sample in bench.samples])
    works: dict[str, Work] = {
        "torch": lambda: bench.eye.look(squares, Sides(), ["cam"]),
        "onnx": lambda: graph.look(squares, Sides(), ["cam"]),
    }
    took = timed(works, bench)
    return [bench.result("onnx_over_torch", _median_of(took["onnx"] / took["torch"]))]


def _untrained(folder: Path, sample: Sample) -> Saved:
    """The network of the claim as it is saved, its framing fitting the cells."""
    torch.manual_seed(0)
    card = open_data("synthetic", options={"count": 1}).card
    description = Description(
        name="untrained",
        architecture=MODEL,
        arguments={},
        tasks=card.tasks,
        framing=Framing(size=SIZE, field_px=float(max(sample.image.shape[:2]))),
    )
    network = build(MODEL, card.tasks).eval().requires_grad_(False)
    return Saved(network, save(folder / "model", network, description))


def _median(values: Seconds) -> float:
    return float(np.median(values))


def _median_of(values: Seconds) -> Callable[[NDArray[np.intp]], float]:
    return lambda of: _median(values[of])


def _with_interval(price: Callable[[NDArray[np.intp]], float], rounds: int) -> tuple[float, float, float]:
    """Low, value and high."""
    chance = np.random.default_rng(0)
    drawn = [price(chance.integers(0, rounds, rounds)) for _ in range(DRAWS)]
    value = price(np.arange(rounds))
    low, high = np.percentile(drawn, (2.5, 97.5))
    return min(float(low), value), value, max(float(high), value)


def _told(devices: Sequence[torch.device]) -> str:
    names = [torch.cuda.get_device_name(d) if d.type == "cuda" else "cpu" for d in devices]
    return ", ".join(names)
