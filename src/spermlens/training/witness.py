"""What a trained fold says of images it never saw: written when it is done, and pooled when all are."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from spermlens.datasets import Listing
from spermlens.errors import DataCorrupt
from spermlens.evaluate.table import Predictions
from spermlens.explain._engine import raw_maps
from spermlens.explain._scaled import Question
from spermlens.files import write_json
from spermlens.models._network import Network
from spermlens.predict.tensors import probabilities, to_tensor
from spermlens.runs import Run
from spermlens.training.familiarity import distances, remember
from spermlens.training.folds import Split
from spermlens.training.loop import Pictures

SAID = "predictions.json"


def distances_seen(run: Run) -> list[float]:
    """How far the test images of all folds of a finished run lay from what their fold had learned from."""
    files = [path for part in run.parts() if (path := run.part(part) / SAID).is_file()]
    said = [json.loads(path.read_text("utf-8")) for path in files]
    return [value for fold in said for value in fold["test"].get("distances", ())]


@dataclass(frozen=True)
class Witness:
    """Where the folds of a run write down what they say, and how they look."""

    run: Run
    listing: Listing
    pictures: Pictures
    views: tuple[int, ...]
    device: torch.device
    upright: bool  # the framing has aligned the heads

    def write(self, network: Network, split: Split, seed: int) -> None:
        """Probabilities, maps and distances of the test and inner images of a fold."""
        said: dict[str, dict[str, Any]] = {
            which: {
                "ids": self._ids(indices),
                "views": {str(views): self._say(network, indices, views) for views in self.views},
                "maps": self._maps(network, indices),
            }
            for which, indices in (("test", split.test), ("inner", split.inner))
        }
        familiar = remember(network, self.pictures.squares[split.train], seed)
        if familiar is not None and len(split.test):
            said["test"]["distances"] = distances(network, familiar, self.pictures.squares[split.test])
        write_json(self._path(split), said)

    def has(self, split: Split) -> bool:
        return self._path(split).is_file()

    def pooled(self, plan: Sequence[Split], views: int, which: str) -> list[Predictions]:
        """One table a task: all folds of all repeats."""
        place = {id: index for index, id in enumerate(self.listing.ids)}
        said = [(split, self._read(split)) for split in plan]
        rows = [(split, id) for split, part in said for id in part[which]["ids"]]
        where = np.array([place[id] for _, id in rows])
        tables = []
        for task in self.listing.card.tasks:
            values = [part[which]["views"][str(views)][task.name] for _, part in said]
            tables.append(
                Predictions(
                    task=task,
                    ids=tuple(id for _, id in rows),
                    units=tuple(self.listing.units[index] for index in where),
                    repeats=np.array([split.repeat for split, _ in rows], np.int64),
                    folds=np.array([split.fold for split, _ in rows], np.int64),
                    truth=self.listing.labels(task.name)[where],
                    probabilities=np.concatenate([np.array(part, np.float64) for part in values]),
                    inner=which == "inner",
                )
            )
        return tables

    def unseen_distances(self, plan: Iterable[Split]) -> list[float]:
        """How far the test images of all folds lay from what their fold had learned from."""
        return [value for split in plan for value in self._read(split)["test"].get("distances", ())]

    def _say(self, network: Network, indices: NDArray[np.int64], views: int) -> dict[str, Any]:
        """{task: probabilities per image}."""
        if not len(indices):
            return {}
        squares = to_tensor(self.pictures.squares[indices], self.device)
        found = probabilities(network, squares, views=views, upright=self.upright)
        return {task: values.tolist() for task, values in found.items()}

    def _maps(self, network: Network, indices: NDArray[np.int64]) -> dict[str, Any]:
        """{task: one CAM an image, of the class one view finds likeliest}, to three digits of its peak."""
        found: dict[str, Any] = {task.name: [] for task in network.tasks}
        for start in range(0, len(indices), 64):
            squares = to_tensor(self.pictures.squares[indices[start : start + 64]], self.device)
            for task, values in probabilities(network, squares).items():
                targets = tuple(int(n) for n in values.argmax(1))
                for raw in raw_maps(network, squares, Question(task=task, targets=targets)):
                    peak = float(np.abs(raw.values).max()) or 1.0
                    found[task].append(np.round(raw.values.astype(float) / peak, 3).tolist())
        return found

    def _path(self, split: Split) -> Path:
        return self.run.part(split.name) / SAID

    def _ids(self, indices: NDArray[np.int64]) -> list[str]:
        return [self.listing.entries[i].id for i in indices]

    def _read(self, split: Split) -> dict[str, Any]:
        """What a fold said of its images, if the file is still what the fold wrote."""
        path, tasks = self._path(split), self.listing.card.tasks
        try:
            said: dict[str, Any] = json.loads(path.read_text("utf-8"))
            whole = True
            for which, indices in (("test", split.test), ("inner", split.inner)):
                whole &= said[which]["ids"] == self._ids(indices)
                for task, count in product(tasks, self.views if len(indices) else ()):
                    found = np.array(said[which]["views"][str(count)][task.name], np.float64)
                    whole &= found.shape == (len(indices), len(task.classes)) and bool(
                        np.isfinite(found).all()
                    )
        except (OSError, ValueError, KeyError, TypeError):
            whole = False
        if not whole:
            raise DataCorrupt(
                f"{path}: not what this fold said of its images; the file was changed. "
                "Delete it, and --resume trains the fold anew."
            )
        return said
