"""Reliability, risk against coverage, thresholds and temperature."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import beta

from spermlens.evaluate.calibration import (
    COLDEST,
    HOTTEST,
    cross_fitted,
    cross_fitted_mean,
    fit_temperature,
    fit_temperatures,
    reliability,
    risk_coverage,
    temper,
    tempered_mean,
    threshold_for,
    without_each_fold,
)
from spermlens.evaluate.scores import score
from spermlens.evaluate.table import UNKNOWN, Predictions
from spermlens.types import Task


def answers(confidence: list[float], right: list[int]):
    """Two classes; class 0 is always decided, and is true where `right`."""
    p = np.array(confidence)
    return 1 - np.array(right), np.stack([p, 1 - p], 1)


def logistic(n: int, sharpness: float, seed: int = 0):
    """Truths drawn from the true probabilities; logits handed out multiplied by `sharpness`."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 1.5, (n, 3))
    fair = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    truth = (rng.random((n, 1)) > fair.cumsum(1)).sum(1)
    sharp = np.exp(sharpness * logits)
    return truth, sharp / sharp.sum(1, keepdims=True), fair


def test_reliability_by_hand():
    truth, p = answers([0.55, 0.6, 0.9, 1.0, 0.95], [1, 0, 1, 1, 0])
    first, second = reliability(truth, p, bins=4)
    assert (first.low, first.high, first.count) == (0.5, 0.75, 2)
    assert (first.confidence, first.accuracy) == pytest.approx((0.575, 0.5))
    assert (second.low, second.high, second.count) == (0.75, 1.0, 3)
    assert (second.confidence, second.accuracy) == pytest.approx((0.95, 2 / 3))


def test_a_confidence_on_an_edge_belongs_to_the_bin_below():
    truth, p = answers([0.75], [1])
    assert [(b.low, b.high) for b in reliability(truth, p, bins=4)] == [(0.5, 0.75)]


def test_the_bins_add_up_to_the_ece():
    truth, p, _ = logistic(500, 2)
    bins = reliability(truth, p)
    assert sum(b.count for b in bins) == 500
    gap = sum(b.count * abs(b.accuracy - b.confidence) for b in bins) / 500
    assert gap == pytest.approx(score(truth, p, Task("t", ("a", "b", "c")))["ece"])


def test_risk_coverage_by_hand_with_equals_together():
    truth, p = answers([0.9, 0.8, 0.8, 0.6], [1, 0, 1, 0])
    curve = risk_coverage(truth, p)
    assert curve.threshold.tolist() == [0.9, 0.8, 0.6]
    assert curve.coverage.tolist() == pytest.approx([0.25, 0.75, 1])
    assert curve.risk.tolist() == pytest.approx([0, 1 / 3, 0.5])


def test_the_threshold_is_the_smallest_that_reaches_the_target():
    # accuracy of the accepted, falling: 1, 1/2, 2/3, 3/4, 3/5
    truth, p = answers([0.95, 0.9, 0.85, 0.8, 0.7], [1, 0, 1, 1, 0])
    found = threshold_for(truth, p, 0.7, fewest=1)
    assert (found.threshold, found.accepted, found.n_images) == (0.8, 4, 5)
    assert (found.accuracy, found.coverage, found.target) == pytest.approx((0.75, 0.8, 0.7))
    assert found.low == pytest.approx(beta.ppf(0.05, 3, 2))
    assert threshold_for(truth, p, 0.75, fewest=1).threshold == 0.8
    assert threshold_for(truth, p, 0.76, fewest=1).threshold == 0.95


def test_the_threshold_accepts_what_it_says():
    truth, p, _ = logistic(400, 3)
    found = threshold_for(truth, p, 0.85)
    accepted = p.max(1) >= found.threshold
    assert accepted.sum() == found.accepted
    assert (p.argmax(1) == truth)[accepted].mean() == pytest.approx(found.accuracy)
    assert found.low < found.accuracy
    assert found.accuracy >= 0.85


def test_where_all_may_be_accepted_the_threshold_is_the_least_confidence_seen():
    truth, p = answers([0.9, 0.6] * 10, [1, 1] * 10)
    found = threshold_for(truth, p, 0.9)
    assert (found.threshold, found.coverage) == (0.6, 1)
    assert found.low == pytest.approx(0.05 ** (1 / 20))


def test_no_threshold_is_none():
    truth, p = answers([0.9, 0.6] * 10, [0, 1] * 10)
    assert threshold_for(truth, p, 0.9) is None


def test_a_handful_of_images_supports_no_threshold():
    truth, p = answers([0.9] * 9 + [0.6] * 9, [1] * 9 + [0] * 9)
    assert threshold_for(truth, p, 0.95) is None
    assert threshold_for(truth, p, 0.95, fewest=9).accepted == 9


def test_targets_that_are_no_accuracy_are_refused():
    truth, p = answers([0.9], [1])
    for target in (0, 1.2, float("nan")):
        with pytest.raises(ValueError, match="target accuracy"):
            threshold_for(truth, p, target)


@pytest.mark.parametrize("sharpness", [0.5, 1, 3])
def test_the_temperature_undoes_a_sharpened_softmax(sharpness):
    truth, p, fair = logistic(4000, sharpness)
    temperature = fit_temperature(truth, p)
    assert temperature == pytest.approx(sharpness, rel=0.08)
    assert temper(p, sharpness) == pytest.approx(fair, abs=1e-9)


def test_models_are_made_fair_before_their_mean_which_then_needs_nothing():
    truth, sharp, fair = logistic(4000, 3)
    flat = temper(fair, 2)
    before, after = fit_temperatures(truth, [sharp, flat])
    assert before == pytest.approx([3, 0.5], rel=0.08)
    assert after == pytest.approx(1, abs=1e-3)
    assert tempered_mean([sharp, flat], [3, 0.5]) == pytest.approx(fair, abs=1e-9)


def test_the_temperature_never_worsens_the_log_loss_and_keeps_the_decision():
    task = Task("t", ("a", "b", "c"))
    truth, p, _ = logistic(300, 4)
    tempered = temper(p, fit_temperature(truth, p))
    assert score(truth, tempered, task)["log_loss"] < score(truth, p, task)["log_loss"]
    assert (tempered.argmax(1) == p.argmax(1)).all()
    assert tempered.sum(1) == pytest.approx(1)


def test_probabilities_of_nought_and_perfect_answers_do_no_harm():
    truth = np.array([0, 1, 0])
    with np.errstate(divide="raise", invalid="raise"):
        assert temper(np.eye(2)[truth], 2.0) == pytest.approx(np.eye(2)[truth])
    sure = np.where(np.eye(2)[truth] > 0, 0.9, 0.1)
    assert fit_temperature(truth, sure) == pytest.approx(COLDEST)
    with pytest.raises(ValueError, match="above 0"):
        temper(sure, 0)


def test_an_error_made_with_certainty_heats_as_far_as_allowed():
    truth, p = answers([1.0] * 20, [1] * 19 + [0])
    assert fit_temperature(truth, p) == pytest.approx(HOTTEST)


def pooled(folds: list[float], n: int = 400) -> Predictions:
    """Two repeats of folds, the logits of fold k sharpened by folds[k]; every image a unit of its own."""
    parts = [logistic(n, sharpness, seed) for seed, sharpness in enumerate(folds)]
    truth, p = (np.concatenate([part[i] for part in parts] * 2) for i in (0, 1))
    fold = np.tile(np.repeat(np.arange(len(folds)), n), 2)
    ids = tuple(f"{number % (n * len(folds))}" for number in range(len(truth)))
    return Predictions(
        task=Task("t", ("a", "b", "c")),
        ids=ids,
        units=ids,
        repeats=np.repeat([0, 1], n * len(folds)),
        folds=fold,
        truth=truth,
        probabilities=p,
    )


def test_a_fold_is_tempered_by_the_other_folds_of_its_repeat():
    table = pooled([1.0, 2.0, 5.0])
    found = cross_fitted(table)
    for repeat, fold in ((0, 0), (0, 2), (1, 1)):
        own = (table.repeats == repeat) & (table.folds == fold)
        others = (table.repeats == repeat) & (table.folds != fold)
        temperature = fit_temperature(table.truth[others], table.probabilities[others])
        assert found.probabilities[own] == pytest.approx(temper(table.probabilities[own], temperature))
    assert found.ids == table.ids


def test_cross_fitting_makes_unseen_probabilities_honest():
    table = pooled([3.0, 3.0, 3.0])
    before = score(table.truth, table.probabilities, table.task)
    after = score(table.truth, cross_fitted(table).probabilities, table.task)
    assert after["accuracy"] == before["accuracy"]
    assert after["log_loss"] < before["log_loss"] - 0.1
    assert after["ece"] < 0.05 < before["ece"]


def test_no_label_takes_part_in_its_own_temperature():
    table = pooled([2.0, 2.0])
    own = (table.repeats == 0) & (table.folds == 0)
    unknown = replace(table, truth=np.where(own, UNKNOWN, table.truth), ids=tuple(map(str, range(len(own)))))
    found, expected = cross_fitted(unknown).probabilities, cross_fitted(table).probabilities
    assert (found[own] == expected[own]).all()
    other = (table.repeats == 0) & (table.folds == 1)
    assert (found[other] == table.probabilities[other]).all()  # nothing is known to fit on


def test_what_belongs_to_an_image_takes_no_part_in_its_temperature_either():
    table = pooled([2.0, 2.0])
    first = (table.repeats == 0) & (table.folds == 0)
    shared = np.array(table.units, object)
    kept = np.flatnonzero((table.repeats == 0) & (table.folds == 1))[:50]
    shared[(table.repeats == 0) & (table.folds == 1)] = "of the same patient"
    shared[kept] = [f"alone {n}" for n in kept]
    shared[0] = "of the same patient"
    units = tuple(shared)
    found = cross_fitted(replace(table, units=units, ids=tuple(map(str, range(len(units))))))
    temperature = fit_temperature(table.truth[kept], table.probabilities[kept])
    assert found.probabilities[first] == pytest.approx(temper(table.probabilities[first], temperature))


@pytest.mark.parametrize("members", [1, 2])
def test_without_a_fold_its_labels_say_nothing_of_any_row(members):
    """Of cross-fitted rows they do: the temperatures of the other folds follow from them."""
    tables = [pooled([1.0, 2.0, 5.0], 60), pooled([4.0, 2.0, 1.0], 60)][:members]
    tables = [replace(table, truth=tables[0].truth) for table in tables]
    for number, known in enumerate(without_each_fold(tables)):
        lied = np.where(known.inside, (tables[0].truth + 1) % 3, tables[0].truth)
        ids = tuple(map(str, range(len(lied))))  # an image of two repeats has one truth
        changed = [replace(table, truth=lied, ids=ids, units=ids) for table in tables]
        after = list(without_each_fold(changed))[number]
        read = known.inside | known.others
        np.testing.assert_array_equal(known.probabilities[read], after.probabilities[read])
        before, later = (cross_fitted_mean(told).probabilities for told in (tables, changed))
        assert not np.allclose(before[known.others], later[known.others], atol=1e-3)
        np.testing.assert_array_equal(known.probabilities[known.inside], before[known.inside])


def test_without_a_fold_each_other_is_tempered_by_the_rest_of_them():
    table = pooled([1.0, 2.0, 5.0], 60)
    first = next(iter(without_each_fold([table])))
    one, two = ((table.repeats == 0) & (table.folds == fold) for fold in (1, 2))
    for own, other in ((one, two), (two, one)):
        temperature = fit_temperature(table.truth[other], table.probabilities[other])
        assert first.probabilities[own] == pytest.approx(temper(table.probabilities[own], temperature))


def test_lengths_must_agree():
    with pytest.raises(ValueError, match="as many truths"):
        reliability(np.array([0]), np.full((2, 2), 0.5))
