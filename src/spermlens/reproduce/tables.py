"""The tables of a study, from what its jobs have committed and from nothing else."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Any

from spermlens.errors import DataError
from spermlens.evaluate.as_published import with_published_scores
from spermlens.evaluate.intervals import RESAMPLES, condition_of, judge
from spermlens.evaluate.normal_threshold import FROM_VALIDATION
from spermlens.evaluate.scores import score
from spermlens.files import is_file, write_json
from spermlens.reproduce.certainty import certainty
from spermlens.reproduce.committed import Committed
from spermlens.reproduce.commonest import NOTHING, commonest
from spermlens.reproduce.comparisons import comparisons, worth_of_views
from spermlens.reproduce.contenders import Contender, Found
from spermlens.reproduce.gathered import gather
from spermlens.reproduce.job import Job
from spermlens.reproduce.progress import Places
from spermlens.reproduce.protocol import protocol_of
from spermlens.reproduce.study import Part
from spermlens.types import Result

OF_PROBABILITIES = ("log_loss", "ece", "brier")
METRICS = ("accuracy", "f1_macro", "balanced_accuracy", "mcc", *OF_PROBABILITIES, "exact_accuracy")
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
    done = sum((job.recipe.name, job.repeat) in found for job in wanted)
    joined, absent = _joined(part, lines, places.results)
    marked = [line for line in lines if line.name in {part.best, *part.reference}]
    return {
        "claim": part.claim,
        "protocol": protocol_of(part, found, f"{done} of {len(wanted)} jobs"),
        "recipes_tried": part.recipes_tried,
        "jobs": {"wanted": len(wanted), "committed": done, "missing": [*gathered.missing, *absent]},
        "recipes": [_recipe(job) for job in wanted if job.repeat == part.repeats[0]],
        "rows": [*_rows(part, lines, resamples), *joined],
        "pace": _paces(found),
        "comparisons": comparisons(part, lines, gathered.measured, resamples),
        "views": worth_of_views(part, lines, resamples),
        "distribution": [row for line in lines if not line.folds for row in _one_by_one(line)],
        "marks": [mark.model_dump(exclude_defaults=True) for mark in part.marks],
        "certainty": [certainty(line) for line in marked],
    }


def _rows(part: Part, lines: Sequence[Contender], resamples: int) -> Rows:
    always = commonest(lines, resamples) if part.commonest else []
    rows = [_bare(asdict(result)) for result in always if _shown(result.metric, result.condition)]
    for line in lines:
        for condition, table in line.conditions.items():
            found = judge(
                table,
                dataset=line.dataset,
                model=line.model,
                resamples=resamples,
                scores=with_published_scores,
                alias=BEST if line.name == part.best and condition == line.headline else "",
                recipe=line.name,
                condition=condition,
                runs=", ".join(line.jobs),
            )
            rows += [_bare(asdict(result)) for result in found if _shown(result.metric, condition)]
    return rows


def _shown(metric: str, condition: str = "") -> bool:
    if condition.endswith((FROM_VALIDATION, NOTHING)) and metric in OF_PROBABILITIES:
        return False
    return metric in METRICS or metric.startswith(("recall_", "normal_"))


def _bare(row: dict[str, Any]) -> dict[str, Any]:
    """A row without the scores of single folds, which follow from what is committed."""
    return {name: value for name, value in row.items() if name != "per_fold"}


def _paces(found: Found) -> Rows:
    """Images a second in training, by recipe and device: all epochs of all folds of all jobs on it."""
    rows = []
    for recipe in dict.fromkeys(name for name, _ in found):
        own = [one for (name, _), one in found.items() if name == recipe and one.about["seconds"]]
        for device, group in groupby(sorted(own, key=_device), _device):
            jobs = list(group)
            pace = sum(one.about["looks"] for one in jobs) / sum(one.about["seconds"] for one in jobs)
            result = Result(
                dataset=jobs[0].experiment.data.name,
                model=jobs[0].experiment.model.name,
                task=", ".join(jobs[0].answers),
                metric="training_images_per_second",
                value=pace,
                low=None,
                high=None,
                interval="none: a measure of the machine",
                n_images=sum(one.about["looks"] for one in jobs),
                recipe=recipe,
                condition=device,
                repeats=len(jobs),
                runs=", ".join(str(one.about["job"]) for one in jobs),
            )
            rows.append(_bare(asdict(result)))
    return rows


def _device(one: Committed) -> str:
    return f"{one.about['device']}, {one.about['cores']} cores"


def _one_by_one(line: Contender) -> Rows:
    """Each repeat by itself: how far one division, or of an official split one seed, strays."""
    rows = []
    table = line.tables[line.decided].labelled
    for repeat in sorted(set(table.repeats.tolist())):
        one = table.rows(table.repeats == repeat)
        scores = score(one.truth, one.probabilities, one.task)
        right = int((one.predicted == one.truth).sum())
        row: dict[str, Any] = {"recipe": line.name, "task": line.task.name, "repeat": repeat}
        row["condition"] = condition_of(line.decided)
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
        "tried": job.recipe.recipes_tried or job.part.recipes_tried,
    }
