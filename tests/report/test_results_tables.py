"""Markdown tables of results files, and their place in a document."""

from __future__ import annotations

import pytest

from spermlens.errors import UnknownName, UsageError
from spermlens.report.tables import replace_block, results_table, title_of


def row(metric="accuracy", value=0.8564, condition="8 views", **changes):
    whole = {"dataset": "hushem", "task": "head_shape", "model": "b0", "recipe": "r", "runs": "run-1"}
    whole |= {"metric": metric, "value": value, "low": value - 0.05, "high": value + 0.05}
    return {**whole, "n_images": 216, "condition": condition, **changes}


RESULTS = {"rows": [row(), row("mcc", 0.8), row(value=0.84, condition="1 view")]}


def test_a_row_per_condition_and_a_column_per_metric():
    assert results_table(RESULTS, metrics=["accuracy", "mcc"]).splitlines() == [
        "| Data | Task | Model | Condition | Accuracy | Matthews correlation | Images |",
        "| --- | --- | --- | --- | ---: | ---: | ---: |",
        "| hushem | head_shape | b0 | 8 views | 0.856 (0.806-0.906) | 0.800 (0.750-0.850) | 216 |",
        "| hushem | head_shape | b0 | 1 view | 0.840 (0.790-0.890) | – | 216 |",
    ]


def test_one_condition_and_several_files():
    other = {"rows": [row(model="cnn", runs="run-2", low=None, high=None)]}
    lines = results_table(RESULTS, other, metrics=["accuracy"], condition="8 views").splitlines()[2:]
    assert lines == [
        "| hushem | head_shape | b0 | 8 views | 0.856 (0.806-0.906) | 216 |",
        "| hushem | head_shape | cnn | 8 views | 0.856 | 216 |",
    ]


def test_recipes_of_one_model_are_told_apart():
    two = {"rows": [row(), row(recipe="other", value=0.9), row(recipe="other", runs="run-2")]}
    lines = results_table(two, metrics=["accuracy"]).splitlines()
    assert lines[0] == "| Data | Task | Model | Recipe | Condition | Accuracy | Images |"
    assert lines[3] == "| hushem | head_shape | b0 | other | 8 views | 0.900 (0.850-0.950) | 216 |"
    again = {"rows": [row(), row(runs="run-2")]}
    assert "Recipe" not in results_table(again, metrics=["accuracy"])


def test_names_cannot_break_the_table():
    found = results_table({"rows": [row(model="a|b\nc")]}, metrics=["accuracy"])
    assert "| a\\|b c |" in found


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"metrics": ["acuracy"]}, "Unknown metric 'acuracy'. Did you mean 'accuracy'"),
        ({"metrics": ["accuracy"], "condition": "9 views"}, "Unknown condition '9 views'"),
    ],
)
def test_what_is_not_in_the_file_is_an_error(asked, message):
    with pytest.raises(UnknownName, match=message):
        results_table(RESULTS, **asked)


def test_metrics_have_words():
    assert title_of("recall_not_normal") == "Recall, not normal"
    assert title_of("f1_normal") == "F1, normal"
    assert title_of("f1_macro") == "F1, mean over classes"


def test_a_block_is_swapped_and_the_rest_kept():
    text = "a\n<!-- t:begin -->\nold\n<!-- t:end -->\nb <!-- u:begin --><!-- u:end -->"
    swapped = replace_block(text, "t", "\nnew\n")
    assert swapped == "a\n<!-- t:begin -->\nnew\n<!-- t:end -->\nb <!-- u:begin --><!-- u:end -->"
    assert replace_block(swapped, "t", "new") == swapped


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("no markers", "'<!-- t:begin -->' stands 0 times"),
        ("<!-- t:begin -->", "'<!-- t:end -->' stands 0 times"),
        ("<!-- t:begin --><!-- t:begin --><!-- t:end -->", "stands 2 times"),
        ("<!-- t:end --><!-- t:begin -->", "stands before"),
    ],
)
def test_markers_must_stand_once_and_in_order(text, message):
    with pytest.raises(UsageError, match=message):
        replace_block(text, "t", "new")
