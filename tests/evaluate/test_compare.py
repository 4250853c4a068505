"""Two models on the same images."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom

from spermlens.errors import DataError, UnknownName
from spermlens.evaluate.compare import compare, compare_repeats, holm, mcnemar, paired
from spermlens.evaluate.table import Predictions
from spermlens.types import Task

TASK = Task("t", ("a", "b"))


def table(right: list[int], repeat: int = 0) -> Predictions:
    """One image per entry, rightly decided where it is 1."""
    n = len(right)
    truth = np.arange(n) % 2
    decided = np.where(np.array(right) == 1, truth, 1 - truth)
    ids = tuple(f"image {i}" for i in range(n))
    return Predictions(
        task=TASK,
        ids=ids,
        units=ids,
        repeats=np.full(n, repeat),
        folds=np.arange(n) % 3,
        truth=truth,
        probabilities=np.where(np.equal.outer(decided, [0, 1]), 0.8, 0.2),
    )


A = table([1] * 10 + [1] * 6 + [0] * 1 + [0] * 3)
B = table([1] * 10 + [0] * 6 + [1] * 1 + [0] * 3)


def test_mcnemar_by_hand():
    found = compare(A, B, resamples=500)
    assert (found.a_only, found.b_only, found.n_images) == (6, 1, 20)
    assert found.p == pytest.approx(2 * binom.cdf(1, 7, 0.5))
    assert found.difference == pytest.approx(0.25)
    assert found.low < 0.25 < found.high
    assert found.interval == "bootstrap over images, 500 resamples, 95 %"


def test_turned_round_everything_changes_sign():
    ours, theirs = compare(A, B, resamples=500), compare(B, A, resamples=500)
    assert (ours.a_only, ours.b_only, ours.p) == (theirs.b_only, theirs.a_only, theirs.p)
    assert ours.difference == -theirs.difference
    assert ours.low == pytest.approx(-theirs.high)


def test_a_model_does_not_differ_from_itself():
    found = compare(A, A, resamples=500)
    assert (found.p, found.difference, found.low, found.high) == (1, 0, 0, 0)


def test_the_difference_is_paired():
    """Unpaired, two accuracies of 0.8 and 0.55 on 20 images would spread over twice 0.4."""
    found = compare(A, B, resamples=2000)
    unpaired = 2 * 1.96 * np.sqrt((0.8 * 0.2 + 0.55 * 0.45) / 20)
    paired_width = 2 * 1.96 * np.sqrt((7 / 20 - 0.25**2) / 20)
    assert found.high - found.low == pytest.approx(paired_width, rel=0.15)
    assert found.high - found.low < 0.9 * unpaired


def test_images_are_matched_by_name_and_the_first_repeat_counts():
    mixed = B.rows(np.random.default_rng(0).permutation(20))
    assert compare(A, mixed, resamples=500) == compare(A, B, resamples=500)
    later = table([0] * 20, repeat=1)
    both = replace(
        A,
        **{name: getattr(A, name) + getattr(later, name) for name in ("ids", "units")},
        **{
            name: np.concatenate([getattr(A, name), getattr(later, name)])
            for name in ("repeats", "folds", "truth", "probabilities")
        },
    )
    assert compare(both, B, resamples=500) == compare(A, B, resamples=500)


def test_the_bootstrap_draws_units():
    pairs = tuple(f"unit {i // 10}" for i in range(20))
    found = compare(replace(A, units=pairs), replace(B, units=pairs), resamples=500)
    assert found.interval.startswith("bootstrap over 2 units")
    assert {round(found.low, 6), round(found.high, 6)} == {0, 0.5}
    alone = compare(*(replace(t, units=("u",) * 20) for t in (A, B)), resamples=500)
    assert (alone.low, alone.high) == (None, None)


def of_repeats(*tables: Predictions) -> Predictions:
    """Several repeats as one table."""
    return replace(
        tables[0],
        **{name: sum((getattr(t, name) for t in tables), ()) for name in ("ids", "units")},
        **{
            name: np.concatenate([getattr(t, name) for t in tables])
            for name in ("repeats", "folds", "truth", "probabilities")
        },
    )


def test_the_mean_over_repeats_draws_an_image_with_all_its_repeats():
    """The same judgements thrice make the interval no narrower than that of one repeat."""
    one = compare(A, B, resamples=500)
    thrice = compare_repeats(
        *(of_repeats(*(replace(t, repeats=np.full(20, n)) for n in (3, 4, 5))) for t in (A, B)), resamples=500
    )
    assert thrice.repeats == (3, 4, 5)
    assert thrice.difference == pytest.approx(one.difference)
    assert (thrice.low, thrice.high) == pytest.approx((one.low, one.high))


def test_the_mean_over_repeats_is_of_those_that_both_have():
    a = of_repeats(A, table([1] * 20, repeat=1), table([0] * 20, repeat=2))
    b = of_repeats(B, table([0] * 10 + [1] * 10, repeat=1).rows(np.random.default_rng(0).permutation(20)))
    found = compare_repeats(a, b, resamples=500)
    assert (found.repeats, found.difference) == ((0, 1), pytest.approx((0.25 + 0.5) / 2))
    assert found.low < found.difference < found.high
    with pytest.raises(DataError, match="no repeat in common"):
        compare_repeats(A, table([1] * 20, repeat=1), resamples=500)


def test_other_metrics():
    assert compare(A, B, metric="brier", resamples=500).difference < 0
    with pytest.raises(UnknownName, match=r"Unknown metric 'acuracy'\. Did you mean 'accuracy'"):
        compare(A, B, metric="acuracy", resamples=500)
    lone = A.rows(A.truth == 0)
    with pytest.raises(DataError, match="roc_auc_ovr_macro is not defined for these 10 images"):
        compare(lone, lone, metric="roc_auc_ovr_macro", resamples=500)


def test_other_images_are_refused_by_number_and_name():
    with pytest.raises(
        DataError, match=r"5 images \(image 0, image 1, image 2, \.\.\.\) only by the first, 0 images"
    ):
        paired(A, B.rows(np.arange(5, 20)))
    with pytest.raises(
        DataError, match=r"0 images only by the first, 1 image \(image 19\) only by the second"
    ):
        paired(A.rows(np.arange(19)), B)


def test_other_truths_units_and_tasks_are_refused():
    flipped = A.truth.copy()
    flipped[3] = 1 - flipped[3]
    with pytest.raises(DataError, match=r"1 image \(image 3\) another class"):
        paired(A, replace(B, truth=flipped))
    with pytest.raises(DataError, match=r"20 images .* another unit"):
        paired(A, replace(B, units=("u",) * 20))
    with pytest.raises(DataError, match="different questions"):
        paired(A, replace(B, task=Task("t", ("b", "a"))))


def test_mcnemar_refuses_lists_of_different_length():
    with pytest.raises(ValueError, match="must be the same"):
        mcnemar(np.array([True]), np.array([True, False]))


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.5]) == pytest.approx([1, 1])
    assert holm([0.02]) == pytest.approx([0.02])
    assert holm([]) == []
    with pytest.raises(ValueError, match=r"0\.\.1"):
        holm([1.2])
