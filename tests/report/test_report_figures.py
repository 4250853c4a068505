"""Figures: the right numbers in the picture and in the words beside it; the same bytes every time."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest

from spermlens.evaluate.calibration import reliability, risk_coverage
from spermlens.report.figures import (
    confusion_figure,
    learning_curves,
    reliability_figure,
    risk_coverage_figure,
)

TRUTH = np.array([0, 0, 1, 1, 1, 0])
ODDS = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.6, 0.4], [0.45, 0.55], [0.65, 0.35]])
HISTORY = [{"epoch": n + 1, "phase": n // 2, "loss": 1.0 - 0.1 * n, "inner_loss": 2.0} for n in range(4)]


def all_figures():
    return [
        learning_curves({"r0f0": HISTORY, "r0f1": HISTORY}),
        confusion_figure(np.array([[7, 11], [0, 23]]), ("normal", "not_normal"), "A caption."),
        reliability_figure(reliability(TRUTH, ODDS, 10)),
        risk_coverage_figure(risk_coverage(TRUTH, ODDS), 0.65),
    ]


def test_the_same_data_give_the_same_bytes_and_no_date():
    once, again = all_figures(), all_figures()
    assert [f.data for f in once] == [f.data for f in again]
    assert not any(b"<dc:date" in f.data or b"matplotlib.org" in f.data for f in once)


def test_the_style_does_not_leak():
    before = dict(mpl.rcParams)
    all_figures()
    assert dict(mpl.rcParams) == before


def test_the_confusion_matrix_shows_counts_shares_and_words():
    found = all_figures()[1]
    text = found.data.decode()
    for shown in (">7<", ">11<", ">23<", ">39 %<", ">100 %<", "not normal"):
        assert shown in text
    assert "of 18 normal: 7 normal, 11 not normal" in found.alt


def test_the_threshold_is_drawn_where_it_decides():
    words = risk_coverage_figure(risk_coverage(TRUTH, ODDS), 0.65).caption
    assert "0.650" in words
    assert "decides 67%" in words  # 0.9, 0.8, 0.7, 0.65 of six
    assert "0.0% of them wrong" in words
    assert "No threshold" in risk_coverage_figure(risk_coverage(TRUTH, ODDS), None).caption


def test_inner_images_are_only_spoken_of_where_there_are_some():
    bare = [{key: value for key, value in row.items() if key != "inner_loss"} for row in HISTORY]
    assert b"inner images" in learning_curves({"a": HISTORY}).data
    found = learning_curves({"a": bare})
    assert b"inner images" not in found.data
    assert "Inner" not in found.caption


def test_epochs_are_whole_and_phases_are_marked_where_there_are_several():
    found = learning_curves({"a": HISTORY[:3]})
    assert b">1<" in found.data
    assert b".5<" not in found.data.split(b"Epoch")[0]
    assert "Dashed" in found.caption
    assert "Dashed" not in learning_curves({"a": HISTORY[:2]}).caption


def test_no_epoch_no_curve():
    with pytest.raises(ValueError, match="an epoch"):
        learning_curves({"r0f0": []})
