"""Who is right where another is wrong: the lines that a part is about, each against its rivals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from spermlens.evaluate.compare import compare, compare_repeats, holm
from spermlens.evaluate.intervals import calibrated, condition_of
from spermlens.evaluate.table import Predictions
from spermlens.reproduce.contenders import Contender, Measured
from spermlens.reproduce.study import Part

Rows = list[dict[str, Any]]


@dataclass(frozen=True, eq=False)
class Side:
    """One side of a comparison, by what it decides."""

    name: str
    dataset: str
    condition: str
    table: Predictions  # all its repeats


def comparisons(part: Part, lines: Sequence[Contender], measured: Measured, resamples: int) -> Rows:
    """Each reference against all others on its task and data, and ours against measures alone.

    Counts, p and the first difference rest on the part's first repeat, where each image stands once;
    `over_repeats` holds the mean difference of all repeats that both sides have.
    """
    sides = [Side(line.name, line.dataset, line.headline, line.conditions[line.headline]) for line in lines]
    sides += [
        Side(name, lines[0].dataset, "measures", _of_repeats(table, part.repeats))
        for name, table in measured.items()
        if _has(table, part.repeats[0])
    ]
    rows = []
    for a, b in _pairs(part, sides):
        first = (side.table.rows(side.table.repeats == part.repeats[0]) for side in (a, b))
        found = compare(*first, resamples=resamples)
        told = {"a": a.name, "b": b.name, "dataset": a.dataset, "n": found.n_images, **asdict(found)}
        told |= {"condition": a.condition, "repeat": part.repeats[0]}
        told["over_repeats"] = asdict(compare_repeats(a.table, b.table, resamples=resamples))
        del told["n_images"]
        rows.append(told)
    corrected = holm([row["p"] for row in rows])
    return [{**row, "p_holm": p} for row, p in zip(rows, corrected, strict=True)]


def worth_of_views(part: Part, lines: Sequence[Contender], resamples: int) -> Rows:
    """What averaging is worth: each reference with all its views (a) against itself with one (b)."""
    rows = []
    for line in (line for line in lines if line.name in part.reference and line.decided > 1):
        a, b = (_from_views(line, views) for views in (line.decided, 1))
        if _has(a, part.repeats[0]):
            first = (table.rows(table.repeats == part.repeats[0]) for table in (a, b))
            told = asdict(compare(*first, resamples=resamples))
            names = {"a": condition_of(line.decided), "b": condition_of(1)}
            rows.append({"recipe": line.name, "dataset": line.dataset, **names, **told})
    return rows


def _pairs(part: Part, sides: Sequence[Side]) -> Iterator[tuple[Side, Side]]:
    """Each pair once, in the order of the lines; those of whom the first repeat is there."""
    there = [side for side in sides if _has(side.table, part.repeats[0])]
    for a in there:
        for b in there:
            rivals = b.name != a.name and (b.dataset, b.table.task) == (a.dataset, a.table.task)
            wanted = a.name in part.reference or (a.name == part.best and b.name in part.measured)
            if rivals and wanted:
                yield a, b


def _from_views(line: Contender, views: int) -> Predictions:
    condition = condition_of(views)
    return line.conditions[calibrated(condition) if line.folds else condition]


def _of_repeats(table: Predictions, repeats: Sequence[int]) -> Predictions:
    return table.rows(np.isin(table.repeats, repeats))


def _has(table: Predictions, repeat: int) -> bool:
    return bool((table.repeats == repeat).any())
