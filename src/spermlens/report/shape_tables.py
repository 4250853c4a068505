"""What results/shape.json says of shape alone, as the tables of its page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from spermlens.locate.definitions import DEFINITIONS
from spermlens.report.tables import difference, figure, markdown_table, results_table, title_of

Told = Mapping[str, Any]

METRICS = ("accuracy", "balanced_accuracy", "f1_macro", "log_loss", "ece")
MEANINGS = {one.column(in_um=False): one.meaning for one in DEFINITIONS} | {
    "taper_either_way": "How much wider one third is than the opposite one, whichever is the front",
    "wave_minus_1": "How far the outline is drawn out into an ellipse",
    "wave_plus_2": "How egg-, pear- or bean-shaped the outline is",
    "wave_minus_2": "How egg-, pear- or bean-shaped the outline is",
}
FINER = {
    "wave": "A finer wave of the outline: corners, dents and bumps",
    "log_hu": "A moment of the mask: how far it departs from a disc, or one side from the other",
}


def scores(told: Told) -> str:
    """All recipes, over all images."""
    return results_table({"rows": [*told["rows"], *told["beside"]]}, metrics=METRICS)


def recalls(told: Told) -> str:
    """How many of each class are found, by everything that was measured."""
    rows = [row for row in told["rows"] if row["metric"].startswith("recall_")]
    lines = [
        [row["dataset"], row["model"], title_of(row["metric"]).removeprefix("Recall, "), figure(row)]
        for row in rows
    ]
    return markdown_table(["Data", "Model", "Class", "Recall"], lines)


def reliable(told: Told) -> str:
    """The judgements of cells whose outline can be relied on."""
    counts = [f"{one['dataset']} {one['reliable']} of {one['n_images']}" for one in told["outlines"]]
    table = results_table({"rows": told["reliable"]}, metrics=METRICS[:4])
    return f"Reliable outlines: {', '.join(counts)}.\n\n{table}"


def confusions(told: Told) -> str:
    """A table a data set and model: how often each class was taken for each."""
    parts = []
    for one in told["confusions"]:
        head = [f"{one['dataset']}, {one['model']}", *(f"taken for {name}" for name in one["classes"])]
        lines = [[name, *map(str, row)] for name, row in zip(one["classes"], one["counts"], strict=True)]
        parts.append(markdown_table(head, lines))
    return "\n\n".join(parts)


def telling(told: Told) -> str:
    """The measures without which the log loss rises most."""
    lines = [
        [row["dataset"], f"`{row['measure']}`", meaning_of(row["measure"]), f"{row['log_loss_rises']:.3f}"]
        for row in told["telling"]
    ]
    return markdown_table(["Data", "Measure", "What it says", "Log loss rises by"], lines)


def comparisons(told: Told) -> str:
    """Paired, on the first repeat: McNemar's exact test and the difference in accuracy."""
    lines = [
        [
            *(one["dataset"], one["a"], one["b"], str(one["a_only"]), str(one["b_only"]), f"{one['p']:.2g}"),
            *(difference(one), str(one["n_images"])),
        ]
        for one in told["comparisons"]
    ]
    head = ["Data", "a", "b", "Only a right", "Only b right", "p", "Accuracy of a less that of b", "Images"]
    return markdown_table(head, lines)


def meaning_of(measure: str) -> str:
    """A column in words."""
    finer = next((words for start, words in FINER.items() if measure.startswith(start)), "")
    return MEANINGS.get(measure, finer)


TABLES: Mapping[str, Callable[[Told], str]] = {
    "scores": scores,
    "recalls": recalls,
    "confusions": confusions,
    "comparisons": comparisons,
    "reliable": reliable,
    "telling": telling,
}
