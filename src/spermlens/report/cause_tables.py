"""What results/known-causes.json says of reasons, as the tables of the page on measured reasons."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from spermlens.report.tables import figure, markdown_table

Row = Mapping[str, Any]
Rows = Sequence[Row]

METRICS = {
    "peak_on_cause": "Peak on the cause",
    "peak_cell_on_cause": "Its cell touches the cause",
    "energy_on_cause": "Energy on the cause",
}
NOBODY = {"blob": "*blob in the middle*", "area": "*chance: the area's share*"}
EVERY, LARGE = "every defect", "larger than a map cell"
SMALL = "smaller than a map cell"
AWAY = "away from the middle"
AUROC = "auroc_"
TAUGHT, CLEAN = "taught by a mark", "clean"
MEASURES = {
    "energy_in_head": "Energy in the head",
    "energy_over_area": "Energy in the head over its area share",
    "peak_in_head": "Peak in the head",
    "probability_head_alone": "Probability of the class, head alone",
    "probability_head_erased": "Probability of the class, head erased (low is good)",
    "deletion": "Deletion (low is good)",
    "insertion": "Insertion",
    "average_drop": "Average drop (low is good)",
    "stability": "Stability",
}


def methods(rows: Rows) -> str:
    """All causes larger than a map cell together: a line a method and place."""
    return _lines(rows, LARGE)


def small(rows: Rows) -> str:
    """The same of the smaller ones."""
    return _lines(rows, SMALL)


def defects(rows: Rows) -> str:
    """How often the peak is on the cause, by method and defect, heads away from the middle."""
    found: dict[tuple[str, str], dict[str, Row]] = {}
    for row in rows:
        place, _, size = row["condition"].partition("; ")
        if row["metric"] == "peak_on_cause" and place == AWAY and row["task"] != EVERY:
            found.setdefault((row["task"], size), {})[row["method"]] = row
    methods = dict.fromkeys(method for by_method in found.values() for method in by_method)
    lines = [
        [_method(method), *(figure(by_method.get(method)) for by_method in found.values())]
        for method in sorted(methods, key=NOBODY.__contains__)
    ]
    counts = [str(max(row["n_images"] for row in by_method.values())) for by_method in found.values()]
    return markdown_table(["Method", *map(", ".join, found)], [*lines, ["Images", *counts]])


def read(rows: Rows) -> str:
    """How often each defect is called by its name at all."""
    chosen = [row for row in rows if row["metric"] == "read"]
    lines = [[row["task"], row["condition"], figure(row), str(row["n_images"])] for row in chosen]
    return markdown_table(["Defect", "Heads", "Called by its name", "Images"], lines)


def shortcut(rows: Rows) -> str:
    """Each measure of both networks, and how well it tells them apart."""
    found = {(row["metric"], row["condition"]): row for row in rows}
    lines = []
    for metric, words in MEASURES.items():
        apart = next((row for row in rows if row["metric"] == AUROC + metric), None)
        each = [figure(found.get((metric, name))) for name in (CLEAN, TAUGHT)]
        lines.append([words, *each, figure(apart), "–" if apart is None else str(apart["n_images"])])
    return markdown_table(["Measure", "Clean", "Taught by a mark", "AUROC", "Images"], lines)


def accuracies(rows: Rows) -> str:
    """What both networks get right, where the dots tell the class and where they lie."""
    chosen = [row for row in rows if row["metric"] == "exact_accuracy"]
    lines = [[*row["condition"].split("; "), figure(row), str(row["n_images"])] for row in chosen]
    return markdown_table(["Network", "Pictures", "Accuracy", "Images"], lines)


TABLES: Mapping[str, Callable[[Rows], str]] = {
    "methods": methods,
    "small": small,
    "defects": defects,
    "read": read,
    "shortcut": shortcut,
    "accuracies": accuracies,
}


def _lines(rows: Rows, size: str) -> str:
    groups: dict[tuple[str, str], dict[str, Row]] = {}
    for row in rows:
        place, _, found = row["condition"].partition("; ")
        if row["task"] == EVERY and found == size:
            groups.setdefault((place, row["method"]), {})[row["metric"]] = row
    order = sorted(groups, key=lambda key: (key[0], key[1] in NOBODY))
    lines = [
        [
            where,
            _method(method),
            *(figure(groups[where, method].get(metric)) for metric in METRICS),
            str(max(row["n_images"] for row in groups[where, method].values())),
        ]
        for where, method in order
    ]
    return markdown_table(["Heads", "Method", *METRICS.values(), "Images"], lines)


def _method(name: str) -> str:
    return NOBODY.get(name, f"`{name}`")
