"""A recipe whose training folds are cut to few images of one class, fine-tuned in each way, fold by fold.

A piece is one fold of one way. What it says is kept in a folder whose name follows from all that it depends
on, so a piece that is done is never trained again, and one of other settings or images is never taken for it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from imbalance import Question, left_of
from imbalance_heads import ADJUSTED, NONE, OVER, epochs_times, settings_of

from spermlens.config import Experiment, load_experiment, to_toml
from spermlens.evaluate.table import Predictions
from spermlens.files import sha256_of
from spermlens.runs import Run
from spermlens.training.experiment import train_fold, witness_of
from spermlens.training.folds import Split, splits
from spermlens.training.study import Study, prepare

RECIPE, REPEATS = "hushem-paper", (0,)
WAYS = (NONE, ADJUSTED, OVER)  # the two that the screening chose, beside the recipe as it is


@dataclass(frozen=True)
class Tuned:
    """One way: its experiment, its folds as they are cut, and where it keeps what they say."""

    way: str
    study: Study
    plan: Sequence[Split]
    run: Run

    def missing(self) -> list[Split]:
        witness = witness_of(self.run, self.study)
        return [split for split in self.plan if not witness.has(split)]

    def train(self, split: Split) -> None:
        """One piece, going on where it stopped; nothing if it is done."""
        place = {"part": split.name, "index": self.plan.index(split), "parts": len(self.plan)}
        train_fold(self.run, self.study, split, place)

    def table(self) -> Predictions:
        """All test images, from the views that the recipe decides by, without a temperature."""
        views = self.study.experiment.decide.views
        (table,) = witness_of(self.run, self.study).pooled(self.plan, views, "test")
        return table


def tuned(asked: Question, data: Path, kept: Path) -> list[Tuned]:
    """Every way on the same images: the data in memory, nothing trained yet."""
    study = prepare(_recipe(asked, NONE, data), "cpu")
    listing, task = study.listing, study.listing.task(asked.task)
    labels, rare = listing.labels(task.name), task.index(asked.rare)
    plan = [
        replace(split, train=left_of(split.train, labels, rare, split, asked.cut))
        for split in splits(listing, study.experiment.protocol)
    ]
    longer = epochs_times(labels[plan[0].train], len(task.classes))
    found = []
    for way in WAYS:
        experiment = _lengthened(_recipe(asked, way, data), longer if way == OVER else 1)
        run = Run(kept / _name(way, replace(study, experiment=experiment), plan))
        found.append(Tuned(way, replace(study, experiment=experiment), plan, run))
    return found


def _recipe(asked: Question, way: str, data: Path) -> Experiment:
    own = [f"data.root={data / asked.dataset}", f"data.tasks=['{asked.task}']"]
    own += [f"protocol.repeats={list(REPEATS)}", "protocol.keep_networks=false"]
    return load_experiment(RECIPE, [*own, *settings_of(way, asked.task)])


def _lengthened(experiment: Experiment, times: float) -> Experiment:
    """Every phase so many times as long."""
    phases = tuple(
        phase.model_copy(update={"epochs": round(phase.epochs * times)})
        for phase in experiment.training.phases
    )
    training = experiment.training.model_copy(update={"phases": phases})
    return experiment.model_copy(update={"training": training})


def _name(way: str, study: Study, plan: Sequence[Split]) -> str:
    """The way, and a hash of its settings and of the images on each side of each fold."""
    nowhere = study.experiment.data.model_copy(update={"root": ""})
    listing = study.listing
    images = [f"{id} {digest}" for id, digest in zip(listing.ids, listing.pixel_hashes, strict=True)]
    sides = [[split.name, split.train.tolist(), split.test.tolist()] for split in plan]
    behind = [to_toml(study.experiment.model_copy(update={"data": nowhere})), images, sides]
    return f"{listing.card.name}-{way.replace(' ', '-')}-{sha256_of(json.dumps(behind).encode())[:12]}"
