"""All that the jobs of a part have committed, as the lines that its table and its models are made of."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from spermlens.errors import DataCorrupt
from spermlens.evaluate.table import Predictions, read_predictions
from spermlens.files import is_file
from spermlens.reproduce.committed import BEHIND, Committed, is_committed, read_committed
from spermlens.reproduce.contenders import Contender, Found, Measured, contenders
from spermlens.reproduce.job import Job, jobs_of, same_recipe
from spermlens.reproduce.progress import Places
from spermlens.reproduce.study import Part


@dataclass(frozen=True)
class Gathered:
    """What is there of a part, and the names of what is not."""

    wanted: list[Job]
    found: Found
    measured: Measured
    lines: list[Contender]
    missing: list[str]

    def named(self, name: str) -> list[Contender]:
        """The lines of this name, one a task."""
        return [line for line in self.lines if line.name == name]


def gather(study: str, part: Part, places: Places) -> Gathered | None:
    """Read and check what is committed; None where nothing is."""
    wanted = jobs_of(study, part)
    found = {
        (job.recipe.name, job.repeat): one for job in wanted if (one := _committed(job, places)) is not None
    }
    if not found:
        return None
    added = {
        (name, repeat): _added(name, repeat, wanted, places) for name in part.added for repeat in part.repeats
    }
    found |= {key: one for key, one in added.items() if one is not None}
    _one_version(found.values())
    _same_weights(found.values())
    missing = [job.path for job in wanted if (job.recipe.name, job.repeat) not in found]
    missing += [f"{part.name}/{name}-r{repeat}" for (name, repeat), one in added.items() if one is None]
    measured, unread = _measured(part, found, places.results)
    return Gathered(wanted, found, measured, contenders(part, found, measured), [*missing, *unread])


def _committed(job: Job, places: Places) -> Committed | None:
    """What the job left, if that was made by the recipe as it is today."""
    path = places.table(job)
    if not is_committed(path):
        return None
    found = read_committed(path)
    return found if same_recipe(found.experiment, job.experiment()) else None


def _added(name: str, repeat: int, wanted: Iterable[Job], places: Places) -> Committed | None:
    """What a script committed for a repeat, if what it builds on was made by a recipe as it is today."""
    for job in wanted:
        path = places.table(job).with_name(f"{name}-r{repeat}.csv")
        if job.repeat == repeat and is_committed(path):
            found = read_committed(path)
            if same_recipe(found.experiment, job.experiment()):
                return found
    return None


def _one_version(found: Iterable[Committed]) -> None:
    versions: dict[tuple[str, str], tuple[str, str]] = {}
    for one in found:
        data, job = one.about["data"], str(one.about["job"])
        asked = json.dumps(one.experiment.data.options, sort_keys=True)  # such as another size
        first, known = versions.setdefault((data["name"], asked), (job, data["pixels_sha256"]))
        if known != data["pixels_sha256"]:
            raise DataCorrupt(
                f"{job} and {first} have judged different versions of '{data['name']}'. "
                "Do one of them again on the same images."
            )


def _same_weights(found: Iterable[Committed]) -> None:
    """A recipe names the models behind a job, and under one name there may be other weights tomorrow."""
    versions: dict[str, tuple[str, str]] = {}
    for one in found:
        job, behind = str(one.about["job"]), one.about.get(BEHIND, {})
        recipe = one.experiment
        named = " and ".join(name for name in (recipe.model.start_from, *recipe.training.teachers) if name)
        if named and not behind:
            raise DataCorrupt(
                f"{job} rests on {named}, but does not say with which weights. "
                "Delete its files and do it again."
            )
        for name, weights in behind.items():
            first, known = versions.setdefault(name, (job, weights))
            if known != weights:
                raise DataCorrupt(
                    f"{job} and {first} rest on different weights of {name}: {weights[:12]} and "
                    f"{known[:12]}. Delete the files of one of them and do it again with the other's weights."
                )


def _measured(part: Part, found: Found, results: Path) -> tuple[dict[str, Predictions], list[str]]:
    """What learners of measures alone committed on the part's data, and the files that are not there."""
    dataset = next(iter(found.values())).experiment.data.name
    files = {name: results / f"shape-{dataset}-{name}.predictions.csv" for name in part.measured}
    there = {
        name: next(iter(read_predictions(path).values())) for name, path in files.items() if is_file(path)
    }
    return there, [path.name for name, path in files.items() if name not in there]
