"""The Python surface: a loaded model that predicts, explains and is evaluated.

lens = spermlens.load("runs/2026-11-20-hushem-b0-cbam-3f9c")
lens.predict("cell.png")[0].decisions
lens.explain("cell.png")[0].heat
lens.evaluate("hushem", root="data/hushem")
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from spermlens.believing import Believing
from spermlens.datasets import Listing, open_data
from spermlens.errors import DataError, DataMissing, UnknownName, UsageError
from spermlens.evaluate.intervals import condition_of, judge
from spermlens.evaluate.table import Predictions
from spermlens.explain._engine import is_exact
from spermlens.explain._scaled import EveryClass, Question
from spermlens.files import is_file, is_there
from spermlens.images import read_pages
from spermlens.models._description import DESCRIPTION, Description, describe
from spermlens.models._shipped import shipped_models
from spermlens.models._store import Saved
from spermlens.models._store import load as load_saved
from spermlens.predict.framed import Framed
from spermlens.predict.network import NetworkEye
from spermlens.predict.pipeline import Ask, read_framed, read_samples, reasons, squares_of
from spermlens.predict.tensors import choose_device, look, to_tensor
from spermlens.runs import find_run, list_runs
from spermlens.types import Explanation, Prediction, Reading, Result, Sample, Task

BATCH = 32  # images at a time where nobody is asked
RUNS = Path("runs")  # where runs are kept when nothing else is said
Picture = str | Path | NDArray[np.uint8] | Sample


def find_model(name_or_folder: str | Path) -> Path:
    """A folder with a model, a run's folder, a shipped model's name, or what names one run below ./runs."""
    folder, name, shipped = Path(name_or_folder), str(name_or_folder), shipped_models()
    if not name:
        raise UsageError("The model's name is empty. Name a folder, a run or a shipped model.")
    for place in (folder, folder / "model"):
        if is_file(place / DESCRIPTION):
            return place
    if name in shipped:
        return shipped[name]
    if is_there(folder):
        describe(folder)  # says what is wrong with it
    trained = {run.id: run.model for run in list_runs(RUNS) if (run.model / DESCRIPTION).is_file()}
    if any(name in id for id in trained):
        return find_run(RUNS, name).model
    if waiting := [run for run in list_runs(RUNS) if name in run.id]:
        raise DataMissing(
            f"The run {waiting[-1].id} is {waiting[-1].status()} and has no final model yet. "
            f"Go on with: spermlens train --resume {waiting[-1].id}"
        )
    raise UnknownName("model (no folder, run or shipped model)", name, [*shipped, *trained])


def load(name_or_folder: str | Path, *, device: str = "auto") -> Lens:
    """A model by name or folder, ready to use."""
    saved, place = load_saved(find_model(name_or_folder)), choose_device(device)
    saved.network.to(place)
    return Lens(saved, place)


@dataclass(frozen=True)
class Lens:
    """A model with its preprocessing, its classes and its thresholds."""

    saved: Saved
    device: torch.device

    @property
    def description(self) -> Description:
        return self.saved.description

    @property
    def tasks(self) -> tuple[Task, ...]:
        return self.saved.description.tasks

    @property
    def eye(self) -> NetworkEye:
        """What the pipeline asks."""
        return NetworkEye(self.saved, self.device)

    def predict(self, images: Picture | Iterable[Picture], *, views: int | None = None) -> list[Prediction]:
        """One prediction an image; a file of several pages gives one each."""
        return [reading.prediction for reading in self.read(images, views=views)]

    def read(
        self,
        images: Picture | Iterable[Picture],
        *,
        views: int | None = None,
        methods: Sequence[str] = (),
        layer: str = "",
        measures: bool = False,
    ) -> list[Reading]:
        """Predictions together with the images, the explanations of the likeliest classes, the measures.

        With measures, explanations have scores that say where in the cell they lie.
        """
        ask = Ask(
            views=self.description.views if views is None else views,
            methods=tuple(methods),
            layer=layer,
            measures=measures,
            judge=Believing() if methods and measures else None,
        )
        return read_samples(self.eye, _samples(images), ask)

    def explain(
        self,
        images: Picture | Iterable[Picture],
        *,
        method: str = "cam",
        task: str | None = None,
        target: str | None = None,
        layer: str = "",
        rival: str | None = None,
    ) -> list[Explanation]:
        """Where the evidence for `target` lies (the likeliest class of each image if none is named).

        With a rival: why the target, and not that class; CAM and other methods with a sign can tell.
        """
        chosen = self.saved.network.task(task)
        for name in (target, rival):
            if name is not None and name not in chosen.classes:
                raise UnknownName(f"class of {chosen.name}", name, chosen.classes)
        cells = [Framed(sample, self.description.framing) for sample in _samples(images)]
        if target is None and rival is None:
            ask = Ask(views=self.description.views, methods=(method,), tasks=(chosen.name,), layer=layer)
            said = read_framed(self.eye, cells, ask)
            return [reading.explanations[0] for reading in said]
        if target is None:
            raise UsageError(f"Why it is not '{rival}' needs the class that it is: name a target, too.")
        question = Question(
            task=chosen.name,
            targets=(chosen.index(target),) * len(cells),
            rivals=() if rival is None else (chosen.index(rival),) * len(cells),
            method=method,
            layer=layer,
        )
        return reasons(self.eye, cells, squares_of(cells), question) if cells else []

    def maps(
        self, images: Picture | Iterable[Picture], *, method: str = "cam", task: str | None = None
    ) -> EveryClass:
        """images x classes x height x width: the maps of every class, before any scaling, at their own size.

        For the methods that the forward pass answers: a batch of images goes through the network once.
        """
        chosen, network = self.saved.network.task(task), self.saved.network
        if not is_exact(method):
            raise UsageError(f"The method '{method}' looks at one class at a time: use explain.")
        cells = [Framed(sample, self.description.framing).square for sample in _samples(images)]
        if not cells:
            raise UsageError("No image was given, so there are no maps.")
        parts = [to_tensor(cells[n : n + BATCH], self.device) for n in range(0, len(cells), BATCH)]
        return np.concatenate(
            [look(network, part, methods=[method]).maps[method, chosen.name] for part in parts]
        )

    def evaluate(
        self,
        data: str | Path | Listing,
        *,
        root: str | Path = "",
        options: Mapping[str, Any] | None = None,
        views: int | None = None,
    ) -> list[Result]:
        """Every score with its interval, for each task that model and data share."""
        listing = data if isinstance(data, Listing) else open_data(str(data), root, options)
        views = self.description.views if views is None else views
        return self.judged(self.tables(listing, views=views), listing, views)

    def judged(self, tables: Iterable[Predictions], listing: Listing, views: int) -> list[Result]:
        """The scores of what `tables` gave for a listing seen in so many views."""
        dataset, model, condition = listing.card.name, self.description.id, condition_of(views)
        return [
            result
            for table in tables
            for result in judge(table, dataset=dataset, model=model, condition=condition)
        ]

    def tables(self, listing: Listing, *, views: int | None = None) -> list[Predictions]:
        """The predictions for every task that model and data share."""
        pairs = self._shared_tasks(listing)
        said: dict[str, list[NDArray[np.float64]]] = {task.name: [] for task, _ in pairs}
        ask = Ask(views=self.description.views if views is None else views)
        for start in range(0, len(listing), ask.batch_size):
            samples = list(listing[start : start + ask.batch_size])
            for reading in read_samples(self.eye, samples, ask):
                for task, _ in pairs:
                    said[task.name].append(reading.prediction.probabilities[task.name])
        zeros = np.zeros(len(listing), np.int64)
        return [
            Predictions(
                task=own,
                ids=tuple(listing.ids),
                units=listing.units,
                repeats=zeros,
                folds=zeros,
                truth=_in_classes_of(own, theirs, listing.labels(theirs.name)),
                probabilities=np.stack(said[own.name]),
            )
            for own, theirs in pairs
        ]

    def _shared_tasks(self, listing: Listing) -> list[tuple[Task, Task]]:
        """Own and the data's task, by name; where each has just one with the same classes, by those."""
        theirs = {task.name: task for task in listing.card.tasks}
        pairs = [(own, theirs[own.name]) for own in self.tasks if own.name in theirs]
        if not pairs and len(self.tasks) == len(theirs) == 1:
            (other,) = theirs.values()
            pairs = [(self.tasks[0], other)] if set(other.classes) <= set(self.tasks[0].classes) else []
        for own, other in pairs:
            if strange := [name for name in other.classes if name not in own.classes]:
                raise DataError(
                    f"Task '{own.name}': the data has classes the model does not know "
                    f"({', '.join(strange)}); it knows {', '.join(own.classes)}. "
                    "Rename or leave out their images."
                )
        if not pairs:
            raise UsageError(
                f"Model and data share no task: the model answers {', '.join(t.name for t in self.tasks)}, "
                f"the data has {', '.join(theirs)}. Give the label column the task's name."
            )
        return pairs


def _in_classes_of(own: Task, theirs: Task, labels: NDArray[np.int64]) -> NDArray[np.int64]:
    numbers = np.array([own.index(name) for name in theirs.classes] + [-1], np.int64)
    return numbers[labels]


def _samples(images: Picture | Iterable[Picture]) -> list[Sample]:
    if isinstance(images, str | Path | Sample) or (isinstance(images, np.ndarray) and images.ndim <= 3):
        images = [images]
    return [sample for number, image in enumerate(images) for sample in _pages(image, number)]


def _pages(image: Picture, number: int) -> list[Sample]:
    if isinstance(image, Sample):
        return [image]
    if isinstance(image, np.ndarray):
        if image.ndim == 2:
            image = np.repeat(image[:, :, None], 3, 2)
        return [Sample(id=f"image_{number}", image=image)]
    pages = read_pages(Path(image))
    return [
        Sample(id=f"{image}#{page}" if len(pages) > 1 else str(image), image=pixels)
        for page, pixels in enumerate(pages, start=1)
    ]
