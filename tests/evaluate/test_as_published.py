"""What papers on MHSMA print agrees with scikit-learn, normal being what is found."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import fbeta_score, precision_score, recall_score, roc_auc_score

from spermlens.evaluate.as_published import with_published_scores
from spermlens.evaluate.intervals import judge
from spermlens.evaluate.normal_threshold import GRID, at_thresholds, threshold_on
from spermlens.evaluate.table import Predictions
from spermlens.reproduce.contenders import pool
from spermlens.types import Task

HEAD = Task("head", ("normal", "abnormal"))
NAMES = {"normal_precision", "normal_recall", "normal_f0.5", "normal_g_mean", "normal_auc"}


def drawn(n: int = 300, seed: int = 0, *, repeat: int = 0, fold: int = 0, inner: bool = False) -> Predictions:
    """A model that leans towards normal; three images a patient."""
    rng = np.random.default_rng([seed, repeat, fold, inner])
    truth = (rng.random(n) < 0.27).astype(np.int64)
    abnormal = 1 / (1 + np.exp(1.7 - 1.4 * truth - rng.normal(size=n)))
    return Predictions(
        task=HEAD,
        ids=tuple(f"{fold} {number}" for number in range(n)),
        units=tuple(f"patient {number // 3}" for number in range(n)),
        repeats=np.full(n, repeat, np.int64),
        folds=np.full(n, fold, np.int64),
        truth=truth,
        probabilities=np.stack([1 - abnormal, abnormal], 1),
        inner=inner,
    )


def test_scores_are_scikit_learns_of_the_normal_class() -> None:
    table = drawn()
    found = with_published_scores(table.truth, table.probabilities, np.ones((len(table), 1)), HEAD)
    known = {"y_true": table.truth == 0, "y_pred": table.predicted == 0}
    precision, recall = precision_score(**known), recall_score(**known)
    assert precision != pytest.approx(recall, abs=0.02)
    expected = {
        "normal_precision": precision,
        "normal_recall": recall,
        "normal_f0.5": fbeta_score(**known, beta=0.5),
        "normal_g_mean": np.sqrt(precision * recall),
        "normal_auc": roc_auc_score(table.truth == 0, table.probabilities[:, 0]),
    }
    assert set(expected) == NAMES
    for name, value in expected.items():
        assert found[name][0] == pytest.approx(value, rel=1e-12), name


def test_always_answering_normal_is_praised_by_all_but_the_area() -> None:
    table = drawn()
    table.probabilities[:] = [0.9, 0.1]
    found = with_published_scores(table.truth, table.probabilities, np.ones((len(table), 1)), HEAD)
    share = np.mean(table.truth == 0)
    told = {name: float(found[name][0]) for name in (*NAMES, "mcc", "recall_abnormal")}
    assert told["normal_precision"] == pytest.approx(share)
    assert told["normal_g_mean"] == pytest.approx(np.sqrt(share))
    assert told["normal_f0.5"] > 0.75
    assert (told["normal_recall"], told["normal_auc"]) == (1, 0.5)
    assert (told["mcc"], told["recall_abnormal"]) == (0, 0)


def test_they_are_of_normal_or_abnormal_only() -> None:
    task = Task("cell", ("normal", "abnormal", "non_sperm"))
    truth, said = np.array([0, 1, 2]), np.eye(3)
    assert not NAMES & set(with_published_scores(truth, said, np.ones((3, 1)), task))


def test_each_has_an_interval_that_holds_it() -> None:
    rows = judge(drawn(), dataset="d", model="m", resamples=200, scores=with_published_scores)
    found = {row.metric: row for row in rows}
    assert set(found) >= NAMES
    for name in NAMES:
        row = found[name]
        assert row.low is not None
        assert row.high is not None
        assert row.low < row.value < row.high
        assert "100 units" in row.interval


def test_a_threshold_is_the_best_of_the_grid_by_scikit_learns_f() -> None:
    table = drawn(240)
    abnormal = table.probabilities[:, 1]
    gains = []
    for threshold in GRID:
        normal = abnormal <= threshold
        f_half = fbeta_score(table.truth == 0, normal, beta=0.5)
        gains.append(np.mean(normal == (table.truth == 0)) + f_half)
    chosen = threshold_on(table.truth, abnormal)
    assert gains[int(np.flatnonzero(chosen == GRID)[0])] == pytest.approx(max(gains), abs=1e-12)
    assert chosen != 0.5


def test_of_equals_the_nearest_to_one_half_is_taken() -> None:
    truth, abnormal = np.array([0, 0, 1, 1]), np.array([0.1, 0.2, 0.35, 0.9])
    assert threshold_on(truth, abnormal) == 0.349
    assert threshold_on(truth, np.array([0.1, 0.2, 0.8, 0.9])) == 0.5


def test_decisions_follow_the_threshold_of_their_own_fold_and_the_order_stays() -> None:
    judged = [drawn(fold=fold) for fold in (0, 1)]
    chosen_on = [drawn(240, fold=fold, inner=True) for fold in (0, 1)]
    thresholds = [threshold_on(table.truth, table.probabilities[:, 1]) for table in chosen_on]
    assert thresholds[0] != thresholds[1]
    judged[0].probabilities[0] = [1 - thresholds[0], thresholds[0]]  # on it: not above
    found = at_thresholds(pool(judged), pool(chosen_on))
    for fold, threshold in enumerate(thresholds):
        before, after = judged[fold].probabilities[:, 1], found.probabilities[found.folds == fold]
        np.testing.assert_array_equal(after.argmax(1), before > threshold)
        np.testing.assert_array_equal(np.argsort(after[:, 1]), np.argsort(before))
        np.testing.assert_allclose(after.sum(1), 1)
