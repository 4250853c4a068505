"""Pictures of real cells, each with the network that had not seen it: the folds of a run that kept them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from cause_rows import framed_mask

from spermlens.datasets import open_data
from spermlens.errors import DataCorrupt, DataMissing
from spermlens.evaluate.reasons import Pictures
from spermlens.evaluate.table import Ints, Predictions, read_predictions
from spermlens.framing import Framing
from spermlens.locate.shown import SHOWN, head_in, shown
from spermlens.models._network import Network
from spermlens.models._store import load
from spermlens.predict.framed import Framed
from spermlens.predict.tensors import look, to_tensor
from spermlens.reproduce.job import jobs
from spermlens.reproduce.progress import run_of
from spermlens.reproduce.study_file import load_study
from spermlens.runs import Run
from spermlens.types import Image, Mask, Sample, Task

STUDY = "paper"
MODELS = {"b0-cbam": "efficientnet_b0_cbam", "b0": "efficientnet_b0"}  # alias in the study: architecture
REPEAT = 100
SEED = 61  # of the lists of images
COUNTS = {"hushem": None, "smids": 300}  # None: all
NOT_A_CELL = "non_sperm"  # has no head that a map could lie in
AGREE = 1e-3  # by how much a probability may differ from what the run wrote down


@dataclass(frozen=True)
class Cell:
    """A sample as a network sees it, its head as outlined, and what is left where parts are hidden."""

    square: Image
    head: Mask | None  # None where there is none, or its outline is not to be relied on
    parts: Mapping[str, Image]


@dataclass(frozen=True)
class Fold:
    """What one network is asked about, and the network."""

    alias: str
    number: int
    network: Network
    task: Task
    ids: tuple[str, ...]
    units: tuple[str, ...]
    truth: Ints
    decided: Ints  # class numbers, from one view
    cells: tuple[Cell, ...]

    @property
    def squares(self) -> Pictures:
        return np.stack([cell.square for cell in self.cells])

    def only(self, ids: set[str]) -> Fold | None:
        """The same of some images; None where it has none of them."""
        kept = [index for index, name in enumerate(self.ids) if name in ids]
        if not kept:
            return None
        return Fold(
            self.alias,
            self.number,
            self.network,
            self.task,
            tuple(self.ids[index] for index in kept),
            tuple(self.units[index] for index in kept),
            self.truth[kept],
            self.decided[kept],
            tuple(self.cells[index] for index in kept),
        )


def runs_of(dataset: str, runs: Path) -> dict[str, Run]:
    """The finished run of each model, by alias; DataMissing where one is not there yet."""
    name, study = load_study(STUDY)
    found = {}
    for alias in MODELS:
        (job,) = jobs(name, study, only=[f"{dataset}/{alias}-r{REPEAT}"])
        run = run_of(job.experiment(), runs)
        if run is None or run.status() != "finished":
            raise DataMissing(
                f"{runs}: no finished run of {job.path}, whose networks are asked. "
                f"Train it with `spermlens reproduce {name} --only {job.path}`."
            )
        found[alias] = run
    return found


def judged(run: Run) -> Predictions:
    """What the run's networks said of images that they had not seen, from one view."""
    (table,) = read_predictions(run.folder / "predictions-1-view.csv").values()
    return table


def drawn_by_lot(table: Predictions, count: int | None) -> list[str]:
    """Images in the proportions of their classes, the same for a seed; all for None."""
    from sklearn.model_selection import train_test_split

    names = sorted(table.ids)
    if count is None or count >= len(names):
        return names
    truth = dict(zip(table.ids, table.truth.tolist(), strict=True))
    classes = [truth[name] for name in names]
    found = train_test_split(names, train_size=count, stratify=classes, random_state=SEED)[0]
    return sorted(found)


def cells_of(samples: Sequence[Sample], framing: Framing, task: str, no_cell: int | None) -> dict[str, Cell]:
    """By id; images of class `no_cell` have no head."""
    found = {}
    for sample in samples:
        framed = Framed(sample, framing)
        outlined = framed.outline
        usable = outlined.reliable and sample.labels[task] != no_cell
        head, what = head_in(sample.image), [name for name in SHOWN if name != "whole"]
        found[sample.id] = Cell(
            framed.square,
            framed_mask(framing, outlined.head, sample.um_per_pixel, framed.pose) if usable else None,
            {
                name: framing.square(shown(sample.image, head, name), sample.um_per_pixel, framed.pose)
                for name in what
            },
        )
    return found


def folds_of(dataset: str, runs: Mapping[str, Run], names: Sequence[str], data: Path | None) -> list[Fold]:
    """Every fold of every run with its images among `names`; each picture is read and outlined once."""
    tables = {alias: judged(run) for alias, run in runs.items()}
    first = next(iter(runs.values()))
    description = load(first.network(first.parts()[0])).description
    task = description.tasks[0]
    no_cell = task.index(NOT_A_CELL) if NOT_A_CELL in task.classes else None
    listing = open_data(dataset, data / dataset if data else "")
    wanted = [index for index, name in enumerate(listing.ids) if name in set(names)]
    cells = cells_of(list(listing.subset(wanted)), description.framing, task.name, no_cell)
    return [
        _fold(alias, runs[alias], number, (table, cells))
        for number in range(len(first.parts()))
        for alias, table in tables.items()
        if any(table.ids[row] in cells for row in np.flatnonzero(table.folds == number))
    ]


def _fold(alias: str, run: Run, number: int, known: tuple[Predictions, Mapping[str, Cell]]) -> Fold:
    """One network with what it had not seen; it must say of these pictures what the run wrote down."""
    table, cells = known
    rows = [row for row in np.flatnonzero(table.folds == number) if table.ids[row] in cells]
    network = load(run.network(f"r{REPEAT}f{number}")).network
    ids = tuple(table.ids[row] for row in rows)
    chosen = tuple(cells[name] for name in ids)
    said = look(network, to_tensor([cell.square for cell in chosen])).probabilities[table.task.name]
    apart = float(np.abs(said - table.probabilities[rows]).max())
    if apart > AGREE:
        raise DataCorrupt(
            f"{run.folder}: fold {number} says of its test images what differs by {apart:.3f} from "
            "predictions-1-view.csv. The images or the network are not those of the run."
        )
    units = tuple(table.units[row] for row in rows)
    return Fold(alias, number, network, table.task, ids, units, table.truth[rows], said.argmax(1), chosen)
