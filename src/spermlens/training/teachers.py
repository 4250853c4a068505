"""Learning from networks that have learned already: who teaches which part of a run, and who may not.

A teacher is a saved model, or a run that kept its networks. Of a run, the network of each fold teaches the
same fold of the same repeat, and the final model the final one: so what is judged by a fold was seen neither
by its network nor by those that taught it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from spermlens.config import Experiment, Training
from spermlens.datasets import Listing
from spermlens.errors import ConfigError, DataMissing
from spermlens.files import is_file
from spermlens.models._description import DESCRIPTION, describe
from spermlens.models._network import Network
from spermlens.models._store import load
from spermlens.runs import Run
from spermlens.training.folds import FINAL, Split, splits
from spermlens.training.split_table import read_splits
from spermlens.training.study import Study
from spermlens.training.warm_start import begun_from, refuse_overlap


def teacher_folders(training: Training, part: str) -> list[Path]:
    """The saved networks that teach a part of a run, such as 'r0f3' or 'final'."""
    return [_saved_network(Path(name), part) for name in training.teachers]


def load_teachers(training: Training, part: str) -> tuple[Network, ...]:
    """The same, at rest."""
    return tuple(load(folder).network for folder in teacher_folders(training, part))


def models_behind(experiment: Experiment, part: str) -> list[Path]:
    """The saved models that the weights of a part rest on: the one gone on from, and the teachers."""
    begun = [begun_from(experiment.model)] if experiment.model.start_from else []
    return begun + teacher_folders(experiment.training, part)


def weights_behind(experiment: Experiment, parts: Sequence[str]) -> dict[str, str]:
    """The hash of the weights of every model behind these parts, by the name that the recipe gives it.

    Of a run that teaches, each part has a network of its own, whose name ends with that part.
    """
    start, found = experiment.model.start_from, {}
    names = [*([start] if start else []), *experiment.training.teachers]
    for part in parts:
        for name, folder in zip(names, models_behind(experiment, part), strict=True):
            own = f"{name} {part}" if _is_run(Path(name)) else name
            found[own] = describe(folder).weights_sha256
    return found


def check_teachers(study: Study, plan: Sequence[Split]) -> None:
    """Refuse teachers that are not there, that answer otherwise, or that know what is to be judged."""
    for folder in map(Path, study.experiment.training.teachers):
        if _is_run(folder):
            _check_run(study, plan, Run(folder))
        else:
            _need_alike(study, _saved_network(folder, FINAL))
            refuse_overlap(study.experiment, folder, study.listing.pixel_hashes)


def taught_in_words(experiment: Experiment, listing: Listing) -> str:
    """Who taught, and whether they knew these images; empty without teachers."""
    return "".join(
        _fold_by_fold(Run(folder), splits(listing, experiment.protocol))
        if _is_run(folder)
        else f" Taught by {describe(folder).id}: {describe(folder).overlap_in_words(listing.pixel_hashes)}."
        for folder in map(Path, experiment.training.teachers)
    )


def _fold_by_fold(run: Run, plan: Sequence[Split]) -> str:
    known = all(describe(run.network(split.name)).remembers_all for split in plan)
    seen = "none of them had learned from" if known else "whether models behind these knew is not recorded of"
    return f" Taught fold by fold by the networks of {run.id}: {seen} the images that its fold is judged on."


def _is_run(folder: Path) -> bool:
    return is_file(folder / "config.toml")


def _saved_network(folder: Path, part: str) -> Path:
    """The saved model itself, or what a run has kept of the part."""
    if not _is_run(folder):
        if not is_file(folder / DESCRIPTION):
            raise DataMissing(
                f"{folder}: found neither a run (config.toml) nor a saved model ({DESCRIPTION}). "
                "Check training.teachers."
            )
        return folder
    run = Run(folder)
    kept = run.model if part == FINAL else run.network(part)
    if not is_file(kept / DESCRIPTION):
        setting = "final_model" if part == FINAL else "keep_networks"
        raise DataMissing(
            f"{kept}: expected the network of '{part}', which is to teach, but it was not kept. Train that "
            f"run with --set protocol.{setting}=true, or leave it out of training.teachers."
        )
    return kept


def _check_run(study: Study, plan: Sequence[Split], run: Run) -> None:
    """Each fold's teacher has the fold's own training images, and knows none that the fold is judged on."""
    theirs, hashes = read_splits(run.splits), study.listing.pixel_hashes
    name = study.experiment.name
    for split in plan:
        ours = {role: {hashes[index] for index in getattr(split, role)} for role in ("train", "inner")}
        found = theirs.get(split.name, {})
        if any(found.get(role) != images for role, images in ours.items()):
            raise ConfigError(
                f"{run.splits}: in {split.name} the images of run {run.id} are not divided as those of "
                f"'{name}', so its networks may know what is judged here. Give both runs the same data and "
                "the same protocol, and the teacher every repeat of this one."
            )
        judged = split.test if study.experiment.protocol.judge == "test" else split.inner
        teacher = _saved_network(run.folder, split.name)
        _need_alike(study, teacher)
        if seen := describe(teacher).learned_from([hashes[index] for index in judged]):
            raise ConfigError(
                f"{teacher}: this network of run {run.id} has learned from {seen} of {len(judged)} images "
                f"that {split.name} of '{name}' is judged on, expected none. Take another teacher."
            )
    if study.experiment.protocol.final_model:
        _need_alike(study, _saved_network(run.folder, FINAL))


def _need_alike(study: Study, folder: Path) -> None:
    """It answers the same questions and sees the same squares; its weights are whole."""
    teacher, tasks, framing = load(folder).description, study.listing.card.tasks, study.framing
    if teacher.tasks != tasks:
        told = [
            "; ".join(f"{task.name}: {', '.join(task.classes)}" for task in of)
            for of in (teacher.tasks, tasks)
        ]
        raise ConfigError(
            f"{folder}: this teacher answers {told[0]}, expected {told[1]}. Take another teacher, or set "
            "data.tasks to its own."
        )
    if teacher.framing != framing:
        pairs = zip(asdict(teacher.framing).items(), asdict(framing).values(), strict=True)
        other = ", ".join(f"{key} {theirs} (here {ours})" for (key, theirs), ours in pairs if theirs != ours)
        raise ConfigError(
            f"{folder}: this teacher sees other squares: {other}. Set framing to its own, or take another."
        )
