"""What each piece of a recipe is worth: one piece changed, against the base on the same images."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from spermlens.report.paper_lines import DATA, Line, lines_of
from spermlens.report.tables import difference, figure, markdown_table

Told = Mapping[str, Any]

WORDS = {
    "no-pretraining": "random weights instead of those of ImageNet",
    "no-cbam": "without CBAM",
    "no-freeze": "everything learns from the start, no phase of the head alone",
    "no-mixup": "without MixUp",
    "no-smoothing": "without label smoothing",
    "no-augmentation": "without augmentation",
    "no-average": "without the average of weights",
    "96px": "squares of 96 pixels",
    "192px": "squares of 192 pixels",
    "stride-16": "output stride 16: a map of twice as many rows and columns",
}


def pieces(told: Told) -> str:
    """The base of each data set, then what differs; a difference above 0 is in favour of the change."""
    lines = {line.recipe: line for line in lines_of(told) if line.network}
    bases = dict.fromkeys(
        [*(one["recipe"] for one in told["views"]), *(one["a"] for one in told["comparisons"])]
    )
    table = [row for base in bases for row in _of_base(told, lines, base)]
    head = ["Data", "What is changed", "Accuracy", "Accuracy less that of the base", "Only the base right"]
    return markdown_table([*head, "Only this right", "p", "p, corrected", "Images"], table, numbers=7)


def _of_base(told: Told, lines: Mapping[str, Line], base: str) -> Iterator[list[str]]:
    line = lines[base]
    data = DATA.get(line.dataset, line.dataset)
    yield [data, "nothing: the base", figure(line.scores["accuracy"]), *["–"] * 5, line.judged]
    for one in told["views"]:
        if one["recipe"] == base:
            yield [data, f"{one['b']} instead of {one['a']}", _single(told, base, one["b"]), *_against(one)]
    for one in told["comparisons"]:
        if one["a"] == base:
            changed = lines[one["b"]]
            words = words_of_change(changed.recipe, line.dataset)
            yield [data, words, figure(changed.scores["accuracy"]), *_against(one)]


def words_of_change(recipe: str, dataset: str) -> str:
    """'hushem-no-mixup' -> 'without MixUp'; a name without words speaks for itself."""
    change = recipe.removeprefix(f"{dataset}-")
    return WORDS.get(change, change.replace("-", " "))


def _against(one: Told) -> list[str]:
    """A comparison with the base as a, turned round: what the change does."""
    turned = {"difference": -one["difference"], "low": None, "high": None}
    if one["low"] is not None:
        turned |= {"low": -one["high"], "high": -one["low"]}
    corrected = f"{one['p_holm']:.2g}" if "p_holm" in one else "–"
    counts = [str(one["a_only"]), str(one["b_only"])]
    return [difference(turned), *counts, f"{one['p']:.2g}", corrected, str(one.get("n", one.get("n_images")))]


def _single(told: Told, recipe: str, condition: str) -> str:
    found = (
        row
        for row in told["rows"]
        if (row["recipe"], row["condition"], row["metric"]) == (recipe, condition, "accuracy")
    )
    return figure(next(found, None))
