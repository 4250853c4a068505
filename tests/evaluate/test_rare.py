"""A rare class: the area by scikit-learn, the factor by trying every one, the move by Bayes."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, balanced_accuracy_score, matthews_corrcoef

from spermlens.evaluate.rare import average_precision, factor_for, moved, moved_by_choices
from spermlens.evaluate.table import UNKNOWN, Predictions
from spermlens.types import Task

TWO, FOUR = Task("tail", ("normal", "abnormal")), Task("shape", ("a", "b", "c", "d"))


def told(truth: np.ndarray, classes: int, seed: int = 0) -> np.ndarray:
    """Probabilities that lean to the common class 0 and know a little of the truth."""
    random = np.random.default_rng(seed)
    logits = random.normal(size=(len(truth), classes)) + np.eye(classes)[truth] * 1.5
    logits[:, 0] += 2
    return np.asarray(np.exp(logits) / np.exp(logits).sum(1, keepdims=True))


def test_average_precision_is_scikit_learns_with_ties_and_repeated_images() -> None:
    random = np.random.default_rng(3)
    values = random.integers(0, 12, 80) / 11  # many are equal
    positive = random.random(80) < 0.2
    weights = random.integers(0, 4, (80, 5)).astype(float)
    found = average_precision(values, positive, weights)
    for column, area in zip(weights.T, found, strict=True):
        assert area == pytest.approx(average_precision_score(positive, values, sample_weight=column))


def test_without_a_positive_image_there_is_no_area() -> None:
    positive = np.array([True, False, False])
    weights = np.array([[0.0, 1.0], [1.0, 1.0], [2.0, 1.0]])
    found = average_precision(np.array([0.1, 0.5, 0.7]), positive, weights)
    assert np.isnan(found[0])
    assert found[1] == pytest.approx(1 / 3)


def test_values_that_say_nothing_reach_the_share() -> None:
    positive = np.arange(20) < 3
    assert average_precision(np.ones(20), positive, np.ones((20, 1)))[0] == pytest.approx(3 / 20)


def test_moving_is_bayes_with_another_prior() -> None:
    """Densities 0.2 and 0.6 at an image: with a prior of 0.1 and of 0.5."""
    before = np.array([[0.9 * 0.2, 0.1 * 0.6]]) / (0.9 * 0.2 + 0.1 * 0.6)
    after = moved(before, 1, 9.0)  # odds of 1 to 9 become 1 to 1
    assert after[0].tolist() == pytest.approx([0.25, 0.75])


def test_a_threshold_of_two_classes_is_one_over_one_and_the_factor() -> None:
    probabilities = np.stack([1 - np.linspace(0.01, 0.99, 99), np.linspace(0.01, 0.99, 99)], 1)
    decided = moved(probabilities, 1, 4.0).argmax(1) == 1
    assert (decided == (probabilities[:, 1] > 0.2001)).all()


def test_the_others_keep_their_proportions() -> None:
    before = told(np.arange(12) % 4, 4)
    after = moved(before, 3, 5.0)
    assert after.sum(1) == pytest.approx(1)
    assert after[:, 0] / after[:, 2] == pytest.approx(before[:, 0] / before[:, 2])


@pytest.mark.parametrize("factor", [0.0, -1.0, np.inf, np.nan])
def test_what_is_no_factor_is_refused(factor: float) -> None:
    with pytest.raises(ValueError, match="positive number"):
        moved(np.array([[0.5, 0.5]]), 0, factor)


@pytest.mark.parametrize("task", [TWO, FOUR])
@pytest.mark.parametrize("metric", ["balanced_accuracy", "mcc"])
def test_no_other_factor_decides_better(task: Task, metric: Literal["balanced_accuracy", "mcc"]) -> None:
    classes = len(task.classes)
    judged = {"balanced_accuracy": balanced_accuracy_score, "mcc": matthews_corrcoef}[metric]
    for seed in range(4):
        truth = np.random.default_rng(seed).choice(
            classes, 120, p=[0.85, *[0.15 / (classes - 1)] * (classes - 1)]
        )
        probabilities = told(truth, classes, seed)
        factor = factor_for(truth, probabilities, task, classes - 1, metric)
        found = judged(truth, moved(probabilities, classes - 1, factor).argmax(1))
        tried = [
            judged(truth, moved(probabilities, classes - 1, other).argmax(1))
            for other in np.exp(np.linspace(-6, 6, 400))
        ]
        assert found >= max(tried) - 1e-9
        assert found > judged(truth, probabilities.argmax(1)) or factor == 1


def test_where_nothing_is_gained_nothing_is_moved() -> None:
    truth = np.array([0, 0, 1, 1])
    sure = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.2, 0.8]])
    assert factor_for(truth, sure, TWO, 1) == 1


def test_certain_probabilities_are_finite() -> None:
    truth, sure = np.array([0, 1, 0]), np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    assert np.isfinite(factor_for(truth, sure, TWO, 1))


def predictions(
    truth: np.ndarray, said: np.ndarray, folds: np.ndarray, *, inner: bool = False
) -> Predictions:
    names = tuple(f"{'inner' if inner else 'test'} {row}" for row in range(len(truth)))
    repeats = np.full(len(truth), 4)
    return Predictions(
        task=TWO,
        ids=names,
        units=names,
        repeats=repeats,
        folds=folds,
        truth=truth,
        probabilities=said,
        inner=inner,
    )


def test_each_fold_is_moved_by_its_own_images_for_choices_and_by_no_judged_label() -> None:
    """In fold 0 a fifth is enough, in fold 1 it takes nine tenths; what is judged is the same in both."""
    folds = np.repeat([0, 1], 4)
    abnormal = np.array([0.05, 0.1, 0.3, 0.4, 0.6, 0.7, 0.95, 0.99])
    truth = np.array([0, 0, 1, 1, 0, 0, 1, UNKNOWN])
    chosen_on = predictions(truth, np.stack([1 - abnormal, abnormal], 1), folds, inner=True)
    same = np.tile([0.02, 0.3, 0.8, 0.97], 2)
    said = np.stack([1 - same, same], 1)
    judged = [predictions(labels, said, folds) for labels in (np.arange(8) % 2, 1 - np.arange(8) % 2)]
    found = [moved_by_choices(table, chosen_on, 1) for table in judged]
    assert found[0].predicted.tolist() == [0, 1, 1, 1, 0, 0, 0, 1]
    np.testing.assert_array_equal(found[0].probabilities, found[1].probabilities)
    assert (np.diff(found[0].probabilities[:4, 1]) > 0).all()
    assert judged[0].predicted.tolist() == [0, 0, 1, 1] * 2
