"""What a run leaves behind: the judged predictions, and a model that knows how sure it must be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from spermlens.config import Experiment
from spermlens.datasets import Listing
from spermlens.evaluate.calibration import Threshold, cross_fitted, fit_temperature, threshold_for
from spermlens.evaluate.intervals import INNER, calibrated, condition_of, judge
from spermlens.evaluate.selective import Selective, out_of_fold
from spermlens.evaluate.table import Predictions, write_predictions
from spermlens.framing import Framing
from spermlens.models._description import Description, describe
from spermlens.models._network import Network
from spermlens.models._store import save
from spermlens.runs import Run
from spermlens.training.folds import on_both_sides, splits
from spermlens.training.teachers import taught_in_words
from spermlens.training.warm_start import begun_from
from spermlens.types import Card, Result

NEVER = 1.01  # a threshold that no confidence reaches
NOT_A_CELL = "non_sperm"  # the class by which data sets say so
KEPT = {
    "last": "the last epoch kept",
    "best_inner": "the epoch best on them kept",
    "balanced_inner": "the epoch kept whose tasks are answered best and most alike on them",
}


def conclude(
    run: Run,
    experiment: Experiment,
    listing: Listing,
    tables: Mapping[int, Sequence[Predictions]],
    inner: Sequence[Predictions],
) -> list[Result]:
    """Write the pooled predictions and their scores; `tables` holds the test images by number of views."""
    results: list[Result] = []
    for views, of_tasks in sorted(tables.items(), reverse=True):
        decided = views == experiment.decide.views
        path = run.predictions if decided else run.folder / f"predictions-{views}-view.csv"
        results += _judged(run, experiment, path, of_tasks, condition_of(views))
        if decided:
            results += _judged_calibrated(run, experiment, path, of_tasks, condition_of(views))
    if inner:
        results += _judged(run, experiment, run.inner, inner, INNER)
        results += _judged_calibrated(run, experiment, run.inner, inner, INNER)
    protocol = protocol_in_words(experiment, listing) + begun_in_words(experiment, listing)
    protocol += taught_in_words(experiment, listing)
    run.write_results(experiment.claim, protocol, results)
    return results


def protocol_in_words(experiment: Experiment, listing: Listing) -> str:
    """How the figures came about, for the reader of a table."""
    protocol, card = experiment.protocol, listing.card
    repeats = f"repeats {', '.join(map(str, protocol.repeats))}"
    if protocol.kind == "official":
        return _official_in_words(experiment, listing, repeats)
    if protocol.kind == "folds":
        how = f"stratified {protocol.folds}-fold, {repeats}"
    else:
        how = f"hold-out of {protocol.test_share:.0%}, {repeats}"
    inner = (
        f"{protocol.inner_share:.0%} of the training images set aside for choices"
        if protocol.inner_share
        else "nothing chosen"
    )
    grouped = all(entry.group is not None for entry in listing.entries)
    groups = f"groups ({card.group}), " if grouped else ""
    together = f"{groups}identical images and known near copies together"
    fitted = "; temperatures fitted out of fold" if protocol.kind == "folds" else ""
    words = f"{how}; {inner}, {_kept(experiment)}{fitted}; {together}.{_developed(experiment)}"
    return f"{words} {' '.join(card.unknown)}".rstrip()


def begun_in_words(experiment: Experiment, listing: Listing) -> str:
    """Which model the training went on from and whether it knew these images; empty without one."""
    if not experiment.model.start_from:
        return ""
    old = describe(begun_from(experiment.model))
    return f" Begun from {old.id}: {old.overlap_in_words(listing.pixel_hashes)}."


def _official_in_words(experiment: Experiment, listing: Listing, repeats: str) -> str:
    split = splits(listing, experiment.protocol.model_copy(update={"judge": "test"}))[0]
    both, tested = on_both_sides(listing, split)
    unit = "groups" if _has_groups(listing.card) else "distinct images"
    inner = f"{len(split.inner)} images set aside for choices" if len(split.inner) else "nothing chosen"
    how = f"the publisher's own split, {len(split.train)} images to learn from and {len(split.test)} to test"
    leak = f"{both} of the {tested} {unit} of the test images are learned from too"
    leak += ", so figures may be too good." if both else "."
    unknown = " ".join(listing.card.unknown)
    return (
        f"{how}, {repeats}; {inner}, {_kept(experiment)}. {leak}{_developed(experiment)} {unknown}".rstrip()
    )


def _developed(experiment: Experiment) -> str:
    """A warning where no test image was looked at."""
    if experiment.protocol.judge == "test":
        return ""
    return " Judged on the inner images only, which recipes are chosen by; no test image was looked at."


def _kept(experiment: Experiment) -> str:
    return KEPT[experiment.protocol.keep]


def _has_groups(card: Card) -> bool:
    return card.group not in ("not released", "not stated")


def save_final(
    run: Run,
    experiment: Experiment,
    framing: Framing,
    network: Network,
    judged: Sequence[Predictions],
    known: Mapping[str, Any],
) -> Description:
    """Save the model of all data with the thresholds that the folds support and what is `known`."""
    tempered = _calibrated(experiment, judged)
    thresholds = {table.task.name: threshold_of(table, experiment) for table in tempered or judged}
    temperatures = {table.task.name: _temperature(table) for table in judged} if tempered else {}
    target = experiment.decide.target_accuracy
    by_others = {table.task.name: out_of_fold([table], target) for table in judged} if tempered else {}
    environment, condition = run.environment(), condition_of(experiment.decide.views)
    return save(
        run.model,
        network,
        Description(
            name=experiment.name,
            architecture=experiment.model.name,
            arguments=experiment.model.arguments,
            tasks=network.tasks,
            framing=framing,
            views=experiment.decide.views,
            temperature=temperatures,
            threshold={task: found.threshold if found else NEVER for task, found in thresholds.items()},
            strangest=known["strangest"],
            longest=known["longest"],
            normal=known["normal"],
            not_a_cell={task.name: NOT_A_CELL for task in network.tasks if NOT_A_CELL in task.classes},
            data={**environment["data"], **known["pixels"]},
            results=tuple(
                asdict(result)
                for result in run.results()
                if result.condition in (condition, calibrated(condition))
            ),
            notes=(
                *(
                    threshold_in_words(task, found, target, by_others.get(task))
                    for task, found in thresholds.items()
                ),
                *(temperature_in_words(task, found) for task, found in temperatures.items()),
            ),
        ),
    )


def save_fold(
    run: Run, experiment: Experiment, framing: Framing, network: Network, known: tuple[str, Mapping[str, Any]]
) -> Description:
    """Save the network of one fold for others to learn from; `known` is the part and its pixels.

    On its own it decides nothing: no threshold was fitted for one fold.
    """
    part, pixels = known
    return save(
        run.network(part),
        network,
        Description(
            name=f"{experiment.name}-{part}",
            architecture=experiment.model.name,
            arguments=experiment.model.arguments,
            tasks=network.tasks,
            framing=framing,
            threshold={task.name: NEVER for task in network.tasks},
            data={**run.environment()["data"], **pixels},
            notes=(f"The network of one fold of {run.id}, kept so that it can teach. It decides nothing.",),
        ),
    )


def _judged_calibrated(
    run: Run, experiment: Experiment, path: Path, tables: Sequence[Predictions], condition: str
) -> list[Result]:
    """The same with temperatures from the other folds, beside `path`; none where there are no other folds."""
    tempered = _calibrated(experiment, tables)
    beside = path.with_stem(f"{path.stem}-calibrated")
    return _judged(run, experiment, beside, tempered, calibrated(condition)) if tempered else []


def _calibrated(experiment: Experiment, tables: Sequence[Predictions]) -> list[Predictions]:
    return [cross_fitted(table) for table in tables] if experiment.protocol.kind == "folds" else []


def _judged(
    run: Run, experiment: Experiment, path: Path, tables: Sequence[Predictions], condition: str
) -> list[Result]:
    """Write the tables and score them."""
    write_predictions(path, tables)
    return [
        result
        for table in tables
        for result in judge(
            table,
            dataset=experiment.data.name,
            model=experiment.model.name,
            recipe=experiment.name,
            condition=condition,
            runs=run.id,
        )
    ]


def threshold_of(table: Predictions, experiment: Experiment) -> Threshold | None:
    """The confidence from which on decisions are as right as the experiment wants; by the first repeat."""
    first = table.labelled.first_repeat
    return threshold_for(first.truth, first.probabilities, experiment.decide.target_accuracy)


def _temperature(table: Predictions) -> float:
    """Fitted on all folds of all repeats, whose networks had not seen these images."""
    known = table.labelled
    return fit_temperature(known.truth, known.probabilities)


def temperature_in_words(task: str, temperature: float) -> str:
    """What a card says of it."""
    way = "too sure" if temperature > 1 else "too little sure"
    return (
        f"{task.replace('_', ' ')}: its networks were {way} on images they had not seen; probabilities are "
        f"corrected by a temperature of {temperature:.2f}, fitted on these."
    )


def threshold_in_words(task: str, found: Threshold | None, target: float, by_others: Selective | None) -> str:
    """What a card says of it, or of there being none; `by_others` where there are folds that choose."""
    name = task.replace("_", " ")
    if found is None:
        return (
            f"{name}: no confidence supports {100 * target:.0f} % accuracy on images the model had not seen, "
            "so every image is called unsure. Lower decide.target_accuracy to accept more errors."
        )
    right, decided, least = (_percent(v) for v in (found.accuracy, found.coverage, found.low))
    return (
        f"{name}: decides from a confidence of {found.threshold:.3f}. On images not seen in training that "
        f"was {right} right on the {decided} decided ({found.accepted} of {found.n_images} images; at least "
        f"{least} right with 95 % certainty). The threshold was chosen on the same images, which flatters a "
        f"little{_by_others_in_words(by_others)}."
    )


def _by_others_in_words(found: Selective | None) -> str:
    """What thresholds are worth on images that did not choose them."""
    if found is None:
        return ""
    if found.right is None:
        return ": thresholds that each fold takes from the others decide nothing"
    right, decided, all_images = found.right, found.accepted.value, found.accepted.total
    return (
        f": thresholds that each fold takes from the others were {_percent(right.value)} right on the "
        f"{_percent(decided)} that they decide ({right.total} of {all_images} images)"
    )


def _percent(value: float) -> str:
    return f"{100 * value:.1f} %"
