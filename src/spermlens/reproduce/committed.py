"""What a finished job leaves in the results folder: one CSV, one row a tested image, and a JSON beside it.

<part>/<job>.csv          image, unit, repeat, fold, truth, then p<views>_<class> for each number of views
<part>/<job>.inner.csv    the same of the images that an official split has for choices
<part>/<job>.json         the recipe as resolved, data, versions, seconds, device, date, commit, hashes
                          (of the weights of saved models behind it, too)

Of several tasks, truth and probabilities stand there for each, as <task>.truth and <task>.p<views>_<class>.
Probabilities keep seven digits, which is what single precision holds. The CSV is written last: where it
is, the job is done.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from spermlens.config import Experiment
from spermlens.errors import DataCorrupt
from spermlens.evaluate.table import UNKNOWN, Predictions
from spermlens.files import is_file, sha256_of, write_json, write_text
from spermlens.spreadsheet import Cell, to_csv, unguard
from spermlens.types import Task

COLUMNS = ("image", "unit", "repeat", "fold")
TRUTH = "truth"
DIGITS = 7
HASHES = ("csv_sha256", "inner_sha256")
BEHIND = "behind"  # the hash of the weights of each saved model behind the job; only where there is one
Tables = dict[int, Predictions]  # by number of views
Answers = dict[str, Tables]  # by task


@dataclass(frozen=True)
class Committed:
    """What a job found, and how."""

    answers: Answers
    inner: Answers  # of the images for choices; empty where none are committed
    about: Mapping[str, Any]
    experiment: Experiment


def is_committed(path: Path) -> bool:
    """Whether the job whose CSV is `path` is done."""
    return is_file(path) and is_file(path.with_suffix(".json"))


def write_committed(
    path: Path, answers: Answers, about: Mapping[str, Any], inner: Answers | None = None
) -> None:
    """Write the CSV and what stands beside it; all tables of a file hold the same images in one order."""
    text = _text(answers)
    if inner:
        write_text(_inner(path), _text(inner))
    told = {**about, "tasks": list(answers), **_hashes(answers, inner or {})}
    write_json(path.with_suffix(".json"), told)
    write_text(path, text)


def is_told(path: Path, answers: Answers, inner: Answers, run: str) -> bool:
    """Whether what lies at `path` is whole, of this run, and says just what these tables say."""
    try:
        about = read_committed(path).about
    except DataCorrupt:
        return False
    told = {key: about[key] for key in HASHES if key in about}
    return (about.get("run"), told) == (run, _hashes(answers, inner))


def read_about(path: Path) -> tuple[dict[str, Any], Experiment]:
    """What stands beside the CSV at `path`, and the recipe in it."""
    beside = path.with_suffix(".json")
    try:
        about = json.loads(beside.read_text("utf-8"))
        return about, Experiment.model_validate_json(json.dumps(about["recipe"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _not_ours(beside, error) from error


def read_committed(path: Path) -> Committed:
    """What lies at `path` and beside it, checked; DataCorrupt where it is not what a job wrote."""
    about, experiment = read_about(path)
    try:
        # before a job could have several tasks, it named its one
        tasks = about["tasks"] if "tasks" in about else [about["task"]]
        answers = _answers(_checked(path, about["csv_sha256"]), tasks)
        inner = {}
        if "inner_sha256" in about:
            inner = _answers(_checked(_inner(path), about["inner_sha256"]), tasks, inner=True)
        return Committed(answers, inner, about, experiment)
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise _not_ours(path, error) from error


def _inner(path: Path) -> Path:
    return path.with_suffix(".inner.csv")


def _checked(path: Path, expected: str) -> str:
    raw = path.read_bytes().replace(b"\r\n", b"\n")  # a checkout may have changed the ends of lines
    if expected != sha256_of(raw):
        raise ValueError("its JSON belongs to another CSV")
    return raw.decode("utf-8")


def _not_ours(path: Path, error: Exception) -> DataCorrupt:
    return DataCorrupt(
        f"{path}: not what a job wrote ({type(error).__name__}: {error}). "
        "Delete it with the file beside it, and do the job again."
    )


def _hashes(answers: Answers, inner: Answers) -> dict[str, str]:
    """Of the files that are written, by what they are called in the JSON."""
    files = zip(HASHES, (answers, inner), strict=True)
    return {name: sha256_of(_text(tables).encode("utf-8")) for name, tables in files if tables}


def _text(answers: Answers) -> str:
    """The CSV: what all tasks share of an image, then each task's truth and probabilities."""
    every = [table for tables in answers.values() for table in tables.values()]
    if any(table.ids != every[0].ids for table in every):
        raise ValueError("Tables by task and number of views must hold the same images in one order.")
    columns: dict[str, Sequence[Cell]] = dict(zip(COLUMNS, _of_images(every[0]), strict=True))
    for name, tables in answers.items():
        before = f"{name}." if len(answers) > 1 else ""
        columns |= {before + column: cells for column, cells in _of_task(tables)}
    return to_csv(list(columns), zip(*columns.values(), strict=True))


def _of_images(table: Predictions) -> Iterable[Sequence[Cell]]:
    return table.ids, table.units, table.repeats.tolist(), table.folds.tolist()


def _of_task(tables: Tables) -> Iterable[tuple[str, Sequence[Cell]]]:
    """Its columns with their cells."""
    first = tables[min(tables)]
    if any(table.task != first.task for table in tables.values()):
        raise ValueError("Tables by number of views must be of one task.")
    classes = first.task.classes
    yield TRUTH, ["" if truth == UNKNOWN else classes[truth] for truth in first.truth.tolist()]
    for views in sorted(tables):
        for name, values in zip(classes, tables[views].probabilities.T.tolist(), strict=True):
            yield f"p{views}_{name}", [float(f"{value:.{DIGITS}g}") for value in values]


def _answers(text: str, tasks: Sequence[str], *, inner: bool = False) -> Answers:
    header, *rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    if tuple(header[: len(COLUMNS)]) != COLUMNS or not rows:
        raise ValueError(f"expected {', '.join(COLUMNS)} and predictions, found {', '.join(header)}")
    places: dict[str, dict[str, int]] = {task: {} for task in tasks}
    for place, column in enumerate(map(unguard, header[len(COLUMNS) :]), len(COLUMNS)):
        task = tasks[0] if len(tasks) == 1 else _task_of(column, tasks)
        places[task][column.removeprefix(f"{task}.")] = place
    return {task: _tables(rows, task, of_task, inner) for task, of_task in places.items()}


def _task_of(column: str, tasks: Sequence[str]) -> str:
    """The task whose name it begins with; a name may hold dots, too."""
    found = [task for task in tasks if column.startswith(f"{task}.")]
    if not found:
        raise ValueError(f"expected a column of {', '.join(tasks)}, found {column}")
    return max(found, key=len)


def _tables(rows: list[list[str]], task: str, places: Mapping[str, int], inner: bool) -> Tables:
    labels = [unguard(row[places[TRUTH]]) for row in rows]
    columns: dict[int, dict[str, int]] = {}
    for name in (name for name in places if name != TRUTH):
        if not (found := re.fullmatch(r"p(\d+)_(.+)", name)):
            raise ValueError(f"expected {TRUTH} and p<views>_<class>, found {name}")
        columns.setdefault(int(found[1]), {})[found[2]] = places[name]
    if not columns:
        raise ValueError(f"no predictions of {task}")
    return {
        views: _table(rows, labels, Task(task, tuple(sorted(at, key=at.__getitem__))), at, inner)
        for views, at in sorted(columns.items())
    }


def _table(
    rows: list[list[str]], labels: Sequence[str], task: Task, places: Mapping[str, int], inner: bool
) -> Predictions:
    return Predictions(
        task=task,
        ids=tuple(unguard(row[0]) for row in rows),
        units=tuple(unguard(row[1]) for row in rows),
        repeats=np.array([int(row[2]) for row in rows], np.int64),
        folds=np.array([int(row[3]) for row in rows], np.int64),
        truth=np.array([task.index(label) if label else UNKNOWN for label in labels], np.int64),
        probabilities=np.array([[float(row[places[name]]) for name in task.classes] for row in rows]),
        inner=inner,
    )
