"""The rows of a table before they are scored: what each recipe, average or panel says of the images.

What answers several tasks is as many lines of one name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from spermlens.config import Experiment
from spermlens.errors import DataCorrupt
from spermlens.evaluate.as_published import is_published_so
from spermlens.evaluate.calibration import cross_fitted_mean
from spermlens.evaluate.intervals import calibrated, condition_of
from spermlens.evaluate.normal_threshold import FROM_VALIDATION, at_thresholds
from spermlens.evaluate.table import Predictions
from spermlens.reproduce.committed import Committed, Tables
from spermlens.reproduce.study import Average, Panel, Part
from spermlens.types import Task

Found = Mapping[tuple[str, int], Committed]  # by recipe and repeat
Measured = Mapping[str, Predictions]  # by learner: what measures alone say, all repeats


@dataclass(frozen=True, kw_only=True)
class Contender:
    """One line of a table, which answers one task: all its repeats pooled, by number of views."""

    name: str
    dataset: str
    model: str
    tables: Tables
    jobs: tuple[str, ...]  # that it rests on
    folds: bool  # whether every image of a repeat is judged, fold by fold
    target: float  # how often right its decisions are to be
    members: tuple[Tables, ...] = ()  # of an average: each one's tables, in the order of `tables`
    inner: Predictions | None = None  # what it says of images for choices, from the views it decides by

    @property
    def task(self) -> Task:
        return self.tables[self.decided].task

    @property
    def decided(self) -> int:
        """The number of views that decisions are made from."""
        return max(self.tables)

    @cached_property
    def conditions(self) -> dict[str, Predictions]:
        """Every way its probabilities are scored; temperatures need other folds, and are fitted once."""
        found = {condition_of(views): table for views, table in sorted(self.tables.items(), reverse=True)}
        if self.folds:
            found |= {
                calibrated(condition_of(views)): cross_fitted_mean(self.votes(views)) for views in self.tables
            }
        if self.inner is not None and is_published_so(self.task):
            chosen = at_thresholds(self.tables[self.decided], self.inner)
            found[f"{condition_of(self.decided)}, {FROM_VALIDATION}"] = chosen
        return found

    def votes(self, views: int) -> list[Predictions]:
        """What it is the mean of, before any temperature: an average's members, else itself."""
        return [member[views] for member in self.members] or [self.tables[views]]

    @property
    def headline(self) -> str:
        """The condition in which it is used: all its views, calibrated where that can be."""
        condition = condition_of(self.decided)
        return calibrated(condition) if self.folds else condition


def contenders(part: Part, found: Found, measured: Measured) -> list[Contender]:
    """Every line of which at least one repeat is there, once for each of its tasks."""
    alone = [recipe.name for recipe in part.recipes if recipe.name not in part.on_panels]
    alone += part.added
    tasks = list(dict.fromkeys(task for one in found.values() for task in one.answers))
    lines = [_of_recipe(name, task, part, found) for name in alone for task in tasks]
    lines += [
        _of_average(average, part, _Members(task, found, measured))
        for average in part.averages
        for task in tasks
    ]
    lines += [line for panel in part.panels for line in _of_panel(panel, tasks, part, found)]
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


def in_one_order(tables: Sequence[Predictions]) -> list[Predictions]:
    """What several models say of the same images in the same folds, in the order of the first."""
    keys, ordered = _keys(tables[0]), []
    for table in tables:
        place = {key: row for row, key in enumerate(_keys(table))}
        if table.task != tables[0].task or set(place) != set(keys):
            raise DataCorrupt(
                "Models to be averaged have not judged the same images in the same folds. "
                "Do their jobs again on one version of the data."
            )
        ordered.append(table.rows(np.array([place[key] for key in keys])))
    return ordered


def mean_of(tables: Sequence[Predictions]) -> Predictions:
    """The mean of the probabilities of several models in one order."""
    return replace(tables[0], probabilities=np.mean([table.probabilities for table in tables], axis=0))


def _keys(table: Predictions) -> list[tuple[str, int, int, int]]:
    numbers = (table.repeats.tolist(), table.folds.tolist(), table.truth.tolist())
    return list(zip(table.ids, *numbers, strict=True))


def _of_panel(panel: Panel, tasks: Sequence[str], part: Part, found: Found) -> list[Contender]:
    """What each of its recipes says of its own task, all under the name of the panel."""
    lines = [_of_recipe(name, task, part, found) for task in tasks for name in panel.of]
    return [replace(line, name=panel.name) for line in lines if line is not None]


def _of_recipe(name: str, task: str, part: Part, found: Found) -> Contender | None:
    there = [found[name, repeat] for repeat in part.repeats if (name, repeat) in found]
    there = [one for one in there if task in one.answers]
    if not there:
        return None
    experiment = there[0].experiment
    inner = [one.inner[task] for one in there if one.inner]
    return Contender(
        name=name,
        dataset=experiment.data.name,
        model=_network_of(experiment),
        tables={views: pool([one.answers[task][views] for one in there]) for views in there[0].answers[task]},
        jobs=tuple(str(one.about["job"]) for one in there),
        folds=_has_folds(experiment),
        target=experiment.decide.target_accuracy,
        inner=pool([tables[experiment.decide.views] for tables in inner])
        if len(inner) == len(there)
        else None,
    )


@dataclass(frozen=True)
class _Member:
    """One of those that an average is made of, on one repeat."""

    model: str
    source: str
    tables: Tables


@dataclass(frozen=True)
class _Members:
    """Where the members of averages are found, for one task."""

    task: str
    found: Found
    measured: Measured

    def on(self, repeat: int, names: Sequence[str]) -> list[_Member] | None:
        """All of them, in one order of images; None where one is missing."""
        networks = {
            name: self.found[name, repeat]
            for name in names
            if (name, repeat) in self.found and self.task in self.found[name, repeat].answers
        }
        views = sorted({views for one in networks.values() for views in one.answers[self.task]})
        members = []
        for name in names:
            if name in networks:
                one = networks[name]
                tables = dict(one.answers[self.task])
                members.append(_Member(_network_of(one.experiment), str(one.about["job"]), tables))
            elif (said := self._by_measures(name, repeat)) is not None:
                members.append(_Member(name, f"{name} of measures", dict.fromkeys(views, said)))
            else:
                return None
        for count in views:
            for member, table in zip(members, in_one_order([m.tables[count] for m in members]), strict=True):
                member.tables[count] = table
        return members

    def _by_measures(self, name: str, repeat: int) -> Predictions | None:
        """What a learner of measures says on a repeat; None where it was not asked."""
        table = self.measured.get(name)
        if table is None or table.task.name != self.task or not (table.repeats == repeat).any():
            return None
        return table.rows(table.repeats == repeat)


def _of_average(average: Average, part: Part, known: _Members) -> Contender | None:
    """The repeats of which every member is there."""
    there = [members for repeat in part.repeats if (members := known.on(repeat, average.of)) is not None]
    first = next((one for (name, _), one in known.found.items() if name in average.of), None)
    if not there or first is None:
        return None
    pooled = tuple(
        {views: pool([one.tables[views] for one in of_one]) for views in of_one[0].tables}
        for of_one in zip(*there, strict=True)
    )
    return Contender(
        name=average.name,
        dataset=first.experiment.data.name,
        model=" + ".join(member.model for member in there[0]),
        tables={views: mean_of([member[views] for member in pooled]) for views in pooled[0]},
        jobs=tuple(member.source for members in there for member in members),
        folds=_has_folds(first.experiment),
        target=first.experiment.decide.target_accuracy,
        members=pooled,
    )


def _network_of(experiment: Experiment) -> str:
    """Its name, and that of the saved model it was begun from, if it was."""
    begun = Path(experiment.model.start_from).name
    return f"{experiment.model.name} from {begun}" if begun else experiment.model.name


def _has_folds(experiment: Experiment) -> bool:
    return experiment.protocol.kind == "folds"
