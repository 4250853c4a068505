"""What a threshold is worth on images that had no say in it, and what can be promised of one.

A threshold chosen on the images it is measured on flatters. Two ways out: each fold takes the threshold that
the other folds would choose, at the temperatures that they alone would fit; or the price of choosing is paid
in the bound itself (selection with guaranteed risk, SGR: Geifman and El-Yaniv 2017). Both take images as
independent; and the networks that judge the other folds did learn from the fold that is decided.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spermlens.evaluate.calibration import Threshold, threshold_for, without_each_fold
from spermlens.evaluate.counts import LEVEL, Share, share
from spermlens.evaluate.table import Predictions


@dataclass(frozen=True, slots=True, kw_only=True)
class Selective:
    """What was decided, and how much of it rightly, by thresholds that other images chose."""

    target: float
    accepted: Share  # of all images
    right: Share | None  # of the accepted; None where there are none
    folds: int
    without: int  # folds for which the others support no threshold, so that nothing is decided


def out_of_fold(tables: Sequence[Predictions], target: float) -> Selective:
    """The first repeat, each fold decided from the threshold of the other folds and other units.

    `tables` holds one model, or those whose mean decides, before any temperature.
    """
    first = [table.labelled.first_repeat for table in tables]
    truth, accepted = first[0].truth, np.zeros(len(first[0]), bool)
    right, folds, without = accepted.copy(), 0, 0
    for known in without_each_fold(first):
        found = None
        if known.others.any():
            found = threshold_for(truth[known.others], known.probabilities[known.others], target)
        folds, without = folds + 1, without + (found is None)
        if found is not None:
            sure = known.inside & (known.probabilities.max(1) >= found.threshold)
            accepted |= sure
            right |= sure & (known.probabilities.argmax(1) == truth)
    count = int(accepted.sum())
    return Selective(
        target=target,
        accepted=share(count, len(truth)),
        right=share(int(right.sum()), count) if count else None,
        folds=folds,
        without=without,
    )


def promised(truth: NDArray[np.int64], probabilities: NDArray[np.float64], target: float) -> Threshold | None:
    """The lowest threshold found whose accuracy is the target or more with 95 % certainty, choice included.

    `low` is then the bound after the price of the choice. None where too few images are surely right.
    """
    from scipy.stats import binomtest

    confidence, right = probabilities.max(1), probabilities.argmax(1) == truth
    rising, found = np.sort(confidence), None
    lowest, highest = 0, len(truth) - 1
    for _ in range(_steps(len(truth))):
        middle = math.ceil((lowest + highest) / 2)
        accepted = confidence >= rising[middle]
        k, n = int(right[accepted].sum()), int(accepted.sum())
        ends = binomtest(k, n, alternative="greater").proportion_ci(1 - _doubt(len(truth)), method="exact")
        if ends.low < target:
            lowest = middle
            continue
        highest = middle
        found = Threshold(
            target=target,
            threshold=float(rising[middle]),
            accuracy=k / n,
            coverage=n / len(truth),
            accepted=n,
            n_images=len(truth),
            low=float(ends.low),
        )
    return found


def fewest_sure(n_images: int, target: float) -> int:
    """How many of so many images must be decided, all of them rightly, before anything can be promised."""
    return math.ceil(math.log(_doubt(n_images)) / math.log(target))


def _steps(n_images: int) -> int:
    return max(1, math.ceil(math.log2(n_images)))


def _doubt(n_images: int) -> float:
    """What each of the thresholds tried may add to the doubt, so that all together stay within 5 %."""
    return (1 - LEVEL) / _steps(n_images)
