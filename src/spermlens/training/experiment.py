"""An experiment, run: every fold trained and judged on images it never saw, then one model of everything."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from spermlens.config import Experiment, load_experiment, to_toml
from spermlens.datasets._verify import hash_of_hashes
from spermlens.errors import CannotWrite, DataCorrupt
from spermlens.evaluate.table import Predictions
from spermlens.files import sha256_of, sweep_below, write_json, write_text
from spermlens.models import build
from spermlens.models._network import Network
from spermlens.models._pretrained import weights_folder
from spermlens.runs import Run, describe_environment, new_run
from spermlens.training.familiarity import remember, strangest
from spermlens.training.folds import FINAL, Split, everything, splits
from spermlens.training.loop import Plan, fit
from spermlens.training.normal_cells import spreads_of_normal
from spermlens.training.outcome import conclude, save_final, save_fold
from spermlens.training.split_table import write_splits
from spermlens.training.study import Study, Tell, prepare
from spermlens.training.teachers import check_teachers, load_teachers, models_behind, weights_behind
from spermlens.training.warm_start import begin, begun_from, pixels_learned, refuse_overlap
from spermlens.training.witness import Witness

CHECKPOINT = "checkpoint"


@dataclass(frozen=True)
class Elsewhere:
    """What networks of one recipe, trained elsewhere, said of images that they had not seen."""

    tables: Mapping[int, Sequence[Predictions]]  # by number of views, one a task
    strangest: float | None  # the distance that nearly all of those images stay below


def start(experiment: Experiment, runs: Path, *, device: str = "auto", tell: Tell = lambda _: None) -> Run:
    """Check everything that can be checked, open a run folder, train, judge."""
    study = prepare(experiment, device, tell)
    plan = splits(study.listing, experiment.protocol)
    _check_beginning(study, plan)
    return _carry_out(_open(study, plan, runs), study, plan)


def train_on_all(
    experiment: Experiment,
    runs: Path,
    elsewhere: Elsewhere,
    *,
    device: str = "auto",
    tell: Tell = lambda _: None,
) -> Run:
    """One model of everything and no folds: what it is worth was judged elsewhere, by the same recipe."""
    study = prepare(experiment, device, tell)
    _check_beginning(study, [])
    run = _open(study, [], runs)
    conclude(run, experiment, study.listing, elsewhere.tables, [])
    judged = elsewhere.tables[experiment.decide.views]
    _final(run, study, {"part": FINAL, "index": 0, "parts": 1}, judged, elsewhere.strangest)
    run.set_status("finished")
    return run


def _open(study: Study, plan: Sequence[Split], runs: Path) -> Run:
    """A new run that says what it begins with."""
    experiment = study.experiment
    environment = describe_environment(str(study.device), experiment.training.seed)
    card = study.listing.card
    environment["data"] = {
        "name": card.name,
        "images": len(study.listing),
        "pixels_sha256": hash_of_hashes(study.listing.pixel_hashes),
        "licence": card.licence,
        "citation": card.citation,
        "unknown": list(card.unknown),
    }
    if behind := weights_behind(experiment, _parts(study, plan)):
        environment["behind"] = behind
    config = to_toml(experiment)
    environment["fingerprint"] = _fingerprint(study, plan, config)
    environment["weights_folder"] = str(weights_folder.get() or "")
    return new_run(runs, experiment.name, config, environment)


def resume(run: Run, *, device: str = "auto", tell: Tell = lambda _: None) -> Run:
    """Go on where a run stopped; on the CPU it ends with the weights it would have had."""
    study = prepare(load_experiment(str(run.config)), device, tell)
    found, (begun_with, fingerprint) = hash_of_hashes(study.listing.pixel_hashes), _begun_with(run)
    if found != begun_with:
        raise DataCorrupt(
            f"{run.folder}: the images are not those this run began with (hash {found[:12]}, "
            f"then {begun_with[:12]}). Put them back, or begin a new run."
        )
    plan = splits(study.listing, study.experiment.protocol)
    if _fingerprint(study, plan, run.config.read_text(encoding="utf-8")) != fingerprint:
        raise DataCorrupt(
            f"{run.folder}: config.toml, the names, labels or groups of the images, or the model gone on "
            "from or a teacher are not what this run began with. Put them back, or begin a new run."
        )
    begun_from = run.environment().get("weights_folder")
    if begun_from and weights_folder.get() is None:
        weights_folder.set(Path(begun_from))  # the flag the run began with holds on
    sweep_below(run.folder)
    run.set_status("running")
    return _carry_out(run, study, plan)


def _fingerprint(study: Study, plan: Sequence[Split], config: str) -> str:
    """One hash of all that the weights follow from."""
    listing = study.listing
    rows = [
        [entry.id, digest, sorted(entry.labels.items()), entry.group]
        for entry, digest in zip(listing.entries, listing.pixel_hashes, strict=True)
    ]
    weights = dict.fromkeys(weights_behind(study.experiment, _parts(study, plan)).values())
    return sha256_of(json.dumps([config, rows, "".join(weights)]).encode())


def _parts(study: Study, plan: Sequence[Split]) -> list[str]:
    """The trainings of a run, in their order."""
    return [split.name for split in plan] + ([FINAL] if study.experiment.protocol.final_model else [])


def _begun_with(run: Run) -> tuple[str, str]:
    """The hash of all pixels and the fingerprint, as they were at the start."""
    environment = run.environment()
    try:
        return str(environment["data"]["pixels_sha256"]), str(environment["fingerprint"])
    except (KeyError, TypeError) as error:
        raise DataCorrupt(
            f"{run.folder / 'environment.json'}: does not say which images the run began with. "
            "The file was changed; begin a new run."
        ) from error


def _carry_out(run: Run, study: Study, plan: Sequence[Split]) -> Run:
    parts = _parts(study, plan)
    write_splits(run.splits, study.listing, plan)
    write_json(run.folder / "framing.json", asdict(study.framing))
    try:
        for index, split in enumerate(plan):
            train_fold(run, study, split, {"part": split.name, "index": index, "parts": len(parts)})
        witness, decided = witness_of(run, study), study.experiment.decide.views
        judged = witness.views if study.experiment.protocol.judge == "test" else ()
        tables = {views: witness.pooled(plan, views, "test") for views in judged}
        inner = witness.pooled(plan, decided, "inner") if len(plan[0].inner) else []
        conclude(run, study.experiment, study.listing, tables, inner)
        if study.experiment.protocol.final_model:
            place = {"part": FINAL, "index": len(plan), "parts": len(parts)}
            _final(run, study, place, tables[decided], strangest(witness.unseen_distances(plan)))
    except BaseException:
        with suppress(CannotWrite):  # a full disk is said once
            run.set_status("stopped")
        raise
    run.set_status("finished")
    return run


def train_fold(run: Run, study: Study, split: Split, place: dict[str, Any]) -> None:
    """Train one fold and store what it says of its test and inner images, unless that is done.

    Stopped, it goes on from the last checkpoint. Unless networks are kept, the run need be no more than a
    folder, and the split none of the protocol's: so a fold can be asked to learn from fewer images.
    """
    witness = witness_of(run, study)
    if not witness.has(split):
        network = _train(run, study, split, place)
        if study.experiment.protocol.keep_networks:
            _keep(run, study, split, network)
        witness.write(network, split, study.experiment.training.seed)
    _drop_checkpoint(run, split.name)


def _keep(run: Run, study: Study, split: Split, network: Network) -> None:
    """Save a fold's network, which remembers the images it was learned from or chosen on."""
    best = study.experiment.protocol.keep != "last"
    learned = np.concatenate([split.train, split.inner]) if best else split.train
    hashes = [study.listing.pixel_hashes[index] for index in learned]
    pixels = pixels_learned(hashes, models_behind(study.experiment, split.name))
    save_fold(run, study.experiment, study.framing, network, (split.name, pixels))


def _train(run: Run, study: Study, split: Split, place: dict[str, Any]) -> Network:
    experiment = study.experiment
    seed = _seed_of(experiment.training.seed, place["part"])
    folder = run.part(place["part"])
    plan = Plan(
        training=experiment.training,
        augment=experiment.augment,
        keep_best=experiment.protocol.keep != "last" and len(split.inner) > 0,
        balanced=experiment.protocol.keep == "balanced_inner",
        seed=seed,
        device=study.device,
        folder=folder / CHECKPOINT,
        teachers=load_teachers(experiment.training, place["part"]),
        on_epoch=lambda row: study.tell({"stage": "train", **place, "epochs": plan.epochs, **row}),
        checkpoint_seconds=study.checkpoint_seconds,
    )
    network = _new_network(study, seed)
    kept, history = fit(network, study.pictures.subset(split.train), study.pictures.subset(split.inner), plan)
    write_text(folder / "metrics.jsonl", "".join(json.dumps(row) + "\n" for row in history))
    return kept


def _new_network(study: Study, seed: int) -> Network:
    wanted, tasks = study.experiment.model, study.listing.card.tasks
    before = torch.get_rng_state()
    torch.manual_seed(seed)
    try:
        if wanted.start_from:
            return begin(wanted, tasks).network.requires_grad_(True)
        return build(wanted.name, tasks, pretrained=wanted.pretrained, arguments=wanted.arguments)
    finally:
        torch.set_rng_state(before)


def _check_beginning(study: Study, plan: Sequence[Split]) -> None:
    """Before any folder is made: a wrong name, missing weights, or a model that knows images to be judged."""
    _new_network(study, study.experiment.training.seed)
    if study.experiment.model.start_from:
        begun = begin(study.experiment.model, study.listing.card.tasks)
        study.tell({"stage": "warm_start", "inherited": begun.inherited, "fresh": begun.fresh})
        refuse_overlap(study.experiment, begun_from(study.experiment.model), study.listing.pixel_hashes)
    check_teachers(study, plan)


def _drop_checkpoint(run: Run, part: str) -> None:
    """A part that is done needs none."""
    shutil.rmtree(run.part(part) / CHECKPOINT, ignore_errors=True)


def _final(
    run: Run,
    study: Study,
    place: dict[str, Any],
    judged: Sequence[Predictions],
    limit: float | None,
) -> None:
    """One model of everything, which keeps what it needs to know its like and to know when it is unsure."""
    if not run.model.is_dir():
        network = _train(run, study, everything(study.listing), place).cpu()
        network.familiar = remember(network, study.pictures.squares, study.experiment.training.seed)
        known = {
            "pixels": pixels_learned(study.listing.pixel_hashes, models_behind(study.experiment, FINAL)),
            "strangest": limit if network.familiar is not None else None,
            "longest": study.longest,
            "normal": spreads_of_normal(study.listing, study.listing.card.tasks),
        }
        save_final(run, study.experiment, study.framing, network, judged, known)
    _drop_checkpoint(run, FINAL)


def witness_of(run: Run, study: Study) -> Witness:
    """What the folds of a run have said, once they are trained."""
    views = tuple(sorted({1, study.experiment.decide.views}))
    return Witness(run, study.listing, study.pictures, views, study.device, study.framing.aligns)


def _seed_of(seed: int, part: str) -> int:
    """Another seed for every part, the same for the same part."""
    return int(np.random.SeedSequence([seed, *part.encode()]).generate_state(1)[0])
