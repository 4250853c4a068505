"""Sets of classes instead of one: of 100 images, about 90 or 95 have their true class in their set.

The score of an image is 1 minus the probability of its true class (least ambiguous sets, LAC). A class is in
the set of an image when its probability reaches 1 minus a quantile of the scores of other images. Here those
are the other folds of the same repeat and other units, at temperatures that these alone fit: the label of an
image has no say in its own set. But the networks that judge the other folds did learn from it, and each fold
has another network, so the coverage is not guaranteed; it is measured.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spermlens.evaluate.calibration import without_each_fold
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


def members(tables: Sequence[Predictions], level: float) -> NDArray[np.bool_]:
    """Which classes are in the set of each row (n x classes), each fold by the others of its repeat.

    `tables` holds one model, or those whose mean is judged, before any temperature.
    """
    if not 0 < level < 1:
        raise ValueError(f"A coverage lies between 0 and 1, but is {level}.")
    first = tables[0]
    inside_set, rows = np.zeros(first.probabilities.shape, bool), np.arange(len(first))
    for known in without_each_fold(tables):
        scores = 1 - known.probabilities
        limit = quantile(scores[rows, first.truth][known.others], level)
        inside_set[known.inside] = scores[known.inside] <= limit
    return inside_set


def sets(tables: Sequence[Predictions], level: float) -> Sets:
    """The sets of the first repeat, where every image stands once, and their coverage; see `members`."""
    first = [table.labelled.first_repeat for table in tables]
    table, found = first[0], members(first, level)
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
