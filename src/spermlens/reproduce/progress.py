"""How far a list of jobs is, and how long the rest will take by what finished jobs took here."""

from __future__ import annotations

import hashlib
import platform
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from spermlens.config import Experiment, load_experiment
from spermlens.datasets import DATASETS
from spermlens.errors import SpermlensError
from spermlens.reproduce.committed import is_committed, read_about
from spermlens.reproduce.job import Job, same_recipe
from spermlens.reproduce.lock import held_by
from spermlens.runs import Run, list_runs

COMMITTED, OTHER, RUNNING, DONE = "committed", "other recipe", "running", "done"
STOPPED, WAITING = "stopped", "waiting"
SLOWLY = 40.0  # looks a second at 128 px on a CPU, before any job is done; a small network is hardly faster
OFFICIALLY_LEARNED = 0.65  # about the share that a publisher's own split has for learning
TIMM = "timm:"

Paces = dict[tuple[str, int], float]  # seconds a look, by model and side of the square


@dataclass(frozen=True)
class Places:
    """Where runs, results and data lie."""

    runs: Path
    results: Path
    roots: Mapping[str, str] = field(default_factory=dict)

    def table(self, job: Job) -> Path:
        """The CSV that a job commits."""
        return self.results / job.study / job.part.name / f"{job.name}.csv"

    def lock(self, job: Job) -> Path:
        return self.table(job).with_name(f".{job.name}.lock")


def state(job: Job, places: Places) -> str:
    """One word for how far a job is."""
    table = places.table(job)
    if is_committed(table):
        return COMMITTED if of_this_recipe(job, table) else OTHER
    if held_by(places.lock(job)):
        return RUNNING
    run = run_of(job.experiment(), places.runs)
    if run is None:
        return WAITING
    return DONE if run.status() == "finished" else STOPPED


def of_this_recipe(job: Job, table: Path) -> bool:
    """Whether what is committed was made by the recipe as it is today."""
    return same_recipe(read_about(table)[1], job.experiment())


def run_of(experiment: Experiment, runs: Path) -> Run | None:
    """The run of exactly this experiment: a finished one, else the newest."""
    fitting: list[tuple[bool, int, Run]] = []
    for run in list_runs(runs):
        if not re.fullmatch(rf"\d{{4}}-\d\d-\d\d-{experiment.name}-[0-9a-f]{{4}}", run.id):
            continue
        with suppress(SpermlensError):  # a damaged run is nobody's
            if same_recipe(load_experiment(str(run.config)), experiment):
                fitting.append((run.status() == "finished", len(fitting), run))
    return max(fitting)[2] if fitting else None


def looks(experiment: Experiment) -> int:
    """Images times epochs of all folds, by the card; 0 where the card does not say how many images."""
    protocol = experiment.protocol
    images = max((sum(counts) for counts in _counts(experiment)), default=0)
    epochs = sum(phase.epochs for phase in experiment.training.phases)
    learned = {
        "folds": (protocol.folds - 1) * (1 - protocol.inner_share),
        "holdout": (1 - protocol.test_share) * (1 - protocol.inner_share),
        "official": OFFICIALLY_LEARNED,
    }
    return round(images * learned[protocol.kind] * epochs * len(protocol.repeats))


def machine() -> str:
    """A short name that tells this machine from others and says nothing else of it."""
    return hashlib.sha256(platform.node().encode()).hexdigest()[:8]


def paces(found: Sequence[Job], places: Places) -> Paces:
    """What the committed jobs took on this machine."""
    spent: dict[tuple[str, int], list[tuple[float, int]]] = {}
    for job in found:
        table = places.table(job)
        about, experiment = read_about(table) if is_committed(table) else ({}, job.experiment())
        if about.get("machine") == machine() and about["looks"]:
            spent.setdefault(_kind(experiment), []).append((about["seconds"], about["looks"]))
    return {kind: sum(s for s, _ in pairs) / sum(n for _, n in pairs) for kind, pairs in spent.items()}


def estimate(experiment: Experiment, known: Paces) -> str:
    """How long a job takes: from finished ones of its model and size on this machine, else a rough guess."""
    expected = looks(experiment)
    if not expected:
        return "unknown"
    if _kind(experiment) in known:
        return _spoken(expected * known[_kind(experiment)])
    a_second = SLOWLY * (128 / experiment.framing.size) ** 2
    return f"{_spoken(expected / a_second)} on a CPU, minutes on a GPU"


def foreign_weights(found: Sequence[Job]) -> list[str]:
    """timm's backbones that jobs start from as ImageNet has taught them."""
    models = [job.experiment().model for job in found]
    return sorted(
        {
            model.name.removeprefix(TIMM)
            for model in models
            if model.pretrained and model.name.startswith(TIMM)
        }
    )


def _spoken(seconds: float) -> str:
    minutes = seconds / 60
    return f"{minutes / 60:.1f} h" if minutes >= 90 else f"{max(1, round(minutes))} min"


def _kind(experiment: Experiment) -> tuple[str, int]:
    return experiment.model.name, experiment.framing.size


def _counts(experiment: Experiment) -> list[tuple[int, ...]]:
    """Images by class for each task, as the card says."""
    name = experiment.data.name
    return list(DATASETS[name].CARD.counts.values()) if name in DATASETS else []
