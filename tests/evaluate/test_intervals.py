"""Figures of a run: means over repeats, intervals over units, and what they say of themselves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import beta

from spermlens.errors import DataError
from spermlens.evaluate.intervals import describe, exact_accuracy, judge, percentiles, unit_weights
from spermlens.evaluate.scores import score
from spermlens.evaluate.table import Predictions
from spermlens.types import Result, Task

TASK = Task("t", ("a", "b", "c"))


def table(n: int = 90, repeats: int = 1, seed: int = 0) -> Predictions:
    rng = np.random.default_rng(seed)
    truth = np.tile(np.arange(n) % 3, repeats)
    raw = rng.gamma(0.5, size=(n * repeats, 3)) + 0.5 * np.eye(3)[truth]
    ids = tuple(f"image {i}" for i in range(n)) * repeats
    return Predictions(
        task=TASK,
        ids=ids,
        units=ids,
        repeats=np.repeat(np.arange(repeats), n),
        folds=np.tile(np.arange(n) // 3 % 5, repeats),
        truth=truth,
        probabilities=raw / raw.sum(1, keepdims=True),
    )


def judged(predictions: Predictions, **settings) -> dict[str, Result]:
    settings = {"dataset": "d", "model": "m", "resamples": 400, **settings}
    return {row.metric: row for row in judge(predictions, **settings)}


def test_one_row_for_every_score_and_the_exact_accuracy():
    one = table()
    rows = judged(one, alias="ours", recipe="r", condition="clean", runs="run-1")
    scores = score(one.truth, one.probabilities, TASK)
    assert list(rows) == [*scores, "exact_accuracy"]
    for name, value in scores.items():
        row = rows[name]
        assert row.value == pytest.approx(value)
        assert row.low < value < row.high or name == "ece", name
        assert row.interval == "bootstrap over images, 400 resamples, 95 %"
        assert (row.n_images, row.repeats, row.task) == (90, 1, "t")
    for row in rows.values():
        assert (row.dataset, row.model, row.alias, row.recipe) == ("d", "m", "ours", "r")
        assert (row.condition, row.runs) == ("clean", "run-1")


def test_the_value_is_the_mean_over_repeats_of_the_pooled_folds():
    three = table(repeats=3)
    parts = [three.rows(three.repeats == r) for r in range(3)]
    for metric in ("f1_macro", "roc_auc_ovr_macro", "recall_b"):
        each = [score(p.truth, p.probabilities, TASK)[metric] for p in parts]
        row = judged(three)[metric]
        assert len(set(each)) > 1
        assert row.value == pytest.approx(np.mean(each))
        assert (row.repeats, row.n_images) == (3, 90)


def test_per_fold_values_come_in_the_order_of_repeat_and_fold():
    two = table(repeats=2)
    row = judged(two)["accuracy"]
    expected = [
        float((part.predicted == part.truth).mean())
        for r in range(2)
        for f in range(5)
        for part in [two.rows((two.repeats == r) & (two.folds == f))]
    ]
    assert row.per_fold == pytest.approx(expected)


def test_a_fold_without_the_score_leaves_per_fold_empty_rather_than_shifted():
    one = table()
    split = judged(replace(one, folds=(one.truth == 0).astype(int)))
    assert len(split["accuracy"].per_fold) == 2
    assert split["recall_a"].per_fold == ()


def test_the_bootstrap_agrees_with_theory_for_the_accuracy():
    one = table(n=600)
    row = judged(one, resamples=4000)["accuracy"]
    spread = 1.96 * np.sqrt(row.value * (1 - row.value) / 600)
    assert row.value - row.low == pytest.approx(spread, rel=0.1)
    assert row.high - row.value == pytest.approx(spread, rel=0.1)


def widened(rows: dict[str, Result], metric: str = "accuracy") -> float:
    return rows[metric].high - rows[metric].low


def test_copies_in_one_unit_do_not_narrow_the_interval():
    one = table(n=60)
    ids = (*one.ids, *(f"copy of {i}" for i in one.ids))
    as_images = replace(
        one,
        ids=ids,
        units=ids,
        repeats=np.tile(one.repeats, 2),
        folds=np.tile(one.folds, 2),
        truth=np.tile(one.truth, 2),
        probabilities=np.tile(one.probabilities, (2, 1)),
    )
    as_units = replace(as_images, units=one.units * 2)
    single, images, units = (judged(t, resamples=2000) for t in (one, as_images, as_units))
    assert widened(units) == pytest.approx(widened(single))
    assert widened(images) < 0.8 * widened(units)
    assert units["accuracy"].interval.startswith("bootstrap over 60 units of images that belong together")
    assert units["accuracy"].n_images == 120


def test_repeating_the_same_answers_does_not_narrow_the_interval():
    one = table()
    again = replace(table(repeats=3), probabilities=np.tile(one.probabilities, (3, 1)))
    first, thrice = judged(one), judged(again)
    assert thrice["mcc"].low == pytest.approx(first["mcc"].low)
    assert thrice["mcc"].high == pytest.approx(first["mcc"].high)


def test_one_unit_has_no_interval():
    row = judged(replace(table(), units=("patient 1",) * 90))["accuracy"]
    assert (row.low, row.high) == (None, None)
    assert row.interval == "none: all images belong to one unit"


def test_the_order_of_rows_changes_nothing_and_the_seed_something():
    two = table(repeats=2)
    mixed = two.rows(np.random.default_rng(0).permutation(len(two)))
    ours, theirs = judged(two), judged(mixed)
    for metric, row in ours.items():
        assert theirs[metric].value == pytest.approx(row.value)
        assert theirs[metric].low == pytest.approx(row.low)
        assert theirs[metric].per_fold == pytest.approx(row.per_fold)
    assert judged(two) == ours
    assert judged(two, seed=1)["brier"].low != ours["brier"].low


def test_rows_without_a_label_take_no_part():
    one = table()
    truth = one.truth.copy()
    truth[10:] = -1
    assert judged(replace(one, truth=truth)) == judged(one.rows(np.arange(10)))
    with pytest.raises(DataError, match="none of the 90"):
        judged(replace(one, truth=np.full(90, -1)))


def test_a_score_that_small_resamples_may_lack_still_has_an_interval():
    one = replace(table(n=12), truth=np.array([0] * 11 + [1]))
    row = judged(one)["roc_auc_ovr_macro"]
    assert np.isfinite([row.low, row.high]).all()


def test_exact_accuracy_is_clopper_pearson_on_the_first_repeat():
    three = table(repeats=3)
    first = three.rows(np.arange(90))
    k = int((first.predicted == first.truth).sum())
    row = judged(three)["exact_accuracy"]
    assert row.value == pytest.approx(k / 90)
    assert row.low == pytest.approx(beta.ppf(0.025, k, 90 - k + 1))
    assert row.high == pytest.approx(beta.ppf(0.975, k + 1, 90 - k))
    assert (row.repeats, row.n_images) == (1, 90)
    assert "first repeat" in row.interval
    assert exact_accuracy(three).count == k


def test_a_draw_has_as_many_units_as_there_are_and_keeps_them_whole():
    units = tuple("abcab")
    weights = np.concatenate(list(unit_weights(units, 3000, 0)), axis=1)
    assert weights.shape == (5, 3000)
    assert (weights[:3].sum(0) == 3).all()
    assert (weights[0] == weights[3]).all()
    assert (weights[1] == weights[4]).all()
    assert weights.mean() == pytest.approx(1, abs=0.05)


def test_large_tables_are_drawn_in_blocks():
    blocks = list(unit_weights(tuple(str(i) for i in range(30_000)), 100, 0))
    assert len(blocks) > 1
    assert sum(block.shape[1] for block in blocks) == 100


def test_percentiles_pass_over_what_is_not_defined():
    assert percentiles(np.append(np.arange(101.0), np.nan)) == pytest.approx((2.5, 97.5))


def test_too_few_resamples_are_refused():
    with pytest.raises(ValueError, match="100 resamples or more, but got 99"):
        judged(table(), resamples=99)


@pytest.mark.parametrize(("units", "said"), [(19, True), (20, False)])
def test_few_units_are_said_to_make_the_interval_too_narrow(units, said):
    ids = [str(n) for n in range(40)]
    how = describe([str(n % units) for n in range(40)], ids, 400)
    assert how.endswith("95 %; few units, the interval is too narrow") == said
    assert how.startswith(f"bootstrap over {units} units of images that belong together, 400 resamples, 95 %")
