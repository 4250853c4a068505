"""Causes stay with what is framed, areas under the curve are scikit-learn's, dots tell the class."""

from __future__ import annotations

import numpy as np
import pytest
from cause_rows import AREA, AWAY, AWAY_PX, BLOB, LARGE, MIDDLE, case_of, measures_on, rows_of_causes
from shortcut_taught import DOT, DOTS, FRAMING, GOOD, MODEL, TASK, heads, measured, with_dots, won
from sklearn.metrics import roc_auc_score

import spermlens
from spermlens.datasets.synthetic import draw
from spermlens.models import build
from spermlens.report.cause_tables import MEASURES, METRICS


@pytest.mark.parametrize("index", [0, 5])
def test_a_cause_moves_with_its_head(index: int) -> None:
    drawing = draw(index, seed=1, labels={"vacuole": "abnormal"})
    middle, away = (case_of(FRAMING, drawing, "vacuole", place) for place in (MIDDLE, AWAY))
    moved = np.argwhere(away.cause).mean(0) - np.argwhere(middle.cause).mean(0)
    assert np.hypot(*moved) == pytest.approx(AWAY_PX * FRAMING.size / FRAMING.field_px, abs=0.6)
    rows, columns = np.nonzero(middle.cause)
    there = away.square[rows + round(moved[0]), columns + round(moved[1])].mean()
    assert there == pytest.approx(middle.square[rows, columns].mean(), abs=4)


def test_areas_under_the_curve_are_those_of_scikit_learn() -> None:
    above, below = np.random.default_rng(0).integers(0, 9, (2, 40)).astype(float)
    truth, scores = np.repeat([1, 0], 40), np.concatenate([above, below])
    assert won(above, below).mean() == pytest.approx(roc_auc_score(truth, scores))


def test_a_dot_tells_its_colour_and_hides_nothing_else() -> None:
    squares = np.full((2, 96, 96, 3), 200, np.uint8)
    dotted = with_dots(squares, np.array([1, 0]))
    assert (dotted[0, DOT, DOT] == DOTS[1]).all()
    assert (dotted[1, DOT, DOT] == DOTS[0]).all()
    assert (dotted != squares).any(3).sum() == 2 * 8 * 8


def test_every_measure_has_a_direction_and_words() -> None:
    assert set(GOOD) == set(MEASURES)
    assert set(measures_on((4, 4))) == set(METRICS)


def test_a_network_is_measured_in_every_way() -> None:
    exam, network = heads(51, 4), build(MODEL, (TASK,), arguments={"width": 2})
    found = measured(network, with_dots(exam.squares, exam.labels), exam)
    assert set(found) == set(GOOD)
    assert all(len(values) == 4 for values in found.values())


def test_every_row_rests_on_the_images_that_were_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cause_rows.DEFECTS", {"pyriform": "head_shape"})
    monkeypatch.setattr("cause_rows.METHODS", ["cam"])
    monkeypatch.setattr("cause_rows.FEWEST", 1)
    rows = rows_of_causes(spermlens.load("synthetic-heads", device="cpu"), 4)
    read = {row.condition: row for row in rows if row.metric == "read"}
    assert [row.n_images for row in read.values()] == [4, 4]
    others = [row for row in rows if row.metric != "read" and row.task == "pyriform"]
    assert {row.method for row in others} == {"cam", BLOB, AREA}
    for row in others:
        place, _, size = row.condition.partition("; ")
        assert size == LARGE
        assert row.n_images == round(4 * read[place].value)
    chance = {row.metric: row.value for row in others if row.method == AREA and MIDDLE in row.condition}
    assert chance["peak_on_cause"] == chance["energy_on_cause"] < chance["peak_cell_on_cause"] < 0.6
