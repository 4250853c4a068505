"""What a finished job leaves in the results folder: one CSV, one row a tested image, and a JSON beside it.

<part>/<job>.csv     image, unit, repeat, fold, truth, then p<views>_<class> for each number of views
<part>/<job>.json    the recipe as resolved, data, versions, seconds, device, date, commit, the CSV's hash

Probabilities keep seven digits, which is what single precision holds. The CSV is written last: where it
is, the job is done.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping
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

COLUMNS = ("image", "unit", "repeat", "fold", "truth")
DIGITS = 7
Tables = dict[int, Predictions]  # by number of views


@dataclass(frozen=True)
class Committed:
    """What a job found, and how."""

    tables: Tables
    about: Mapping[str, Any]
    experiment: Experiment


def is_committed(path: Path) -> bool:
    """Whether the job whose CSV is `path` is done."""
    return is_file(path) and is_file(path.with_suffix(".json"))


def write_committed(path: Path, tables: Tables, about: Mapping[str, Any]) -> None:
    """Write the CSV and the JSON beside it; all tables hold the same images in one order."""
    text, task = _text(tables), tables[min(tables)].task.name
    write_json(path.with_suffix(".json"), {**about, "task": task, "csv_sha256": _hash(text)})
    write_text(path, text)


def is_told(path: Path, tables: Tables, run: str) -> bool:
    """Whether the pair at `path` is whole, of this run, and says just what these tables say."""
    try:
        about = read_committed(path).about
    except DataCorrupt:
        return False
    return (about.get("run"), about["csv_sha256"]) == (run, _hash(_text(tables)))


def read_about(path: Path) -> tuple[dict[str, Any], Experiment]:
    """What stands beside the CSV at `path`, and the recipe in it."""
    beside = path.with_suffix(".json")
    try:
        about = json.loads(beside.read_text("utf-8"))
        return about, Experiment.model_validate_json(json.dumps(about["recipe"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _not_ours(beside, error) from error


def read_committed(path: Path) -> Committed:
    """The pair at `path`, checked; DataCorrupt where it is not what a job wrote."""
    about, experiment = read_about(path)
    try:
        raw = path.read_bytes().replace(b"\r\n", b"\n")  # a checkout may have changed the ends of lines
        if about["csv_sha256"] != sha256_of(raw):
            raise ValueError("its JSON belongs to another CSV")
        return Committed(_tables(raw.decode("utf-8"), about["task"]), about, experiment)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _not_ours(path, error) from error


def _not_ours(path: Path, error: Exception) -> DataCorrupt:
    return DataCorrupt(
        f"{path}: not what a job wrote ({type(error).__name__}: {error}). "
        "Delete it with the file beside it, and do the job again."
    )


def _text(tables: Tables) -> str:
    first = tables[min(tables)]
    if any(table.ids != first.ids or table.task != first.task for table in tables.values()):
        raise ValueError("Tables by number of views must hold the same images in one order.")
    named = [f"p{views}_{name}" for views in sorted(tables) for name in first.task.classes]
    return to_csv([*COLUMNS, *named], _cells(tables))


def _hash(text: str) -> str:
    return sha256_of(text.encode("utf-8"))


def _cells(tables: Tables) -> Iterable[list[Cell]]:
    first = tables[min(tables)]
    said = np.concatenate([tables[views].probabilities for views in sorted(tables)], axis=1)
    numbers = zip(first.repeats.tolist(), first.folds.tolist(), first.truth.tolist(), said, strict=True)
    for image, unit, (repeat, fold, truth, row) in zip(first.ids, first.units, numbers, strict=True):
        label = "" if truth == UNKNOWN else first.task.classes[truth]
        yield [image, unit, repeat, fold, label, *(float(f"{value:.{DIGITS}g}") for value in row)]


def _tables(text: str, task: str) -> Tables:
    header, *rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    columns: dict[int, dict[str, int]] = {}
    for place, name in enumerate(header[len(COLUMNS) :], len(COLUMNS)):
        found = re.fullmatch(r"p(\d+)_(.+)", name)
        if found is None or tuple(header[: len(COLUMNS)]) != COLUMNS:
            raise ValueError(f"expected {', '.join(COLUMNS)}, p<views>_<class>, found {', '.join(header)}")
        columns.setdefault(int(found[1]), {})[found[2]] = place
    if not columns or not rows:
        raise ValueError("no predictions")
    return {views: _table(rows, Task(task, tuple(places)), places) for views, places in columns.items()}


def _table(rows: list[list[str]], task: Task, places: Mapping[str, int]) -> Predictions:
    try:
        return Predictions(
            task=task,
            ids=tuple(unguard(row[0]) for row in rows),
            units=tuple(unguard(row[1]) for row in rows),
            repeats=np.array([int(row[2]) for row in rows], np.int64),
            folds=np.array([int(row[3]) for row in rows], np.int64),
            truth=np.array([task.index(unguard(row[4])) if row[4] else UNKNOWN for row in rows], np.int64),
            probabilities=np.array([[float(row[at]) for at in places.values()] for row in rows], np.float64),
        )
    except IndexError as error:
        raise ValueError("a row is cut short") from error
