"""How far the confidence of a line of the table can be trusted, as points and bars for a page to draw."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from spermlens.evaluate.calibration import (
    Bin,
    Threshold,
    fold_temperatures,
    reliability,
    risk_coverage,
    threshold_for,
)
from spermlens.evaluate.conformal import Sets, sets
from spermlens.evaluate.counts import Share, share
from spermlens.evaluate.intervals import condition_of
from spermlens.evaluate.selective import Selective, fewest_sure, out_of_fold, promised
from spermlens.evaluate.table import Predictions
from spermlens.reproduce.contenders import Contender

LEVELS = (0.9, 0.95)
POINTS = 200  # of a curve; more cannot be told apart on a page
DIGITS = 5


def certainty(line: Contender) -> dict[str, Any]:
    """Risk over coverage, reliability before and after the temperature, thresholds, and sets of classes.

    Everything rests on the first repeat, where each image stands once.
    """
    conditions = line.conditions
    before = conditions[condition_of(line.decided)].labelled.first_repeat
    after = conditions[line.headline].labelled.first_repeat
    found = {
        "recipe": line.name,
        "dataset": line.dataset,
        "task": line.task.name,
        "model": line.model,
        "condition": line.headline,
        "n_images": len(after),
        "risk_coverage": _curve(after),
        "reliability": {name: _bins(table) for name, table in (("before", before), ("after", after))},
    }
    if not line.folds:
        return found
    return found | {
        **_temperatures(line),
        "threshold": _threshold(after, line),
        "sets": [_told(sets(line.votes(line.decided), level)) for level in LEVELS],
    }


def _temperatures(line: Contender) -> dict[str, Any]:
    """Fold by fold, those that its figures rest on: of what is used and, of an average, each member's."""
    first = [vote.labelled.first_repeat for vote in line.votes(line.decided)]
    fitted = [fold for fold in fold_temperatures(first) if fold.after is not None]
    of_members = zip(*(fold.before for fold in fitted), strict=True)
    return {
        "temperatures": [round(fold.after, DIGITS) for fold in fitted if fold.after is not None],
        "member_temperatures": [[round(value, DIGITS) for value in one] for one in of_members],
    }


def _curve(table: Predictions) -> list[dict[str, float]]:
    """At most so many points, the first and the last among them."""
    curve = risk_coverage(table.truth, table.probabilities)
    count = len(curve.threshold)
    kept = np.unique(np.linspace(0, count - 1, min(count, POINTS)).round().astype(int))
    columns = {"threshold": curve.threshold, "coverage": curve.coverage, "risk": curve.risk}
    return [{name: round(float(values[at]), DIGITS) for name, values in columns.items()} for at in kept]


def _bins(table: Predictions) -> list[dict[str, Any]]:
    found: tuple[Bin, ...] = reliability(table.truth, table.probabilities)
    return [{name: round(value, DIGITS) for name, value in asdict(one).items()} for one in found]


def _threshold(table: Predictions, line: Contender) -> dict[str, Any]:
    """From which confidence on it decides: as a model carries it, by other folds, and as a promise."""
    known = (table.truth, table.probabilities, line.target)
    return {
        "target": line.target,
        "carried": _reached(threshold_for(*known)),
        "out_of_fold": _decided(out_of_fold(line.votes(line.decided), line.target)),
        "promised": _reached(promised(*known)),
        "fewest_sure": fewest_sure(len(table), line.target),
    }


def _reached(found: Threshold | None) -> dict[str, Any] | None:
    if found is None:
        return None
    right = round(found.accuracy * found.accepted)
    return {
        "confidence": round(found.threshold, DIGITS),
        "accepted": _share(share(found.accepted, found.n_images)),
        "right": _share(share(right, found.accepted)),
        "at_least": round(found.low, DIGITS),
    }


def _decided(found: Selective) -> dict[str, Any]:
    return {
        "accepted": _share(found.accepted),
        "right": _share(found.right) if found.right else None,
        "folds": found.folds,
        "folds_without": found.without,
    }


def _told(found: Sets) -> dict[str, Any]:
    name, worst = found.worst_class
    return {
        "level": found.level,
        "coverage": _share(found.coverage),
        "mean_size": found.mean_size,
        "single": found.single,
        "empty": found.empty,
        "worst_class": {"class": name, **_share(worst)},
    }


def _share(found: Share) -> dict[str, Any]:
    return {"value": found.value, "low": found.low, "high": found.high, "n_images": found.total}
