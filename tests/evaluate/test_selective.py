"""Thresholds on images that did not choose them, and promises that are kept as often as they say."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from spermlens.evaluate.calibration import cross_fitted, fit_temperature, temper, threshold_for
from spermlens.evaluate.selective import fewest_sure, out_of_fold, promised
from spermlens.evaluate.table import Predictions
from spermlens.types import Task

TASK = Task("shape", ("oval", "pear"))


def drawn(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Truth and probabilities of a model whose confidence, from 0.5 to 1, is what it says."""
    rng = np.random.default_rng(seed)
    confidence = rng.uniform(0.5, 1, n)
    said = rng.integers(0, 2, n)
    truth = np.where(rng.random(n) < confidence, said, 1 - said).astype(np.int64)
    probabilities = np.empty((n, 2))
    probabilities[np.arange(n), said], probabilities[np.arange(n), 1 - said] = confidence, 1 - confidence
    return truth, probabilities


def table(truth: np.ndarray, probabilities: np.ndarray, units: tuple[str, ...] | None = None) -> Predictions:
    n = len(truth)
    ids = tuple(f"image {number}" for number in range(n))
    folds, repeats = np.arange(n, dtype=np.int64) % 5, np.zeros(n, np.int64)
    return Predictions(
        task=TASK,
        ids=ids,
        units=units or ids,
        repeats=repeats,
        folds=folds,
        truth=truth,
        probabilities=probabilities,
    )


def test_a_promise_is_broken_no_more_often_than_it_says() -> None:
    """Above a threshold t the true accuracy of these models is (1 + t) / 2."""
    broken = given = 0
    for seed in range(200):
        found = promised(*drawn(400, seed), target=0.8)
        given += found is not None
        broken += found is not None and (1 + found.threshold) / 2 < 0.8
    assert given > 100
    assert broken <= 10


def test_the_fewest_are_the_fewest() -> None:
    assert fewest_sure(35, 0.95) == 94  # known of selection with guaranteed risk on 34 or 35 images
    for n in (30, 216, 2947):
        doubt = 0.05 / np.ceil(np.log2(n))
        few = fewest_sure(n, 0.95)
        assert binom.pmf(few, few, 0.95) <= doubt < binom.pmf(few - 1, few - 1, 0.95)


def test_too_few_images_promise_nothing_even_without_an_error() -> None:
    probabilities = np.stack([np.linspace(0.6, 0.99, 90), 1 - np.linspace(0.6, 0.99, 90)], 1)
    truth = np.zeros(90, np.int64)
    assert promised(truth, probabilities, 0.95) is None
    assert threshold_for(truth, probabilities, 0.95) is not None


def test_a_promise_is_stricter_than_a_threshold_without_its_price() -> None:
    truth, probabilities = drawn(3000, 1)
    careful, plain = promised(truth, probabilities, 0.9), threshold_for(truth, probabilities, 0.9)
    assert careful is not None
    assert plain is not None
    assert careful.threshold > plain.threshold
    assert careful.accuracy > careful.low >= 0.9
    assert careful.accepted == int((probabilities.max(1) >= careful.threshold).sum())


def test_each_fold_is_decided_by_the_threshold_of_the_others() -> None:
    truth, probabilities = drawn(500, 3)
    whole = table(truth, probabilities)
    found = out_of_fold([whole], 0.9)
    accepted = right = 0
    for fold in range(5):
        inside = np.arange(500) % 5 == fold
        rest = cross_fitted(whole.rows(~inside))
        other = threshold_for(rest.truth, rest.probabilities, 0.9)
        assert other is not None
        own = temper(probabilities, fit_temperature(truth[~inside], probabilities[~inside]))
        sure = inside & (own.max(1) >= other.threshold)
        accepted += int(sure.sum())
        right += int((probabilities.argmax(1) == truth)[sure].sum())
    assert found.right is not None
    assert (found.accepted.count, found.right.count, found.without) == (accepted, right, 0)
    assert (found.accepted.total, found.right.total) == (500, accepted)


def test_an_image_has_no_say_through_its_own_unit() -> None:
    """All images are of one unit, so no fold has others that could choose for it."""
    truth, probabilities = np.zeros(100, np.int64), np.tile([0.9, 0.1], (100, 1))
    units = tuple("one" for _ in range(100))
    found = out_of_fold([table(truth, probabilities, units)], 0.9)
    assert (found.accepted.count, found.right, found.without) == (0, None, 5)


@pytest.mark.parametrize("target", [0.99, 1.0])
def test_a_target_out_of_reach_decides_nothing(target: float) -> None:
    truth, probabilities = drawn(200, 5)
    truth = np.where(np.arange(200) % 3 == 0, 1 - probabilities.argmax(1), probabilities.argmax(1))
    found = out_of_fold([table(truth.astype(np.int64), probabilities)], target)
    assert found.accepted.count == 0
    assert found.without == 5
