"""One job, done: its run begun, gone on with or found finished, and what it judged committed."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from spermlens.config import Experiment
from spermlens.evaluate.table import Predictions, read_predictions
from spermlens.reproduce.committed import BEHIND, Answers, is_told, write_committed
from spermlens.reproduce.job import Job
from spermlens.reproduce.progress import Places, machine, run_of
from spermlens.runs import Run

ABOUT = ("at", "device", "python", "system", "cores", "versions", "commit")


def carry_out(
    job: Job, places: Places, *, device: str = "auto", tell: Callable[[dict[str, Any]], None] = lambda _: None
) -> Path:
    """Do a job, going on where it stopped; the CSV that is committed.

    What the same run has committed already stays as it is: told anew, it would name the settings of today and
    lose what the run's folder does not know, such as a commit that was added later.
    """
    experiment = job.experiment(places.roots)
    run = run_of(experiment, places.runs)
    if run is None or run.status() != "finished":
        run = _trained(run, experiment, places, device, tell)
    table = places.table(job)
    answers, inner = _answers(run, experiment), _inner(run, experiment)
    if not is_told(table, answers, inner, run.id):
        write_committed(table, answers, _about(job, run, experiment), inner)
    return table


def _trained(
    run: Run | None,
    experiment: Experiment,
    places: Places,
    device: str,
    tell: Callable[[dict[str, Any]], None],
) -> Run:
    from spermlens.training.experiment import resume, start

    if run is None:
        return start(experiment, places.runs, device=device, tell=tell)
    return resume(run, device=device, tell=tell)


def _answers(run: Run, experiment: Experiment) -> Answers:
    """What the run says of its tested images, by task and number of views."""
    decided = experiment.decide.views
    files = {1: run.folder / "predictions-1-view.csv", decided: run.predictions}
    return _by_task({views: read_predictions(path) for views, path in files.items()})


def _inner(run: Run, experiment: Experiment) -> Answers:
    """The same of the images that the publisher gives for choices; empty where it gives none."""
    if experiment.protocol.kind != "official" or not run.inner.is_file():
        return {}
    return _by_task({experiment.decide.views: read_predictions(run.inner, inner=True)})


def _by_task(found: Mapping[int, Mapping[str, Predictions]]) -> Answers:
    tasks = next(iter(found.values()))
    return {task: {views: tables[task] for views, tables in found.items()} for task in tasks}


def _about(job: Job, run: Run, experiment: Experiment) -> dict[str, Any]:
    """Everything the figures depend on, and what they cost; nothing of where files lie."""
    environment = run.environment()
    recipe = experiment.model_dump(mode="json")
    recipe["data"]["root"] = ""
    seconds = sum(row["seconds"] for part in run.parts() for row in run.metrics(part))
    return {
        "job": job.path,
        "run": run.id,
        "recipe": recipe,
        "data": {key: environment["data"][key] for key in ("name", "images", "pixels_sha256")},
        **{key: environment[key] for key in ABOUT},
        **({BEHIND: environment[BEHIND]} if BEHIND in environment else {}),
        "machine": machine(),
        "seconds": round(seconds, 2),
        "looks": _looks(run),
        "protocol": run.told()["protocol"],
        "strangest": _strangest(run),
    }


def _strangest(run: Run) -> float | None:
    """The distance that nearly all images its folds had not seen stay below; None where none was kept."""
    from spermlens.training.familiarity import strangest
    from spermlens.training.witness import distances_seen

    return strangest(distances_seen(run))


def _looks(run: Run) -> int:
    """How many times an image was learned from: those of each fold times its epochs."""
    with run.splits.open(encoding="utf-8", newline="") as stream:
        learned = [
            f"r{row['repeat']}f{row['fold']}" for row in csv.DictReader(stream) if row["role"] == "train"
        ]
    epochs = {part: len(run.metrics(part)) for part in run.parts()}
    return sum(epochs[part] for part in learned)
