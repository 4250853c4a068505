"""Sets of classes instead of one: of 100 images, about 90 or 95 have their true class in their set.

The score of an image is 1 minus the probability of its true class (least ambiguous sets, LAC). A class is in
the set of an image when its probability reaches 1 minus a quantile of the scores of other images. Here those
are the other folds of the same repeat and other units, so that no image has a say in its own set. The folds'
networks differ, so the coverage is not guaranteed; it is measured.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spermlens.evaluate.counts import Share, share
from spermlens.evaluate.table import Predictions

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sets:
    """How large the sets were, and how often they held the true class."""

    level: float  # asked for
    coverage: Share  # measured, with its exact interval
    mean_size: float
    single: float  # share of images with one class in their set
    empty: float  # share with none
    worst_class: tuple[str, Share]  # the class that is covered least


def quantile(scores: Floats, level: float) -> float:
    """The score that a further one stays at or below with probability `level`; infinite if few are known."""
    rank = math.ceil((len(scores) + 1) * level)
    return float(np.sort(scores)[rank - 1]) if rank <= len(scores) else math.inf


def members(table: Predictions, level: float) -> NDArray[np.bool_]:
    """Which classes are in the set of each row (n x classes), each fold by the others of its repeat."""
    if not 0 < level < 1:
        raise ValueError(f"A coverage lies between 0 and 1, but is {level}.")
    units, inside_set = np.asarray(table.units, object), np.zeros(table.probabilities.shape, bool)
    scores = 1 - table.probabilities[np.arange(len(table)), table.truth]
    for repeat, fold in np.unique(np.stack([table.repeats, table.folds], 1), axis=0):
        same = table.repeats == repeat
        inside = same & (table.folds == fold)
        others = same & ~np.isin(units, units[inside])
        inside_set[inside] = 1 - table.probabilities[inside] <= quantile(scores[others], level)
    return inside_set


def sets(predictions: Predictions, level: float) -> Sets:
    """The sets of the first repeat, where every image stands once, and their coverage."""
    table = predictions.labelled.first_repeat
    found = members(table, level)
    covered, size = found[np.arange(len(table)), table.truth], found.sum(1)
    of_class = {
        name: share(int(covered[table.truth == number].sum()), int((table.truth == number).sum()))
        for number, name in enumerate(table.task.classes)
        if (table.truth == number).any()
    }
    return Sets(
        level=level,
        coverage=share(int(covered.sum()), len(table)),
        mean_size=float(size.mean()),
        single=float((size == 1).mean()),
        empty=float((size == 0).mean()),
        worst_class=min(of_class.items(), key=lambda item: item[1].value),
    )
