"""What is timed: drawn cells, networks that are not trained, and reading the one with the other."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from spermlens.bench.rounds import Work
from spermlens.datasets import open_data
from spermlens.framing import Framing
from spermlens.models import build
from spermlens.models._description import Description
from spermlens.models._store import Saved, save
from spermlens.predict.eye import Eye
from spermlens.predict.pipeline import Ask, read_samples
from spermlens.predict.rows import measured_row, row_of
from spermlens.types import Sample

DATA, TASK = "synthetic", "head_shape"


def drawn_cells(count: int) -> list[Sample]:
    return list(open_data(DATA, options={"count": count}))


def untrained(architecture: str, size: int, folder: Path, sample: Sample) -> Saved:
    """A network as it is saved, its framing fitting cells like the sample; weights do not change its time."""
    torch.manual_seed(0)
    tasks = open_data(DATA, options={"count": 1}).card.tasks
    description = Description(
        name="untrained",
        architecture=architecture,
        arguments={},
        tasks=tasks,
        framing=Framing(size=size, field_px=float(max(sample.image.shape[:2]))),
    )
    network = build(architecture, tasks).eval().requires_grad_(False)
    return Saved(network, save(folder, network, description))


def reading(eye: Eye, samples: Sequence[Sample], ask: Ask) -> Work:
    """From images in memory to the rows of a spreadsheet."""
    model = eye.description

    def work() -> list[object]:
        readings = read_samples(eye, samples, ask)
        if ask.measures:
            return [measured_row(reading, model.tasks, model.normal) for reading in readings]
        return [row_of(reading.prediction, model.tasks) for reading in readings]

    return work
