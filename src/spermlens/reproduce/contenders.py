"""The rows of a table before they are scored: what each recipe or average says of the images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from spermlens.config import Experiment
from spermlens.errors import DataCorrupt
from spermlens.evaluate.calibration import cross_fitted
from spermlens.evaluate.intervals import calibrated, condition_of
from spermlens.evaluate.table import Predictions
from spermlens.reproduce.committed import Committed, Tables
from spermlens.reproduce.study import Average, Part

Found = Mapping[tuple[str, int], Committed]  # by recipe and repeat


@dataclass(frozen=True, kw_only=True)
class Contender:
    """One line of a table: all its repeats pooled, by number of views."""

    name: str
    dataset: str
    model: str
    tables: Tables
    jobs: tuple[str, ...]  # that it rests on
    folds: bool  # whether every image of a repeat is judged, fold by fold
    target: float  # how often right its decisions are to be

    @property
    def decided(self) -> int:
        """The number of views that decisions are made from."""
        return max(self.tables)

    def conditions(self) -> dict[str, Predictions]:
        """Every way its probabilities are scored; temperatures need other folds."""
        found = {condition_of(views): table for views, table in sorted(self.tables.items(), reverse=True)}
        if self.folds:
            found |= {calibrated(name): cross_fitted(table) for name, table in found.items()}
        return found

    @property
    def headline(self) -> str:
        """The condition in which it is used: all its views, calibrated where that can be."""
        condition = condition_of(self.decided)
        return calibrated(condition) if self.folds else condition


def contenders(part: Part, found: Found) -> list[Contender]:
    """Every recipe and average of which at least one repeat is there."""
    lines = [_of_recipe(recipe.name, part, found) for recipe in part.recipes]
    lines += [_of_average(average, part, found) for average in part.averages]
    return [line for line in lines if line is not None]


def pool(tables: Sequence[Predictions]) -> Predictions:
    """Tables of several repeats as one."""
    if any(table.task != tables[0].task for table in tables):
        raise DataCorrupt("Repeats of one recipe answer different questions. Do their jobs again.")
    return replace(
        tables[0],
        ids=tuple(id for table in tables for id in table.ids),
        units=tuple(unit for table in tables for unit in table.units),
        repeats=np.concatenate([table.repeats for table in tables]),
        folds=np.concatenate([table.folds for table in tables]),
        truth=np.concatenate([table.truth for table in tables]),
        probabilities=np.concatenate([table.probabilities for table in tables]),
    )


def mean_of(tables: Sequence[Predictions]) -> Predictions:
    """The mean of the probabilities of several models that judged the same images in the same folds."""
    first, aligned = tables[0], []
    for table in tables:
        place = {key: row for row, key in enumerate(_keys(table))}
        if table.task != first.task or set(place) != set(_keys(first)):
            raise DataCorrupt(
                "Models to be averaged have not judged the same images in the same folds. "
                "Do their jobs again on one version of the data."
            )
        aligned.append(table.probabilities[[place[key] for key in _keys(first)]])
    return replace(first, probabilities=np.mean(aligned, axis=0))


def _keys(table: Predictions) -> list[tuple[str, int, int, int]]:
    numbers = (table.repeats.tolist(), table.folds.tolist(), table.truth.tolist())
    return list(zip(table.ids, *numbers, strict=True))


def _of_recipe(name: str, part: Part, found: Found) -> Contender | None:
    there = [found[name, repeat] for repeat in part.repeats if (name, repeat) in found]
    if not there:
        return None
    experiment = there[0].experiment
    return Contender(
        name=name,
        dataset=experiment.data.name,
        model=experiment.model.name,
        tables={views: pool([one.tables[views] for one in there]) for views in there[0].tables},
        jobs=tuple(str(one.about["job"]) for one in there),
        folds=_has_folds(experiment),
        target=experiment.decide.target_accuracy,
    )


def _of_average(average: Average, part: Part, found: Found) -> Contender | None:
    """The repeats of which every member is there."""
    there = [
        members
        for repeat in part.repeats
        if len(members := [found[name, repeat] for name in average.of if (name, repeat) in found])
        == len(average.of)
    ]
    if not there:
        return None
    first = there[0][0]
    return Contender(
        name=average.name,
        dataset=first.experiment.data.name,
        model=" + ".join(one.experiment.model.name for one in there[0]),
        tables={
            views: pool([mean_of([one.tables[views] for one in members]) for members in there])
            for views in first.tables
        },
        jobs=tuple(str(one.about["job"]) for members in there for one in members),
        folds=_has_folds(first.experiment),
        target=first.experiment.decide.target_accuracy,
    )


def _has_folds(experiment: Experiment) -> bool:
    return experiment.protocol.kind == "folds"
