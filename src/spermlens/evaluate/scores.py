"""The scores of a classifier, for one sample of images or for thousands of resamples at once.

Names and definitions are scikit-learn's where it has one:

accuracy, balanced_accuracy   the latter is the mean recall of the classes that occur in the truth
f1_macro                      mean F1 of the classes that occur in the truth or among the decisions
mcc                           Matthews correlation; 0 where all truths or all decisions are one class
roc_auc_ovr_macro             mean, over the classes, of the area of one class against the rest
log_loss                      natural logarithm, probabilities kept at least 2e-16 from 0
brier                         the sum form: mean over images of the sum over classes of (p - truth)^2,
                              0..2, twice the classical score of a two-class task
ece                           expected calibration error of the likeliest class, 15 bins of equal width
precision_, recall_, f1_<class>

A score that is not defined is left out, never NaN and never 0 by convention: the recall of a class that
does not occur, the precision of a class that was never decided, the F1 of a class that did neither. An area
that is not defined (a class that does not occur, or the only one) takes no part in its mean; where none is
defined, roc_auc_ovr_macro is left out.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spermlens.types import Task

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

BINS = 15
_SMALLEST = float(np.finfo(np.float64).eps)


def score(truth: Ints, probabilities: Floats, task: Task) -> dict[str, float]:
    """All scores that are defined for n images: truth n class numbers, probabilities n x classes."""
    found = weighted_scores(truth, probabilities, np.ones((len(truth), 1)), task)
    return {name: float(values[0]) for name, values in found.items() if np.isfinite(values[0])}


def confusion(truth: Ints, predicted: Ints, task: Task) -> Ints:
    """How often each class (row) was taken for each class (column)."""
    k = len(task.classes)
    for name, numbers in (("truth", truth), ("predicted", predicted)):
        if len(numbers) and not (numbers.min() >= 0 and numbers.max() < k):
            raise ValueError(f"{name} must hold 0..{k - 1}, but spans {numbers.min()}..{numbers.max()}.")
    return np.bincount(truth * k + predicted, minlength=k * k).reshape(k, k).astype(np.int64)


def weighted_scores(
    truth: Ints, probabilities: Floats, weights: Floats, task: Task
) -> dict[str, NDArray[np.float64]]:
    """Every score for each column of weights (n x columns); NaN where it is not defined.

    A weight is the number of times the image was drawn.
    """
    _check(truth, probabilities, weights, len(task.classes))
    total = weights.sum(0)
    table = _weighted_confusion(truth, probabilities.argmax(1), weights, len(task.classes))
    return {
        **decision_scores(table, task),
        "roc_auc_ovr_macro": _mean_area(truth, probabilities, weights),
        "log_loss": _ratio(_log_losses(truth, probabilities) @ weights, total),
        "brier": _ratio(_brier_terms(truth, probabilities) @ weights, total),
        "ece": _ratio(_calibration_gaps(truth, probabilities, weights), total),
    }


def bin_of(confidence: Floats, bins: int = BINS) -> Ints:
    """The bin, 0..bins-1, of each confidence; bin b holds b/bins < confidence <= (b+1)/bins."""
    return np.asarray(np.clip(np.ceil(confidence * bins) - 1, 0, bins - 1), np.int64)


def _check(truth: Ints, probabilities: Floats, weights: Floats, k: int) -> None:
    n = len(truth)
    if n == 0 or probabilities.shape != (n, k) or weights.shape[:1] != (n,):
        raise ValueError(
            f"Scores need truth (n,), probabilities (n, {k}) and weights (n, columns) with n > 0, but got "
            f"{truth.shape}, {probabilities.shape} and {weights.shape}."
        )
    if truth.min() < 0 or truth.max() >= k:
        raise ValueError(f"Scores need truth in 0..{k - 1}, but it spans {truth.min()}..{truth.max()}.")


def _ratio(above: Floats, below: Floats) -> Floats:
    """The quotient; NaN where it is not defined."""
    undefined = np.full(np.broadcast(above, below).shape, np.nan)
    return np.asarray(np.divide(above, below, out=undefined, where=below > 0))


def mean_of_defined(values: Floats) -> Floats:
    """The mean over the first axis of what is not NaN; NaN where nothing is left."""
    defined = np.isfinite(values)
    return _ratio(np.where(defined, values, 0).sum(0), defined.sum(0).astype(np.float64))


def _weighted_confusion(truth: Ints, predicted: Ints, weights: Floats, k: int) -> Floats:
    """k x k x columns."""
    cells = np.equal.outer(np.arange(k * k), truth * k + predicted).astype(np.float64)
    return np.asarray(cells @ weights).reshape(k, k, -1)


def decision_scores(table: Floats, task: Task) -> dict[str, Floats]:
    """What follows from the confusion matrices alone (classes x classes x columns): truths are rows."""
    hits = np.einsum("kkc->kc", table)
    true, decided, total = table.sum(1), table.sum(0), table.sum((0, 1))
    precision, recall, f1 = _ratio(hits, decided), _ratio(hits, true), _ratio(2 * hits, true + decided)
    scores = {
        "accuracy": _ratio(hits.sum(0), total),
        "balanced_accuracy": mean_of_defined(recall),
        "f1_macro": mean_of_defined(f1),
        "mcc": _matthews(hits.sum(0), true, decided, total),
    }
    for i, name in enumerate(task.classes):
        scores |= {f"precision_{name}": precision[i], f"recall_{name}": recall[i], f"f1_{name}": f1[i]}
    return scores


def _matthews(hits: Floats, true: Floats, decided: Floats, total: Floats) -> Floats:
    spread = (total**2 - (true**2).sum(0)) * (total**2 - (decided**2).sum(0))
    together = hits * total - (true * decided).sum(0)
    values = np.where(spread > 0, _ratio(together, np.sqrt(spread)), 0.0)
    return np.where(total > 0, values, np.nan)


def _log_losses(truth: Ints, probabilities: Floats) -> Floats:
    of_truth = probabilities[np.arange(len(truth)), truth]
    return np.asarray(-np.log(np.clip(of_truth, _SMALLEST, 1 - _SMALLEST)))


def _brier_terms(truth: Ints, probabilities: Floats) -> Floats:
    answers = np.equal.outer(truth, np.arange(probabilities.shape[1]))
    return np.asarray(((probabilities - answers) ** 2).sum(1))


def _calibration_gaps(truth: Ints, probabilities: Floats, weights: Floats) -> Floats:
    """For each column, the sum over the bins of |right decisions - confidence|, in images."""
    confidence = probabilities.max(1)
    excess = (probabilities.argmax(1) == truth) - confidence
    in_bin = np.equal.outer(np.arange(BINS), bin_of(confidence))
    return np.asarray(np.abs((in_bin * excess) @ weights).sum(0))


def _mean_area(truth: Ints, probabilities: Floats, weights: Floats) -> Floats:
    areas = [_area(column, truth == i, weights) for i, column in enumerate(probabilities.T)]
    return mean_of_defined(np.array(areas))


def _area(values: Floats, positive: NDArray[np.bool_], weights: Floats) -> Floats:
    """The weighted share of pairs (positive, other) in which the positive has more; ties count half."""
    others = np.flatnonzero(~positive)
    others = others[np.argsort(values[others], kind="stable")]
    below = np.zeros((len(others) + 1, weights.shape[1]))
    np.cumsum(weights[others], axis=0, out=below[1:])
    ours = values[positive]
    beaten = below[np.searchsorted(values[others], ours, "left")]
    beaten += below[np.searchsorted(values[others], ours, "right")]
    pairs = weights[positive].sum(0) * below[-1]
    return _ratio(np.einsum("ic,ic->c", weights[positive], beaten) / 2, pairs)
