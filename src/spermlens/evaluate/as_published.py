"""Scores of normal or abnormal as papers on MHSMA print them: what is found is the *normal* cell.

normal_precision   of the cells called normal, the share that is
normal_recall      of the normal cells, the share called so
normal_f0.5        their weighted harmonic mean, precision counting twice as much
normal_g_mean      the root of their product; elsewhere the word is used for recall and specificity
normal_auc         the area under the receiver operating characteristic, of probabilities and not of decisions

Always answering 'normal' is praised by all but the last: read them beside mcc, balanced_accuracy and
recall_abnormal, which are in `scores`. What is not defined is NaN.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spermlens.evaluate.scores import weighted_scores
from spermlens.types import Task

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

CLASSES = ("normal", "abnormal")


def is_published_so(task: Task) -> bool:
    """Whether a task has the two classes that these scores are about."""
    return task.classes == CLASSES


def with_published_scores(
    truth: Ints, probabilities: Floats, weights: Floats, task: Task
) -> dict[str, Floats]:
    """`weighted_scores`, and of a task of normal or abnormal those of the papers, too."""
    found = weighted_scores(truth, probabilities, weights, task)
    if not is_published_so(task):
        return found
    precision, recall = found["precision_normal"], found["recall_normal"]
    return {
        **found,
        "normal_precision": precision,
        "normal_recall": recall,
        "normal_f0.5": f_half(precision, recall),
        "normal_g_mean": np.sqrt(precision * recall),
        "normal_auc": found["roc_auc_ovr_macro"],  # of two classes, either against the other is the same
    }


def f_half(precision: Floats, recall: Floats) -> Floats:
    """F0.5, element by element: 0 where both are 0, NaN where one is not defined."""
    above, below = 1.25 * precision * recall, 0.25 * precision + recall
    return np.asarray(np.divide(above, below, out=np.zeros_like(above), where=below != 0))
