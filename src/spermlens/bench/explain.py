"""What reasons cost: the same pictures with and without them, by turns, on the device at hand.

Prices are ratios of times that were taken in the same rounds. On the CPU one thread works, and its own
seconds are counted, not those on the clock: so it does not matter what else the machine does. The network is
as large as the one of the claim and untrained: weights do not change the time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch

from spermlens.bench.rounds import (
    INTERVAL,
    Clock,
    Figure,
    Work,
    median,
    median_of,
    threads,
    timed,
    with_interval,
)
from spermlens.bench.subjects import DATA, TASK, drawn_cells, reading, untrained
from spermlens.explain._capture import evaluating
from spermlens.explain._engine import chosen, every_class
from spermlens.explain._scaled import EveryClass, Question, explanations
from spermlens.models import build
from spermlens.models._export import export
from spermlens.predict.graph import open_graph
from spermlens.predict.network import NetworkEye
from spermlens.predict.pipeline import Ask
from spermlens.predict.sides import Sides
from spermlens.predict.tensors import to_tensor
from spermlens.runs import describe_environment
from spermlens.types import Result, Sample

MODEL, SIZE = "efficientnet_b0_cbam", 128
FINER = {"output_stride": 16}  # a map of twice as many rows and columns
CLAIM = "Exact maps of every class come at the price of a plain prediction."
PROTOCOL = (
    "An untrained network and drawn cells; on a CPU one thread and its own seconds, on a GPU those on the "
    "clock. In each round everything is timed once, in turning order; one round before is not counted. What "
    "our maps add is a step of its own behind the forward pass and is timed alone; a library's is its time "
    "less that of a forward pass. A price is the median over the rounds of ratios within a round; against "
    "the library it is the ratio of two medians. The interval holds 95 of 100 such figures of rounds drawn "
    "anew."
)


@dataclass(frozen=True, slots=True)
class Bench:
    """A model, pictures and a device to time them on."""

    eye: NetworkEye
    samples: Sequence[Sample]
    rounds: int

    @property
    def clock(self) -> Clock:
        """What tells the seconds; a GPU works beside the process."""
        return time.process_time if self.eye.device.type == "cpu" else time.perf_counter

    @property
    def condition(self) -> str:
        return f"{self.eye.device.type}, {len(self.samples)} images at a time"

    def result(self, metric: str, price: Figure, more: str = "") -> Result:
        """A row; `price` tells it from the rounds of these numbers."""
        low, value, high = with_interval(price, self.rounds)
        return Result(
            dataset=DATA,
            model=MODEL,
            task=TASK,
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
    samples = drawn_cells(images)
    with TemporaryDirectory() as folder, threads(1):
        for device in devices:
            saved = untrained(MODEL, SIZE, Path(folder) / "model", samples[0])
            bench = Bench(NetworkEye(saved, device), samples, rounds)
            bench.eye.saved.network.to(device)
            rows += [*_maps(bench), *_reading(bench), _finer(bench)]
            if device.type == "cpu":
                rows += _graph(bench, Path(folder))
    return {
        "claim": CLAIM,
        "protocol": PROTOCOL,
        "environment": describe_environment(_told(devices), 0),
        "rows": [asdict(row) for row in rows],
        "comparisons": [],
    }


def library() -> Any:
    """Grad-CAM of the package grad-cam, or None where it is not installed."""
    try:
        from pytorch_grad_cam import GradCAM
    except ImportError:
        return None
    return GradCAM


def _maps(bench: Bench) -> list[Result]:
    """Maps beside the answer, against the answer alone; and what a library takes for the map of one class."""
    network, squares = bench.eye.saved.network, _squares(bench)
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

    works: dict[str, Work] = {
        "forward": _passing(network, squares),
        "read": _passing(network, squares, network.read),
        "maps": maps,
        "drawn": drawn,
    }
    if (grad_cam := library()) is not None:
        works["library"] = _by_library(grad_cam, network, squares, task)
    took = timed(works, bench.rounds, bench.clock)
    forward, read, added = took["forward"], took["read"], took["maps"]
    found = [
        bench.result("added_over_forward", median_of(added / forward)),
        bench.result("read_over_forward", median_of(read / forward)),
    ]
    if "library" in took:
        ours, theirs = took["drawn"], took["library"] - forward
        found.append(
            bench.result(
                "library_added_over_ours_added",
                lambda of: median(theirs[of]) / median(ours[of]),
                ", a map of one class as large as its square",
            )
        )
    return found


def _squares(bench: Bench) -> torch.Tensor:
    framing = bench.eye.description.framing
    return to_tensor([framing.square(sample.image) for sample in bench.samples], bench.eye.device)


def _passing(
    network: torch.nn.Module, squares: torch.Tensor, way: Callable[[torch.Tensor], object] | None = None
) -> Work:
    """Once through the network, by `way` or as it is called; done when it is done on the device, too."""

    def work() -> None:
        with evaluating(network), torch.inference_mode():
            (way or network)(squares)
            if squares.device.type == "cuda":
                torch.cuda.synchronize(squares.device)

    return work


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
            "bare": reading(bench.eye, bench.samples, bare),
            "whole": reading(bench.eye, bench.samples, whole),
        }
        took = timed(works, bench.rounds, bench.clock)
        ratio = took["whole"] / took["bare"]
        more = f", {views} view{'s' if views > 1 else ''}"
        found.append(bench.result("predict_explain_over_predict", median_of(ratio), more))
    return found


def _finer(bench: Bench) -> Result:
    """A forward pass whose map is twice as fine, against one of the usual map."""
    network, device = bench.eye.saved.network, bench.eye.device
    fine = build(MODEL, network.tasks, arguments=FINER).requires_grad_(False).to(device)
    squares = _squares(bench)
    works = {"usual": _passing(network, squares), "fine": _passing(fine, squares)}
    took = timed(works, bench.rounds, bench.clock)
    return bench.result("stride_16_over_32", median_of(took["fine"] / took["usual"]))


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
    took = timed(works, bench.rounds, bench.clock)
    return [bench.result("onnx_over_torch", median_of(took["onnx"] / took["torch"]))]


def _told(devices: Sequence[torch.device]) -> str:
    names = [torch.cuda.get_device_name(d) if d.type == "cuda" else "cpu" for d in devices]
    return ", ".join(names)
