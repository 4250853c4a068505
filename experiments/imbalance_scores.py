"""What each way of learning a rare class is worth: scores, their intervals, and the difference to none.

As elsewhere a value is the mean over the repeats, and a resample draws units, in every repeat together; the
same resample judges every way, so differences are paired.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
from imbalance_features import MODEL, SIZE, VIEWS
from imbalance_heads import MOVING, NONE
from numpy.typing import NDArray

from spermlens.evaluate.intervals import RESAMPLES, describe, percentiles, unit_weights
from spermlens.evaluate.rare import average_precision
from spermlens.evaluate.scores import mean_of_defined, weighted_scores
from spermlens.evaluate.table import Predictions
from spermlens.types import Result

Floats = NDArray[np.float64]
Tables = Mapping[str, Predictions]  # by way

ALIAS = f"linear head on frozen {MODEL}, {SIZE} px, {VIEWS} views"


def metrics_of(rare: str) -> tuple[str, ...]:
    decided = ("balanced_accuracy", "mcc", f"recall_{rare}", f"precision_{rare}")
    return (*decided, "log_loss", f"average_precision_{rare}")


def drawn(tables: Tables, rare: str) -> dict[str, dict[str, Floats]]:
    """{way: {metric: all images, then every resample}}. To move a decision changes no probability."""
    found = {way: _drawn(table, rare) for way, table in tables.items()}
    if MOVING in found:
        found[MOVING] |= {metric: found[NONE][metric] for metric in ("log_loss", f"average_precision_{rare}")}
    return found


def _drawn(table: Predictions, rare: str) -> dict[str, Floats]:
    whole = np.ones((len(table), 1))
    blocks = [_scored(table, rare, whole)]
    blocks += [_scored(table, rare, part) for part in unit_weights(table.units, RESAMPLES, 0)]
    return {metric: np.concatenate([block[metric] for block in blocks]) for metric in metrics_of(rare)}


def _scored(table: Predictions, rare: str, weights: Floats) -> dict[str, Floats]:
    """Of each column of weights, the mean over the repeats in which a score is defined."""
    number, parts = table.task.index(rare), []
    for repeat in np.unique(table.repeats):
        inside = table.repeats == repeat
        truth, said, drawn_here = table.truth[inside], table.probabilities[inside], weights[inside]
        found = weighted_scores(truth, said, drawn_here, table.task)
        area = average_precision(said[:, number], truth == number, drawn_here)
        parts.append(found | {f"average_precision_{rare}": area})
    return {
        metric: mean_of_defined(np.array([part[metric] for part in parts])) for metric in metrics_of(rare)
    }


def score_rows(found: Mapping[str, Mapping[str, Floats]], about: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A row a way and metric that is defined; `about` is what all of them share."""
    rows = []
    for way, scores in found.items():
        for metric, values in scores.items():
            if np.isfinite(values[0]):
                low, high = percentiles(values[1:])
                told = {"condition": way, "metric": metric, "value": float(values[0])}
                rows.append(asdict(Result(**about, **told, low=low, high=high)))
    return rows


def differences(found: Mapping[str, Mapping[str, Floats]], about: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A row a way and metric: how much more than without any way, on the same images."""
    rows = []
    for way, scores in found.items():
        for metric, values in scores.items() if way != NONE else ():
            apart = values - found[NONE][metric]
            if np.isfinite(apart[0]):
                low, high = percentiles(apart[1:])
                ends = {"difference": float(apart[0]), "low": low, "high": high}
                rows.append({**about, "a": way, "b": NONE, "metric": metric, **ends})
    return rows


def about(table: Predictions, dataset: str) -> dict[str, Any]:
    return {
        "dataset": dataset,
        "model": MODEL,
        "alias": ALIAS,
        "recipe": "imbalance",
        "task": table.task.name,
        "interval": describe(table.units, table.ids, RESAMPLES),
        "n_images": len(set(table.ids)),
        "repeats": len(np.unique(table.repeats)),
    }
