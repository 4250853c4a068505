"""How far the confidence of a line of the table can be trusted, as points and bars for a page to draw."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from spermlens.evaluate.calibration import Bin, reliability, risk_coverage
from spermlens.evaluate.conformal import Sets, sets
from spermlens.evaluate.counts import Share
from spermlens.evaluate.intervals import condition_of
from spermlens.evaluate.table import Predictions
from spermlens.reproduce.contenders import Contender

LEVELS = (0.9, 0.95)
POINTS = 200  # of a curve; more cannot be told apart on a page


def certainty(line: Contender) -> dict[str, Any]:
    """Risk over coverage, reliability before and after the temperature, and sets of classes.

    Everything rests on the first repeat, where each image stands once.
    """
    conditions = line.conditions()
    before = conditions[condition_of(line.decided)].labelled.first_repeat
    after = conditions[line.headline].labelled.first_repeat
    found = {
        "recipe": line.name,
        "dataset": line.dataset,
        "condition": line.headline,
        "n_images": len(after),
        "risk_coverage": _curve(after),
        "reliability": {name: _bins(table) for name, table in (("before", before), ("after", after))},
    }
    return found | ({"sets": [_told(sets(after, level)) for level in LEVELS]} if line.folds else {})


def _curve(table: Predictions) -> list[dict[str, float]]:
    """At most so many points, the first and the last among them."""
    curve = risk_coverage(table.truth, table.probabilities)
    count = len(curve.threshold)
    kept = np.unique(np.linspace(0, count - 1, min(count, POINTS)).round().astype(int))
    columns = {"threshold": curve.threshold, "coverage": curve.coverage, "risk": curve.risk}
    return [{name: round(float(values[at]), 5) for name, values in columns.items()} for at in kept]


def _bins(table: Predictions) -> list[dict[str, Any]]:
    found: tuple[Bin, ...] = reliability(table.truth, table.probabilities)
    return [asdict(one) for one in found]


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
