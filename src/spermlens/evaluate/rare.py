"""One class that is rare: how well it is told from the rest, and from which probability on it is decided.

A model that learned of few such images seldom finds it the likeliest class, also where it orders images well.
Moving the decision multiplies the odds of the rare class by a factor, which changes no order; of two classes
the rare one is then decided from a probability of 1 / (1 + factor) on. The factor must come from images that
neither learn nor judge, and of few rare ones it is a rough guess.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from spermlens.evaluate.scores import decision_scores
from spermlens.evaluate.table import Predictions
from spermlens.types import Task

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_TINY = float(np.finfo(np.float64).tiny)


def average_precision(values: Floats, positive: NDArray[np.bool_], weights: Floats) -> Floats:
    """Of each column of weights (n x columns), the area below precision over recall, by steps.

    The mean precision at each positive image, all of equal value taken together; it is the share of positive
    images where values say nothing. NaN where none is drawn. Scikit-learn's definition.
    """
    order = np.argsort(-values, kind="stable")
    falling = values[order]
    last = np.flatnonzero(np.append(falling[1:] < falling[:-1], True))
    found = np.cumsum(weights[order] * positive[order, None], axis=0)[last]
    taken = np.cumsum(weights[order], axis=0)[last]
    precision = np.divide(found, taken, out=np.zeros_like(found), where=taken > 0)
    area = (np.diff(found, axis=0, prepend=0) * precision).sum(0)
    return np.asarray(np.divide(area, found[-1], out=np.full_like(area, np.nan), where=found[-1] > 0))


def moved(probabilities: Floats, rare: int, factor: float) -> Floats:
    """The probabilities (n x classes) with the odds of one class against all others times the factor."""
    if not 0 < factor < np.inf:
        raise ValueError(f"A factor of odds is a positive number, but is {factor}.")
    scaled = probabilities.copy()
    scaled[:, rare] *= factor
    return np.asarray(scaled / scaled.sum(1, keepdims=True))


def factor_for(
    truth: Ints,
    probabilities: Floats,
    task: Task,
    rare: int,
    metric: Literal["balanced_accuracy", "mcc"] = "balanced_accuracy",
) -> float:
    """The factor of the rare class's odds with which the decisions score best; of equals that nearest to 1.

    It lies midway, in logarithms, between the two images whose decisions it divides.
    """
    others = probabilities.copy()
    others[:, rare] = -1
    instead, rows = others.argmax(1), np.arange(len(truth))
    needed = np.log(np.maximum(probabilities[rows, instead], _TINY))
    needed -= np.log(np.maximum(probabilities[:, rare], _TINY))  # the factor at which each image turns
    turns, turn = np.unique(needed, return_inverse=True)
    classes = len(task.classes)
    table = np.zeros((classes, classes, len(turns) + 1))
    np.add.at(table, (truth, instead, np.zeros_like(turn)), 1)
    np.add.at(table, (truth, instead, turn + 1), -1)
    np.add.at(table, (truth, np.full_like(truth, rare), turn + 1), 1)
    scores = decision_scores(table.cumsum(2), task)[metric]
    ends = np.concatenate([[turns[0] - 2], turns, [turns[-1] + 2]])
    middles = np.where((ends[:-1] < 0) & (ends[1:] > 0), 0, (ends[:-1] + ends[1:]) / 2)
    best = np.flatnonzero(scores >= scores.max() - 1e-12)
    return float(np.exp(middles[best[np.abs(middles[best]).argmin()]]))


def moved_by_choices(judged: Predictions, chosen_on: Predictions, rare: int) -> Predictions:
    """What was judged, with the decision moved: by a factor for each fold of each repeat.

    It is that of the best balanced accuracy on what the same network said of images for choices. As
    probabilities the values mean nothing any more, so losses and calibration are not theirs.
    """
    probabilities = judged.probabilities.copy()
    for repeat, fold in sorted(set(zip(judged.repeats.tolist(), judged.folds.tolist(), strict=True))):
        here = (judged.repeats == repeat) & (judged.folds == fold)
        there = chosen_on.rows((chosen_on.repeats == repeat) & (chosen_on.folds == fold)).labelled
        factor = factor_for(there.truth, there.probabilities, there.task, rare)
        probabilities[here] = moved(probabilities[here], rare, factor)
    return replace(judged, probabilities=probabilities)
