"""The tables of a study, from what its jobs have committed and from nothing else."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Any

from spermlens.config import Experiment
from spermlens.datasets import DATASETS
from spermlens.errors import DataError
from spermlens.evaluate.compare import compare, holm
from spermlens.evaluate.intervals import RESAMPLES, calibrated, condition_of, judge
from spermlens.evaluate.scores import score
from spermlens.files import is_file, write_json
from spermlens.reproduce.certainty import certainty
from spermlens.reproduce.committed import Committed
from spermlens.reproduce.contenders import Contender, Found
from spermlens.reproduce.gathered import gather
from spermlens.reproduce.progress import Places
from spermlens.reproduce.study import Job, Part
from spermlens.types import Result

METRICS = ("accuracy", "f1_macro", "balanced_accuracy", "mcc", "log_loss", "ece", "brier", "exact_accuracy")
BEST = "best"
Rows = list[dict[str, Any]]


def write_table(part: Part, table: dict[str, Any], places: Places) -> Path:
    """Write the results file of a part."""
    path = places.results / f"{part.table}.json"
    write_json(path, table)
    return path


def table_of(study: str, part: Part, places: Places, *, resamples: int = RESAMPLES) -> dict[str, Any] | None:
    """Everything that the committed jobs of a part say, and which are missing; None if all are."""
    gathered = gather(study, part, places)
    if gathered is None:
        return None
    wanted, found, lines = gathered.wanted, gathered.found, gathered.lines
    joined, absent = _joined(part, lines, places.results)
    marked = [line for line in lines if line.name in {part.best, *part.reference}]
    return {
        "claim": part.claim,
        "protocol": _protocol(part, found, len(wanted)),
        "recipes_tried": part.recipes_tried,
        "jobs": {"wanted": len(wanted), "committed": len(found), "missing": [*gathered.missing, *absent]},
        "recipes": [_recipe(job) for job in wanted if job.repeat == part.repeats[0]],
        "rows": [*_rows(part, lines, resamples), *joined],
        "pace": _paces(lines, found),
        "comparisons": _comparisons(part, lines, resamples),
        "views": _views(part, lines, resamples),
        "distribution": [row for line in lines if not line.folds for row in _one_by_one(line)],
        "marks": [mark.model_dump() for mark in part.marks],
        "certainty": [certainty(line) for line in marked],
    }


def _rows(part: Part, lines: Sequence[Contender], resamples: int) -> Rows:
    rows = []
    for line in lines:
        for condition, table in line.conditions.items():
            found = judge(
                table,
                dataset=line.dataset,
                model=line.model,
                resamples=resamples,
                alias=BEST if line.name == part.best and condition == line.headline else "",
                recipe=line.name,
                condition=condition,
                runs=", ".join(line.jobs),
            )
            rows += [_bare(asdict(result)) for result in found if _shown(result.metric)]
    return rows


def _shown(metric: str) -> bool:
    return metric in METRICS or metric.startswith("recall_")


def _bare(row: dict[str, Any]) -> dict[str, Any]:
    """A row without the scores of single folds, which follow from what is committed."""
    return {name: value for name, value in row.items() if name != "per_fold"}


def _paces(lines: Sequence[Contender], found: Found) -> Rows:
    """Images a second in training, by device: all epochs of all folds of all jobs on it."""
    rows = []
    for line in lines:
        own = [one for (name, _), one in found.items() if name == line.name and one.about["seconds"]]
        for device, group in groupby(sorted(own, key=_device), _device):
            jobs = list(group)
            pace = sum(one.about["looks"] for one in jobs) / sum(one.about["seconds"] for one in jobs)
            result = Result(
                dataset=line.dataset,
                model=line.model,
                task=line.tables[line.decided].task.name,
                metric="training_images_per_second",
                value=pace,
                low=None,
                high=None,
                interval="none: a measure of the machine",
                n_images=sum(one.about["looks"] for one in jobs),
                recipe=line.name,
                condition=device,
                repeats=len(jobs),
                runs=", ".join(str(one.about["job"]) for one in jobs),
            )
            rows.append(_bare(asdict(result)))
    return rows


def _device(one: Committed) -> str:
    return f"{one.about['device']}, {one.about['cores']} cores"


def _comparisons(part: Part, lines: Sequence[Contender], resamples: int) -> Rows:
    """Each reference against every other line on its data set, on the part's first repeat alone."""
    first = {line.name: table for line in lines if (table := _on(line, part.repeats[0])) is not None}
    rows = []
    for a in lines:
        rivals = [b for b in lines if b.dataset == a.dataset and b.name != a.name]
        for b in rivals if a.name in part.reference and a.name in first else ():
            if b.name not in first:
                continue
            found = compare(first[a.name], first[b.name], resamples=resamples)
            told = {"a": a.name, "b": b.name, "dataset": a.dataset, "n": found.n_images, **asdict(found)}
            told |= {"condition": a.headline, "repeat": part.repeats[0]}
            del told["n_images"]
            rows.append(told)
    corrected = holm([row["p"] for row in rows])
    return [{**row, "p_holm": p} for row, p in zip(rows, corrected, strict=True)]


def _views(part: Part, lines: Sequence[Contender], resamples: int) -> Rows:
    """What averaging is worth: each reference with all its views (a) against itself with one (b)."""
    rows = []
    for line in (line for line in lines if line.name in part.reference and line.decided > 1):
        a, b = (_on(line, part.repeats[0], views) for views in (line.decided, 1))
        if a is not None and b is not None:
            told = asdict(compare(a, b, resamples=resamples))
            names = {"a": condition_of(line.decided), "b": condition_of(1)}
            rows.append({"recipe": line.name, "dataset": line.dataset, **names, **told})
    return rows


def _on(line: Contender, repeat: int, views: int = 0) -> Any:
    """What it says on one repeat, of the views it decides by if no other number is given."""
    condition = condition_of(views or line.decided)
    table = line.conditions[calibrated(condition) if line.folds else condition]
    mask = table.repeats == repeat
    return table.rows(mask) if mask.any() else None


def _one_by_one(line: Contender) -> Rows:
    """Each repeat of a hold-out by itself: few images, so that many of them show the luck of one."""
    rows = []
    table = line.tables[line.decided].labelled
    for repeat in sorted(set(table.repeats.tolist())):
        one = table.rows(table.repeats == repeat)
        scores = score(one.truth, one.probabilities, one.task)
        right = int((one.predicted == one.truth).sum())
        row = {"recipe": line.name, "condition": condition_of(line.decided), "repeat": repeat}
        row |= {"n_images": len(one), "right": right}
        rows.append(row | {name: scores[name] for name in ("accuracy", "f1_macro")})
    return rows


def _joined(part: Part, lines: Sequence[Contender], results: Path) -> tuple[Rows, list[str]]:
    """Rows on the same data of results files that other commands write, and the files that are not there."""
    datasets = {line.dataset for line in lines}
    rows, absent = [], []
    for name in part.joined:
        path = results / f"{name}.json"
        if not is_file(path):
            absent.append(path.name)
            continue
        try:
            told = json.loads(path.read_text("utf-8"))
            found = [*told["rows"], *told.get("beside", ())]
            rows += [_bare(row) for row in found if row["dataset"] in datasets and _shown(row["metric"])]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataError(f"{path}: not a results file ({type(error).__name__}: {error}).") from error
    return rows, absent


def _recipe(job: Job) -> dict[str, Any]:
    """What sets a recipe apart from the experiment that all share."""
    return {
        "name": job.recipe.name,
        "experiment": job.recipe.experiment or job.part.experiment,
        "changes": [*job.part.set, *job.recipe.set],
    }


def _protocol(part: Part, found: Found, wanted: int) -> str:
    """How the figures came about, for the reader of the table."""
    by_data = {one.experiment.data.name: one.experiment for one in found.values()}
    ways = {name: _way(by_data[name], part.repeats) for name in sorted(by_data)}
    same = len(set(ways.values())) == 1
    how = next(iter(ways.values())) if same else "; ".join(f"{name}: {way}" for name, way in ways.items())
    tried = "1 recipe" if part.recipes_tried == 1 else f"{part.recipes_tried} recipes"
    unknown = " ".join(sentence for name in ways for sentence in DATASETS[name].CARD.unknown)
    return (
        f"{how}; {tried} tried for each model before its own was frozen; identical images and known near "
        f"copies together. {len(found)} of {wanted} jobs. {unknown}".rstrip()
    )


def _way(experiment: Experiment, repeats: Sequence[int]) -> str:
    """How images were divided and which epoch was kept."""
    protocol, numbers = experiment.protocol, ", ".join(map(str, repeats))
    kept = "the last epoch kept" if protocol.keep == "last" else "the epoch best on inner images kept"
    if protocol.kind == "folds":
        return f"stratified {protocol.folds}-fold, repeats {numbers}; temperatures fitted out of fold; {kept}"
    divisions = "one division" if len(repeats) == 1 else f"{len(repeats)} divisions"
    return f"hold-out of {protocol.test_share:.0%}, {divisions}; {kept}"
