"""A model to hand on: the recipe of a line learned from every image, and what the table says of that line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from spermlens.config import Experiment
from spermlens.datasets import open_data
from spermlens.errors import ConfigError, UnknownName
from spermlens.evaluate.calibration import fit_temperatures
from spermlens.evaluate.intervals import calibrated, condition_of, judge
from spermlens.evaluate.selective import out_of_fold
from spermlens.models._description import Description, Voting
from spermlens.models._ruler import Ruler
from spermlens.models._store import load, save
from spermlens.reproduce.contenders import Contender
from spermlens.reproduce.gathered import Gathered, gather
from spermlens.reproduce.job import Job, jobs_of
from spermlens.reproduce.progress import Places
from spermlens.reproduce.study import Part, Shipped, Study
from spermlens.training.experiment import Elsewhere, train_on_all
from spermlens.training.outcome import NEVER, temperature_in_words, threshold_in_words, threshold_of
from spermlens.training.shape_models import measured, ruler_of

Tell = Callable[[dict[str, Any]], None]


def ship(
    name: str, study: tuple[str, Study], places: Places, folder: Path, *, device: str, tell: Tell
) -> Description:
    """Train the model of a study called `name` on everything, and save it with 16-bit weights in `folder`."""
    known = {model.name: model for model in study[1].shipped}
    if name not in known:
        raise UnknownName("model of this study", name, known)
    wanted = known[name]
    part = next(part for part in study[1].parts if part.name == wanted.part)
    network = part.members(wanted.line)[0]
    gathered = _gathered(study[0], part, places)
    line, alone = (_line(gathered, part, name) for name in (wanted.line, network))
    job = next(job for job in jobs_of(study[0], part) if job.recipe.name == network)
    experiment = _of_everything(job, wanted, part, places)
    run = train_on_all(experiment, places.runs, _elsewhere(alone, gathered), device=device, tell=tell)
    saved = load(run.model)
    described = _described(saved.description, wanted, line, experiment)
    rulers = _rulers(experiment) if line.members else {}
    return save(folder, saved.network, described, rulers=rulers, half=True)


def _gathered(study: str, part: Part, places: Places) -> Gathered:
    found = gather(study, part, places)
    if found is None:
        raise ConfigError(
            f"No job of '{part.name}' is committed in {places.results}, but the card of a model tells how it "
            f"was judged. Do the jobs first, with --missing --only {part.name}, or name --results."
        )
    return found


def _line(gathered: Gathered, part: Part, name: str) -> Contender:
    """The line of this name, all repeats of which must be there."""
    found = gathered.named(name)
    if len(found) > 1:
        tasks = ", ".join(line.task.name for line in found)
        raise ConfigError(
            f"'{name}' answers {tasks}, but only a model of one task can be handed on by a study. "
            "Train it with `spermlens train`, which keeps a model of everything."
        )
    line = found[0] if found else None
    there = len(np.unique(line.tables[line.decided].repeats)) if line else 0
    if line is None or there < len(part.repeats):
        raise ConfigError(
            f"'{name}' is judged on {there} of {len(part.repeats)} repeats of '{part.name}', but a card "
            f"tells of all. Do the other jobs first, with --missing --only {part.name}."
        )
    return line


def _of_everything(job: Job, wanted: Shipped, part: Part, places: Places) -> Experiment:
    """The recipe that was judged, under the model's name, and without anything that only judging needs."""
    found = job.experiment(places.roots)
    protocol = found.protocol.model_copy(
        update={"repeats": part.repeats, "final_model": True, "keep_networks": False}
    )
    return found.model_copy(update={"name": wanted.name, "claim": part.claim, "protocol": protocol})


def _elsewhere(alone: Contender, gathered: Gathered) -> Elsewhere:
    """What the networks of the recipe said, and how far images they had not seen lay from what they knew."""
    jobs = [one.about for one in gathered.found.values() if one.about["job"] in alone.jobs]
    limits = [about["strangest"] for about in jobs if about.get("strangest") is not None]
    tables = {views: [table] for views, table in alone.tables.items()}
    return Elsewhere(tables, float(np.median(limits)) if limits else None)


def _described(trained: Description, wanted: Shipped, line: Contender, experiment: Experiment) -> Description:
    """The trained model's description with the figures, temperatures and threshold of the line."""
    task, condition = trained.tasks[0].name, condition_of(line.decided)
    conditions = line.conditions
    found = threshold_of(conditions[line.headline], experiment)
    by_others = out_of_fold(line.votes(line.decided), line.target) if line.folds else None
    votes, last = _temperatures(line)  # the network's first: see Shipped
    results = [
        asdict(result)
        for name in (condition, calibrated(condition))
        for result in judge(
            conditions[name],
            dataset=line.dataset,
            model=line.model,
            recipe=line.name,
            condition=name,
            runs=", ".join(line.jobs),
        )
    ]
    return replace(
        trained,
        voting={task: Voting(network=votes[0], measures=votes[1])} if votes else {},
        temperature={task: last},
        threshold={task: found.threshold if found else NEVER},
        results=tuple(results),
        notes=(
            threshold_in_words(task, found, line.target, by_others),
            temperature_in_words(task, last),
        ),
        faults=wanted.faults,
        not_for=wanted.not_for,
    )


def _temperatures(line: Contender) -> tuple[list[float], float]:
    """Of the votes, if there are several, and of what is used; by all images of all repeats."""
    tables = [vote.labelled for vote in line.votes(line.decided)]
    return fit_temperatures(tables[0].truth, [table.probabilities for table in tables])


def _rulers(experiment: Experiment) -> dict[str, Ruler]:
    data = experiment.data
    listing = open_data(data.name, data.root, data.options)
    task = listing.card.tasks[0]
    return {task.name: ruler_of(listing, measured(listing), task)}
