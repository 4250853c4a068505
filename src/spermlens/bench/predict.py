"""How fast cells are read on a CPU, beside a network that everybody can time: timm's plain efficientnet_b0.

Ours are timed from images in memory to the rows of a spreadsheet: framed, seen in each view, averaged. The
peer is one forward pass of as many squares that are tensors already. Nobody is trained: weights do not
change the time.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from spermlens.bench.rounds import (
    INTERVAL,
    Clock,
    Figure,
    Seconds,
    Work,
    median,
    median_of,
    threads,
    timed,
    with_interval,
)
from spermlens.bench.subjects import DATA, TASK, drawn_cells, reading, untrained
from spermlens.predict.network import NetworkEye
from spermlens.predict.pipeline import Ask
from spermlens.predict.tensors import to_tensor
from spermlens.runs import describe_environment
from spermlens.types import Result, Sample

MODELS = ("simple_cnn", "efficientnet_b0", "efficientnet_b0_cbam")
VIEWS, SIZE = (1, 8), 128
PEER = "timm efficientnet_b0"
CLAIM = "How many cells a second are read on a CPU, beside a forward pass of a network that everybody has."
PROTOCOL = (
    "Untrained networks and drawn cells, {size} px, {images} at a time, on a CPU. Ours are timed from images "
    "in memory to rows, with framing and all views, without decoding files and without turning cells by "
    "their outline. Theirs is one forward pass of the {peer}, evaluating, of as many squares that are "
    "tensors already; its padding is symmetric, that of ours is TensorFlow's. With one thread the process's "
    "own seconds are counted, with several those on the clock. In each of {rounds} rounds everything is "
    "timed once, in turning order; one round before is not counted. Images a second are of the median "
    "round; times as fast is the median of ratios within a round. The interval holds 95 of 100 such figures "
    "of rounds drawn anew."
)

Named = tuple[str, int]  # a model and its number of views


@dataclass(frozen=True, slots=True)
class _Way:
    """With how many threads pictures are read, and what tells the seconds."""

    threads: int
    samples: Sequence[Sample]
    rounds: int

    @property
    def clock(self) -> Clock:
        """Alone a thread's own seconds count, whatever else the machine does; of several, the wall's."""
        return time.process_time if self.threads == 1 else time.perf_counter

    def result(self, who: Named, metric: str, figure: Figure, method: str = "") -> Result:
        low, value, high = with_interval(figure, self.rounds)
        model, views = who
        return Result(
            dataset=DATA,
            model=model,
            task=TASK,
            metric=metric,
            method=method,
            condition=f"cpu, {_counted(self.threads, 'thread')}, {_counted(views, 'view')}",
            value=value,
            low=low,
            high=high,
            interval=INTERVAL,
            n_images=len(self.samples),
            repeats=self.rounds,
        )


def bench_predict(images: int, rounds: int) -> dict[str, Any]:
    """The content of a results file: images a second of every model, with one thread and with all cores."""
    samples, rows = drawn_cells(images), []
    with TemporaryDirectory() as folder:
        works = _works(samples, Path(folder))
        for count in sorted({1, os.cpu_count() or 1}):
            way = _Way(count, samples, rounds)
            with threads(count):
                took = timed({str(who): work for who, work in works.items()}, rounds, way.clock)
            rows += _rows(way, {who: took[str(who)] for who in works})
    return {
        "claim": CLAIM,
        "protocol": PROTOCOL.format(size=SIZE, images=images, rounds=rounds, peer=PEER),
        "environment": describe_environment("cpu", 0),
        "rows": [asdict(row) for row in rows],
        "comparisons": [],
    }


def _works(samples: Sequence[Sample], folder: Path) -> dict[Named, Work]:
    """The peer first, then every model with each number of views."""
    works: dict[Named, Work] = {}
    for model in MODELS:
        eye = NetworkEye(untrained(model, SIZE, folder / model, samples[0]), torch.device("cpu"))
        if not works:
            works[PEER, 1] = _peer(eye, samples)
        works |= {(model, views): reading(eye, samples, Ask(views=views)) for views in VIEWS}
    return works


def _peer(eye: NetworkEye, samples: Sequence[Sample]) -> Work:
    """A forward pass of timm's network, its squares and classes those of ours."""
    import timm

    description = eye.description
    squares = to_tensor([description.framing.square(sample.image) for sample in samples])
    classes = len(description.tasks[0].classes)
    network = timm.create_model(PEER.removeprefix("timm "), pretrained=False, num_classes=classes).eval()

    def work() -> None:
        with torch.inference_mode():
            network(squares)

    return work


def _rows(way: _Way, took: dict[Named, Seconds]) -> list[Result]:
    """The pace of each, and of ours how many times as fast as the peer's."""
    images, theirs = len(way.samples), took[PEER, 1]
    found = []
    for who, seconds in took.items():
        found.append(way.result(who, "images_per_second", _pace(images, seconds)))
        if who[0] != PEER:
            found.append(way.result(who, "times_as_fast", median_of(theirs / seconds), f"as {PEER}"))
    return found


def _pace(images: int, seconds: Seconds) -> Figure:
    return lambda of: images / median(seconds[of])


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
