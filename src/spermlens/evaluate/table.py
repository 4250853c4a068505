"""The pooled out-of-fold predictions of one task: valid from birth, and the same after a trip through CSV.

predictions.csv has one row per image, task and repeat: image, unit, task, repeat, fold, truth (the name of
the class, empty where the image is not annotated) and one p_<class> per class. Several tasks may share a
file and, where they share names of classes, columns. Probabilities keep every digit. A text cell that a
spreadsheet would run as a formula gets a leading apostrophe, which reading takes off again.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spermlens.errors import DataCorrupt, DataError, DataMissing, nearest
from spermlens.files import write_bytes
from spermlens.spreadsheet import Cell, to_csv, unguard
from spermlens.types import Task

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

COLUMNS = ("image", "unit", "task", "repeat", "fold", "truth")
UNKNOWN = -1  # truth of an image that is not annotated


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Predictions:
    """What a model said of n images while it had not learnt from them; one row per image and repeat."""

    task: Task
    ids: tuple[str, ...]
    units: tuple[str, ...]  # what must be resampled as one: the group, or pixel-identical images
    repeats: Ints
    folds: Ints
    truth: Ints  # class numbers; UNKNOWN where not annotated
    probabilities: Floats  # n x classes, rows sum to 1
    inner: bool = False  # inner images may stand in several folds of a repeat, test images may not

    def __post_init__(self) -> None:
        self._check_shapes()
        self._check_values()
        self._check_images()

    def _check_shapes(self) -> None:
        n, k = len(self.ids), len(self.task.classes)
        _demand(n > 0, f"Predictions of '{self.task.name}': no rows.")
        _demand(len(self.units) == n, f"{len(self.units)} units for {n} rows.")
        for name in ("repeats", "folds", "truth"):
            column = getattr(self, name)
            _demand(
                column.shape == (n,) and column.dtype.kind == "i",
                f"{name} must be {n} integers, but is {column.dtype} {column.shape}.",
            )
        _demand(
            self.probabilities.shape == (n, k) and self.probabilities.dtype == np.float64,
            f"probabilities must be float64 {(n, k)}, but is "
            f"{self.probabilities.dtype} {self.probabilities.shape}.",
        )

    def _check_values(self) -> None:
        p, k = self.probabilities, len(self.task.classes)
        wrong = ~np.isfinite(p).all(1) | (p < 0).any(1) | ~(np.abs(p.sum(1) - 1) < 1e-4)
        for row in np.flatnonzero(wrong)[:1]:
            raise ValueError(
                f"Image '{self.ids[row]}': probabilities must be >= 0 and sum to 1, but are {p[row]}."
            )
        for row in np.flatnonzero((self.truth < UNKNOWN) | (self.truth >= k))[:1]:
            raise ValueError(
                f"Image '{self.ids[row]}': truth must be {UNKNOWN}..{k - 1}, but is {self.truth[row]}."
            )

    def _check_images(self) -> None:
        seen: set[tuple[int, int, str]] = set()
        known: dict[str, tuple[str, int]] = {}
        columns = (self.repeats.tolist(), self.folds.tolist(), self.ids, self.units, self.truth.tolist())
        for repeat, fold, image, unit, truth in zip(*columns, strict=True):
            _demand(bool(image) and bool(unit), f"Image '{image}' of unit '{unit}': a name is empty.")
            once = (repeat, fold if self.inner else 0, image)
            _demand(once not in seen, f"Image '{image}' stands twice in repeat {repeat}.")
            seen.add(once)
            _demand(
                known.setdefault(image, (unit, truth)) == (unit, truth),
                f"Image '{image}' has two units or two truths: {known[image]} and {(unit, truth)}.",
            )

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def predicted(self) -> Ints:
        """The likeliest class of each row; the first of equals."""
        return np.asarray(self.probabilities.argmax(1), np.int64)

    @property
    def confidence(self) -> Floats:
        """The probability of the likeliest class of each row."""
        return np.asarray(self.probabilities.max(1), np.float64)

    def rows(self, which: NDArray[np.bool_] | Ints) -> Predictions:
        """The rows of a mask, or of a list of row numbers in its order."""
        chosen = np.arange(len(self))[which]
        return replace(
            self,
            ids=tuple(self.ids[i] for i in chosen),
            units=tuple(self.units[i] for i in chosen),
            repeats=self.repeats[chosen],
            folds=self.folds[chosen],
            truth=self.truth[chosen],
            probabilities=self.probabilities[chosen],
        )

    @property
    def labelled(self) -> Predictions:
        """The annotated rows, the only ones that can be scored."""
        mask = self.truth != UNKNOWN
        if not mask.any():
            raise DataError(
                f"Task '{self.task.name}': none of the {len(self)} predictions has a known class, "
                "so there is nothing to score. Give labels for this task."
            )
        return self if mask.all() else self.rows(mask)

    @property
    def first_repeat(self) -> Predictions:
        """One row per image: what statistics that count every image once may use."""
        return self.rows(self.repeats == self.repeats.min())


def _demand(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)


def write_predictions(path: Path, tables: Sequence[Predictions]) -> None:
    """Write the tables of one or several tasks into one file, whole or not at all."""
    _demand(bool(tables), "There are no predictions to write.")
    names = [table.task.name for table in tables]
    _demand(len(set(names)) == len(names), f"A task stands twice among the tables: {names}.")
    classes = _class_columns([table.task for table in tables])
    headings = [*COLUMNS, *(f"p_{name}" for name in classes)]
    rows = (cells for table in tables for cells in _cells(table, classes))
    write_bytes(path, to_csv(headings, rows).encode("utf-8", "surrogateescape"))


def _cells(table: Predictions, classes: Sequence[str]) -> Iterable[list[Cell]]:
    task = table.task
    numbers = (
        table.repeats.tolist(),
        table.folds.tolist(),
        table.truth.tolist(),
        table.probabilities.tolist(),
    )
    for image, unit, repeat, fold, truth, values in zip(table.ids, table.units, *numbers, strict=True):
        label = "" if truth == UNKNOWN else task.classes[truth]
        probability = dict(zip(task.classes, values, strict=True))
        yield [
            *(image, unit, task.name, repeat, fold, label),
            *(probability.get(name) for name in classes),
        ]


def _class_columns(tasks: Sequence[Task]) -> list[str]:
    """All classes in an order that keeps the order within every task, which is how reading finds it again."""
    before: dict[str, set[str]] = {}
    for task in tasks:
        for position, name in enumerate(task.classes):
            before.setdefault(name, set()).update(task.classes[:position][-1:])
    try:
        return list(TopologicalSorter(before).static_order())
    except CycleError as error:
        raise DataError(
            f"The tasks {', '.join(task.name for task in tasks)} name shared classes in different orders "
            f"({' before '.join(error.args[1])}). Give shared classes in one order, or other names."
        ) from None


def read_predictions(path: Path, *, inner: bool = False) -> dict[str, Predictions]:
    """The tables of a predictions.csv by task, with the classes in the order of their columns.

    `inner` reads an inner.csv, in which an image may stand in several folds of a repeat.
    """
    by_task: dict[str, list[tuple[int, dict[str, str]]]] = {}
    for line, row in _rows(path):
        by_task.setdefault(unguard(row["task"]), []).append((line, row))
    return {name: _table(path, name, rows, inner) for name, rows in by_task.items()}


def _rows(path: Path) -> list[tuple[int, dict[str, str]]]:
    try:
        text = path.read_bytes().decode("utf-8", "surrogateescape").removeprefix("\ufeff")
    except FileNotFoundError:
        raise DataMissing(f"{path}: no such file. Expected the predictions.csv of a run.") from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(reader, [])
        _check_header(path, header)
        rows = []
        for cells in reader:
            if len(cells) != len(header):
                raise _wrong(path, reader.line_num, f"found {len(cells)} cells, expected {len(header)}")
            rows.append((reader.line_num, dict(zip(header, cells, strict=True))))
    except csv.Error as error:
        raise _wrong(path, reader.line_num, f"is not CSV ({error})") from error
    if not rows:
        raise DataCorrupt(f"{path}: a heading and no predictions. Run the evaluation again.")
    return rows


def _check_header(path: Path, header: list[str]) -> None:
    lacking = [name for name in COLUMNS if name not in header]
    strange = [name for name in header if name not in COLUMNS and not name.startswith("p_")]
    if lacking or strange or len(set(header)) != len(header):
        raise DataCorrupt(
            f"{path}: expected the columns {', '.join(COLUMNS)} and one p_<class> per class, each once; "
            f"found {', '.join(header) or 'nothing'}. Write the file with spermlens."
        )


def _table(path: Path, name: str, rows: Sequence[tuple[int, Mapping[str, str]]], inner: bool) -> Predictions:
    line, first = rows[0]
    columns = [column for column, cell in first.items() if column.startswith("p_") and cell]
    try:
        task = Task(name, tuple(column[2:] for column in columns))
    except ValueError as error:
        raise _wrong(path, line, str(error)) from error
    parsed = [_parsed(path, line, row, task) for line, row in rows]
    images, units, repeats, folds, truth, probabilities = zip(*parsed, strict=True)
    try:
        return Predictions(
            task=task,
            ids=images,
            units=units,
            repeats=np.array(repeats, np.int64),
            folds=np.array(folds, np.int64),
            truth=np.array(truth, np.int64),
            probabilities=np.array(probabilities, np.float64),
            inner=inner,
        )
    except ValueError as error:
        raise DataCorrupt(f"{path}, task '{name}': {error} Write the file again with spermlens.") from error


def _parsed(
    path: Path, line: int, row: Mapping[str, str], task: Task
) -> tuple[str, str, int, int, int, list[float]]:
    expected = [f"p_{name}" for name in task.classes]
    found = [column for column, cell in row.items() if column.startswith("p_") and cell]
    if found != expected:
        raise _wrong(path, line, f"task '{task.name}' fills {found}, expected {expected} as in its first row")
    label = unguard(row["truth"])
    if label and label not in task.classes:
        raise _wrong(path, line, f"truth '{label}' is no class.{nearest(label, task.classes)}")
    truth = task.index(label) if label else UNKNOWN
    try:
        repeat, fold = int(row["repeat"]), int(row["fold"])
        values = [float(row[column]) for column in expected]
    except ValueError as error:
        raise _wrong(path, line, f"{error}, expected a number") from error
    return unguard(row["image"]), unguard(row["unit"]), repeat, fold, truth, values


def _wrong(path: Path, line: int, what: str) -> DataCorrupt:
    return DataCorrupt(f"{path}, line {line}: {what}. Write the file again with spermlens.")
