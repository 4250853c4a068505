"""Scores against scikit-learn, against sums done by hand, and against the laws they must keep."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics

from spermlens.evaluate.scores import confusion, score, weighted_scores
from spermlens.types import Task

LETTERS = Task("letters", ("a", "b", "c", "d"))
PAIR = Task("pair", ("no", "yes"))


def drawn(seed: int, n: int = 120, k: int = 4, *, coarse: bool = False):
    """Truth and probabilities that have something to do with each other; coarse ones have many ties."""
    rng = np.random.default_rng(seed)
    truth = np.append(np.arange(k), rng.integers(k, size=n - k))
    raw = rng.gamma(0.5, size=(n, k)) + 0.6 * np.eye(k)[truth] + 1e-9
    p = raw / raw.sum(1, keepdims=True)
    if coarse:
        p = np.floor(p * 4) + 0.25
        p /= p.sum(1, keepdims=True)
    return truth, p


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("coarse", [False, True])
def test_scores_are_scikit_learns(seed, coarse):
    truth, p = drawn(seed, coarse=coarse)
    decided = p.argmax(1)
    ours = score(truth, p, LETTERS)
    precision, recall, f1, _ = metrics.precision_recall_fscore_support(truth, decided)
    golden = {
        "accuracy": metrics.accuracy_score(truth, decided),
        "balanced_accuracy": metrics.balanced_accuracy_score(truth, decided),
        "f1_macro": metrics.f1_score(truth, decided, average="macro"),
        "mcc": metrics.matthews_corrcoef(truth, decided),
        "roc_auc_ovr_macro": metrics.roc_auc_score(truth, p, multi_class="ovr", average="macro"),
        "log_loss": metrics.log_loss(truth, p),
        "brier": metrics.brier_score_loss(truth, p, scale_by_half=False),
    }
    for i, name in enumerate(LETTERS.classes):
        golden |= {f"precision_{name}": precision[i], f"recall_{name}": recall[i], f"f1_{name}": f1[i]}
    assert set(ours) == {*golden, "ece"}
    for name, value in golden.items():
        assert ours[name] == pytest.approx(value, abs=1e-12), name


def test_two_classes_are_scikit_learns():
    truth, p = drawn(9, k=2)
    ours = score(truth, p, PAIR)
    assert ours["roc_auc_ovr_macro"] == pytest.approx(metrics.roc_auc_score(truth, p[:, 1]))
    assert ours["brier"] == pytest.approx(2 * metrics.brier_score_loss(truth, p[:, 1]))
    assert ours["mcc"] == pytest.approx(metrics.matthews_corrcoef(truth, p.argmax(1)))


def test_weights_are_scikit_learns_sample_weights():
    truth, p = drawn(5, coarse=True)
    weights = np.random.default_rng(0).integers(0, 4, size=(len(truth), 3)).astype(float)
    ours = weighted_scores(truth, p, weights, LETTERS)
    for column in range(3):
        w, decided = weights[:, column], p.argmax(1)
        areas = [metrics.roc_auc_score(truth == i, p[:, i], sample_weight=w) for i in range(4)]
        golden = {
            "accuracy": metrics.accuracy_score(truth, decided, sample_weight=w),
            "f1_macro": metrics.f1_score(truth, decided, average="macro", sample_weight=w),
            "mcc": metrics.matthews_corrcoef(truth, decided, sample_weight=w),
            "log_loss": metrics.log_loss(truth, p, sample_weight=w),
            "roc_auc_ovr_macro": np.mean(areas),
        }
        for name, value in golden.items():
            assert ours[name][column] == pytest.approx(value, abs=1e-12), name


def test_a_weight_is_a_number_of_copies():
    truth, p = drawn(6, n=30)
    times = np.random.default_rng(1).integers(0, 3, size=30)
    copied = np.repeat(np.arange(30), times)
    ours = weighted_scores(truth, p, times[:, None].astype(float), LETTERS)
    for name, value in score(truth[copied], p[copied], LETTERS).items():
        assert ours[name][0] == pytest.approx(value, abs=1e-12), name


def test_nothing_drawn_defines_nothing():
    truth, p = drawn(6, n=30)
    for name, values in weighted_scores(truth, p, np.zeros((30, 1)), LETTERS).items():
        assert np.isnan(values).all(), name


def test_ece_and_brier_by_hand():
    truth = np.array([0, 0, 1, 1])
    p = np.array([[0.9, 0.1], [0.9, 0.1], [0.7, 0.3], [0.3, 0.7]])
    ours = score(truth, p, PAIR)
    # bin of 0.9: two images, both right; bin of 0.7: two images, one right
    assert ours["ece"] == pytest.approx(0.5 * 0.1 + 0.5 * 0.2)
    assert ours["brier"] == pytest.approx((0.02 + 0.02 + 0.98 + 0.18) / 4)
    assert ours["log_loss"] == pytest.approx(-(2 * np.log(0.9) + np.log(0.3) + np.log(0.7)) / 4)


def test_a_certain_error_costs_much_but_not_infinity():
    ours = score(np.array([0, 1]), np.array([[0.0, 1.0], [0.0, 1.0]]), PAIR)
    assert 10 < ours["log_loss"] < 20


def test_perfect_predictions():
    truth = np.arange(4).repeat(3)
    ours = score(truth, np.eye(4)[truth], LETTERS)
    for name, value in ours.items():
        assert value == pytest.approx(0 if name in ("log_loss", "brier", "ece") else 1), name


def test_a_class_that_does_not_occur_takes_no_part():
    truth, p = drawn(2, k=4)
    there = truth != 3
    ours = score(truth[there], p[there], LETTERS)
    decided = p[there].argmax(1)
    assert "recall_d" not in ours
    assert ours["precision_d"] == 0
    assert ours["f1_d"] == 0
    recalls = metrics.recall_score(truth[there], decided, labels=[0, 1, 2], average=None)
    assert ours["balanced_accuracy"] == pytest.approx(recalls.mean())
    areas = [metrics.roc_auc_score(truth[there] == i, p[there][:, i]) for i in range(3)]
    assert ours["roc_auc_ovr_macro"] == pytest.approx(np.mean(areas))
    assert ours["f1_macro"] == pytest.approx(metrics.f1_score(truth[there], decided, average="macro"))


def test_one_class_only_has_no_area_and_no_nan():
    ours = score(np.array([1, 1]), np.array([[0.2, 0.8], [0.1, 0.9]]), PAIR)
    assert "roc_auc_ovr_macro" not in ours
    assert {name for name in ours if name.endswith("_no")} == set()
    assert ours["mcc"] == 0
    assert ours["balanced_accuracy"] == ours["f1_macro"] == 1
    assert np.isfinite(list(ours.values())).all()


def test_renaming_the_classes_renames_the_scores():
    truth, p = drawn(3)
    turn = np.array([2, 0, 3, 1])  # new class i is old class turn[i]
    turned = Task("letters", tuple(LETTERS.classes[i] for i in turn))
    straight, other = score(truth, p, LETTERS), score(np.argsort(turn)[truth], p[:, turn], turned)
    assert straight == pytest.approx(other, abs=1e-12)
    assert straight["recall_a"] != pytest.approx(straight["recall_c"])


def test_the_order_of_the_images_does_not_matter():
    truth, p = drawn(4, coarse=True)
    mixed = np.random.default_rng(0).permutation(len(truth))
    assert score(truth[mixed], p[mixed], LETTERS) == pytest.approx(score(truth, p, LETTERS), abs=1e-12)


def test_confusion_has_the_truth_in_rows():
    table = confusion(np.array([0, 0, 1]), np.array([0, 1, 1]), PAIR)
    assert table.tolist() == [[1, 1], [0, 1]]
    truth, p = drawn(7)
    golden = metrics.confusion_matrix(truth, p.argmax(1))
    assert confusion(truth, p.argmax(1), LETTERS).tolist() == golden.tolist()


def test_numbers_that_are_no_classes_are_refused():
    with pytest.raises(ValueError, match=r"truth in 0\.\.1"):
        score(np.array([0, -1]), np.full((2, 2), 0.5), PAIR)
    with pytest.raises(ValueError, match="predicted must hold"):
        confusion(np.array([0]), np.array([2]), PAIR)
    with pytest.raises(ValueError, match="n > 0"):
        score(np.array([], int), np.empty((0, 2)), PAIR)
