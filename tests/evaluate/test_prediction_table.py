"""Predictions are valid from birth and come back from CSV digit for digit, whatever the names."""

from __future__ import annotations

import csv
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spermlens.errors import DataCorrupt, DataError, DataMissing
from spermlens.evaluate.table import (
    COLUMNS,
    Predictions,
    read_predictions,
    write_predictions,
)
from spermlens.spreadsheet import guard, unguard
from spermlens.types import Task

SHAPE = Task("head shape", ("normal", "=tapered", "other, or 'not'"))
NASTY = (
    *("=cmd()", "-x", "+1", "@a", "\ttab", "\rcarriage", "\nfeed", "'quoted", "'=both", "''"),
    *(
        "a,b",
        'say "hi"',
        "two\nlines",
        "Zellköpfe/é.png",
        "\u202eodd",
        "a\r\nb",
        " space ",
        "1",
        "\udcff.png",
    ),
)


def table(task: Task = SHAPE, ids: tuple[str, ...] = NASTY, repeats: int = 2, seed: int = 0) -> Predictions:
    rng = np.random.default_rng(seed)
    n, k = len(ids), len(task.classes)
    return Predictions(
        task=task,
        ids=ids * repeats,
        units=tuple(f"={i}" for i in ids) * repeats,
        repeats=np.repeat(np.arange(repeats), n),
        folds=rng.integers(5, size=n * repeats),
        truth=np.tile(rng.integers(-1, k, size=n), repeats),
        probabilities=rng.dirichlet(np.ones(k) * 0.1, n * repeats),
    )


def assert_same(a: Predictions, b: Predictions) -> None:
    assert (a.task, a.ids, a.units) == (b.task, b.ids, b.units)
    for name in ("repeats", "folds", "truth", "probabilities"):
        assert np.array_equal(getattr(a, name), getattr(b, name)), name


def test_a_trip_through_csv_changes_nothing(tmp_path):
    path = tmp_path / "predictions.csv"
    written = table()
    write_predictions(path, [written])
    assert_same(read_predictions(path)[SHAPE.name], written)


def test_no_text_cell_is_a_formula(tmp_path):
    path = tmp_path / "predictions.csv"
    write_predictions(path, [table()])
    text = path.read_bytes().decode("utf-8", "surrogateescape")
    for row in csv.DictReader(text.splitlines(keepends=True)):
        for column in ("image", "unit", "task", "truth"):
            assert not row[column].startswith(("=", "+", "-", "@", "\t", "\r", "\n")), row[column]


def test_numbers_stay_numbers(tmp_path):
    path = tmp_path / "predictions.csv"
    write_predictions(path, [replace(table(), repeats=np.repeat([-1, 0], len(NASTY)))])
    assert ",-1," in path.read_text(errors="ignore")
    assert read_predictions(path)[SHAPE.name].repeats.min() == -1


@given(st.text())
def test_the_guard_can_always_be_taken_off(text):
    assert unguard(guard(text)) == text


def test_several_tasks_share_a_file_and_their_columns(tmp_path):
    head, tail = Task("head", ("normal", "abnormal")), Task("tail", ("normal", "coiled", "abnormal"))
    first, second = table(head, ("a", "b")), table(tail, ("a", "b"), seed=1)
    path = tmp_path / "predictions.csv"
    write_predictions(path, [first, second])
    heading = path.read_text().splitlines()[0]
    assert heading.count("p_normal") == heading.count("p_abnormal") == heading.count("p_coiled") == 1
    back = read_predictions(path)
    assert list(back) == ["head", "tail"]
    assert_same(back["head"], first)
    assert_same(back["tail"], second)


def test_classes_in_opposite_orders_cannot_share_a_file(tmp_path):
    tasks = Task("head", ("good", "bad")), Task("tail", ("bad", "good"))
    with pytest.raises(DataError, match="head, tail name shared classes in different orders"):
        write_predictions(tmp_path / "p.csv", [table(task, ("a",)) for task in tasks])
    assert not list(tmp_path.iterdir())


def test_rows_without_a_label_stay_in_the_table_and_out_of_the_scores(tmp_path):
    written = replace(table(ids=("a", "b", "c"), repeats=1), truth=np.array([0, -1, 2]))
    path = tmp_path / "predictions.csv"
    write_predictions(path, [written])
    back = read_predictions(path)[SHAPE.name]
    assert back.ids == ("a", "b", "c")
    assert back.labelled.ids == ("a", "c")
    with pytest.raises(DataError, match="none of the 3 predictions has a known class"):
        _ = replace(back, truth=np.full(3, -1)).labelled


def test_the_first_repeat_is_the_lowest():
    both = replace(table(ids=("a", "b")), repeats=np.array([7, 7, 3, 3]))
    assert both.first_repeat.repeats.tolist() == [3, 3]
    assert np.array_equal(both.first_repeat.probabilities, both.probabilities[2:])


def test_decision_and_confidence():
    one = replace(table(ids=("a",), repeats=1), probabilities=np.array([[0.2, 0.7, 0.1]]))
    assert one.predicted.tolist() == [1]
    assert one.confidence.tolist() == [0.7]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"units": ("u",)}, "1 units for 4 rows"),
        ({"folds": np.zeros(4)}, "folds must be 4 integers"),
        ({"truth": np.array([0, 3, 0, 3])}, r"truth must be -1\.\.2, but is 3"),
        ({"truth": np.array([0, 1, 0, 2])}, "Image 'b' has two units or two truths"),
        ({"units": ("u", "v", "u", "w")}, "Image 'b' has two units or two truths"),
        ({"repeats": np.array([0, 0, 1, 0])}, "Image 'b' stands twice in repeat 0"),
        ({"probabilities": np.full((4, 3), 0.3)}, "Image 'a': probabilities must be >= 0 and sum to 1"),
        ({"probabilities": np.full((4, 3), np.nan)}, "Image 'a': probabilities must be >= 0 and sum to 1"),
        ({"probabilities": np.tile([1.5, -0.5, 0.0], (4, 1))}, "Image 'a': probabilities must be >= 0"),
        ({"probabilities": np.full((4, 3), 1 / 3, np.float32)}, "must be float64"),
        ({"ids": ("a", "", "a", "")}, "a name is empty"),
    ],
)
def test_a_table_is_valid_from_birth(change, message):
    good = replace(table(ids=("a", "b")), truth=np.array([0, 1, 0, 1]))
    with pytest.raises(ValueError, match=message):
        replace(good, **change)


HEADING = ",".join((*COLUMNS, "p_x", "p_y"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected the columns image, unit"),
        (HEADING.replace("unit,", "") + "\n", "expected the columns image, unit"),
        (HEADING + ",p_y\n", "each once"),
        (HEADING + ",note\n", "found .*note"),
        (HEADING + "\n", "no predictions"),
        (HEADING + "\na,u,t,0,0,x,0.5\n", "line 2: found 7 cells, expected 8"),
        (HEADING + "\na,u,t,0,0,z,0.5,0.5\n", "line 2: truth 'z' is no class"),
        (HEADING + "\na,u,t,0,one,x,0.5,0.5\n", "line 2: .*'one'.*expected a number"),
        (HEADING + "\na,u,t,0,0,x,0.5,0.5\nb,v,t,0,0,x,1.0,\n", "line 3: task 't' fills"),
        (HEADING + "\na,u,t,0,0,x,0.5,\n", "line 2: Task 't' must have two classes"),
        (HEADING + "\na,u,t,0,0,x,0.5,0.5\na,u,t,0,1,x,0.5,0.5\n", "task 't': Image 'a' stands twice"),
        (HEADING + "\na,u,t,0,0,x,0.5,0.6\n", "sum to 1"),
        (HEADING + '\n"a,u\n', "not CSV"),
    ],
)
def test_a_wrong_file_is_named_with_its_line(tmp_path, text, message):
    path = tmp_path / "predictions.csv"
    path.write_text(text)
    with pytest.raises(DataCorrupt, match=message) as caught:
        read_predictions(path)
    assert str(path) in str(caught.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(DataMissing, match=r"nowhere\.csv"):
        read_predictions(tmp_path / "nowhere.csv")


def test_a_spreadsheets_byte_order_mark_is_no_name(tmp_path):
    path = tmp_path / "predictions.csv"
    path.write_text(HEADING + "\na,u,t,0,0,x,0.5,0.5\n", encoding="utf-8-sig")
    assert read_predictions(path)["t"].ids == ("a",)
