"""From which probability on a cell is called abnormal, chosen as papers on MHSMA choose it.

Of 0.200, 0.201, ... 0.800 it is the one whose decisions on images set aside have the largest sum of accuracy
and F0.5 of the normal class; of equals the one nearest to one half. Images that are judged take no part: each
fold of each repeat has images of its own for this.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from spermlens.evaluate.as_published import f_half, is_published_so
from spermlens.evaluate.table import Predictions

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

GRID: Floats = np.arange(200, 801) / 1000
FROM_VALIDATION = "threshold from validation"


def threshold_on(truth: Ints, abnormal: Floats) -> float:
    """The threshold for probabilities of 'abnormal'; truth is 0 where a cell is normal, 1 where it is not."""
    called_normal = abnormal[:, None] <= GRID
    normal = (truth == 0)[:, None]
    right = (called_normal & normal).sum(0).astype(np.float64)
    accuracy = (called_normal == normal).mean(0)
    # none called normal, none called so rightly: the share is then nought
    precision, recall = right / np.maximum(called_normal.sum(0), 1), right / max(int(normal.sum()), 1)
    gain = np.round(accuracy + f_half(precision, recall), 12)
    best = np.flatnonzero(gain == gain.max())
    return float(GRID[best[np.abs(GRID[best] - 0.5).argmin()]])


def at_thresholds(judged: Predictions, chosen_on: Predictions) -> Predictions:
    """What was judged, each fold's probabilities moved so that its own threshold lies at one half.

    Odds are divided by those of the threshold: decisions change and their order does not. As probabilities
    they mean nothing any more, so losses and calibration are not theirs.
    """
    if judged.task != chosen_on.task or not is_published_so(judged.task):
        raise ValueError(f"A threshold is of normal or abnormal, not of {judged.task} and {chosen_on.task}.")
    moved = judged.probabilities.copy()
    for repeat, fold in sorted(set(zip(judged.repeats.tolist(), judged.folds.tolist(), strict=True))):
        here = (judged.repeats == repeat) & (judged.folds == fold)
        there = chosen_on.rows((chosen_on.repeats == repeat) & (chosen_on.folds == fold)).labelled
        threshold = threshold_on(there.truth, there.probabilities[:, 1])
        odds = judged.probabilities[here] * np.array([threshold, 1 - threshold])
        moved[here] = odds / odds.sum(1, keepdims=True)
    return replace(judged, probabilities=moved)
