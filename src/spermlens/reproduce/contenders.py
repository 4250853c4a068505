"""The rows of a table before they are scored: what each recipe or average says of the images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from spermlens.config import Experiment
from spermlens.errors import DataCorrupt
from spermlens.evaluate.calibration import cross_fitted, cross_fitted_mean
from spermlens.evaluate.intervals import calibrated, condition_of
from spermlens.evaluate.table import Predictions
from spermlens.reproduce.committed import Committed, Tables
from spermlens.reproduce.study import Average, Part

Found = Mapping[tuple[str, int], Committed]  # by recipe and repeat
Measured = Mapping[str, Predictions]  # by learner: what measures alone say, all repeats


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
    members: tuple[Tables, ...] = ()  # of an average: each one's tables, in the order of `tables`

    @property
    def decided(self) -> int:
        """The number of views that decisions are made from."""
        return max(self.tables)

    @cached_property
    def conditions(self) -> dict[str, Predictions]:
        """Every way its probabilities are scored; temperatures need other folds, and are fitted once."""
        found = {condition_of(views): table for views, table in sorted(self.tables.items(), reverse=True)}
        if self.folds:
            found |= {calibrated(condition_of(views)): self._calibrated(views) for views in self.tables}
        return found

    def _calibrated(self, views: int) -> Predictions:
        if self.members:
            return cross_fitted_mean([member[views] for member in self.members])
        return cross_fitted(self.tables[views])

    @property
    def headline(self) -> str:
        """The condition in which it is used: all its views, calibrated where that can be."""
        condition = condition_of(self.decided)
        return calibrated(condition) if self.folds else condition


def contenders(part: Part, found: Found, measured: Measured) -> list[Contender]:
    """Every recipe and average of which at least one repeat is there."""
    lines = [_of_recipe(recipe.name, part, found) for recipe in part.recipes]
    lines += [_of_average(average, part, _Members(found, measured)) for average in part.averages]
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


@dataclass(frozen=True)
class _Member:
    """One of those that an average is made of, on one repeat."""

    model: str
    source: str
    tables: Tables


@dataclass(frozen=True)
class _Members:
    """Where the members of averages are found."""

    found: Found
    measured: Measured

    def on(self, repeat: int, names: Sequence[str]) -> list[_Member] | None:
        """All of them, in one order of images; None where one is missing."""
        networks = {name: self.found[name, repeat] for name in names if (name, repeat) in self.found}
        views = sorted({views for one in networks.values() for views in one.tables})
        members = []
        for name in names:
            if name in networks:
                one = networks[name]
                members.append(_Member(one.experiment.model.name, str(one.about["job"]), dict(one.tables)))
            elif name in self.measured and len(said := _repeat(self.measured[name], repeat)):
                members.append(_Member(name, f"{name} of measures", dict.fromkeys(views, said)))
            else:
                return None
        for count in views:
            for member, table in zip(members, in_one_order([m.tables[count] for m in members]), strict=True):
                member.tables[count] = table
        return members


def _repeat(table: Predictions, repeat: int) -> Predictions:
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


def _has_folds(experiment: Experiment) -> bool:
    return experiment.protocol.kind == "folds"
