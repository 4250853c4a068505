"""What results/outline.json says of outlines, as the tables of the page on them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from spermlens.report.tables import figure, markdown_table

Row = Mapping[str, Any]
Rows = Sequence[Row]

OURS = "outline"
PARTS = {
    "head": "head",
    "acrosome": "acrosome",
    "nucleus": "nucleus (head but for acrosome)",
    "vacuole": "vacuole",
    "midpiece": "midpiece",
    "tail": "tail",
    "thread": "midpiece and tail as one",
}
MEASURES = ("length", "width", "area", "perimeter", "length_over_width", "acrosome_share")
UNSEEN, LOOKED_AT = "unseen half", "half looked at"
HEADS, CELLS = "heads, default look", "cells, default look"
WAYS = {
    OURS: "spermlens",
    "otsu": "Otsu's level, opening, largest piece",
    "morphological_chan_vese": "morphological Chan-Vese, 35 rounds",
}
MOST_REASONS = 3


def experts(rows: Rows) -> str:
    """Dice against experts, by part."""
    found = Figures(rows, "sperm_parsing")
    heading = [
        "Part",
        "Unseen half",
        "Of it, reliable",
        "Half looked at",
        "Drawn where experts did",
        "Images",
    ]
    table = []
    for part, words in PARTS.items():
        unseen = found.one(part, "dice", f"{UNSEEN}; all")
        others = (
            found.one(part, "dice", f"{UNSEEN}; reliable"),
            found.one(part, "dice", f"{LOOKED_AT}; all"),
            found.one(part, "drawn", f"{UNSEEN}; all"),
        )
        counts = [_count(one) for one in (unseen, *others[:2])]
        table.append([words, figure(unseen), *map(figure, others), " / ".join(counts)])
    return markdown_table(heading, table)


def drawings(rows: Rows) -> str:
    """Dice on drawings of the default look, by part."""
    found = Figures(rows, "synthetic")
    heading = [
        "Part",
        "Heads",
        "Of them, reliable",
        "Cells",
        "Drawn where there",
        "Drawn where not there",
        "Images",
    ]
    table = []
    for part, words in PARTS.items():
        overlaps = [
            found.one(part, "dice", f"{HEADS}; all"),
            found.one(part, "dice", f"{HEADS}; reliable"),
            found.one(part, "dice", f"{CELLS}; all"),
        ]
        others = [found.one(part, metric, f"{HEADS}; all") for metric in ("drawn", "invented")]
        counts = [_count(one) for one in (*overlaps, others[1])]
        table.append([words, *map(figure, [*overlaps, *others]), " / ".join(counts)])
    return markdown_table(heading, table)


def conditions(rows: Rows) -> str:
    """Heads of experts, and of drawings as they grow harder: how many are relied on, and what for."""
    names = [
        (row["dataset"], row["condition"])
        for row in rows
        if row["metric"] == "reliable" and (row["dataset"] == "synthetic" or row["condition"] == UNSEEN)
    ]
    heading = [
        "Images",
        "Reliable",
        "Dice, all",
        "Dice, reliable",
        "Missed, of all",
        "Missed, of the reliable",
    ]
    table = []
    for dataset, name in sorted(names, key=lambda one: one[1] != UNSEEN):
        found = Figures(rows, dataset)
        cells = [
            found.one("head", "reliable", name),
            found.one("head", "dice", f"{name}; all"),
            found.one("head", "dice", f"{name}; reliable"),
            found.one("head", "dice_below_0.8", f"{name}; all"),
            found.one("head", "dice_below_0.8", f"{name}; reliable"),
        ]
        what = f"experts, {name}" if name == UNSEEN else name
        table.append([what, *map(figure, cells), f"{_count(cells[1])} / {_count(cells[2])}"])
    return markdown_table([*heading, "Number"], table)


def errors(rows: Rows) -> str:
    """What outlines add to the error of measures, for those that are relied on."""
    heading = ["Measure"]
    heading += [
        f"{what}: {size}" for what in ("Experts", "Drawings") for size in ("half are within", "95 % within")
    ]
    heading += ["Experts: median of the signed error", "Images"]
    places = ((Figures(rows, "sperm_parsing"), UNSEEN), (Figures(rows, "synthetic"), HEADS))
    table = []
    for name in MEASURES:
        cells = [
            found.one(name, metric, f"{condition}; reliable")
            for found, condition in places
            for metric in ("median_error", "p95_error")
        ]
        signed = places[0][0].one(name, "median_signed_error", f"{UNSEEN}; reliable")
        counts = f"{_count(cells[0])} / {_count(cells[2])}"
        table.append([name, *map(figure, [*cells, signed]), counts])
    return markdown_table(heading, table)


def real(rows: Rows) -> str:
    """How many outlines of real sets are relied on, and the commonest reasons against the others."""
    table = []
    for row in rows:
        if row["metric"] != "reliable" or row["dataset"] == "synthetic":
            continue
        reasons = [
            other
            for other in rows
            if other["metric"] == "reason"
            and (other["dataset"], other["condition"]) == (row["dataset"], row["condition"])
        ]
        told = [f"{one['method']} {one['value']:.3f}" for one in reasons[:MOST_REASONS]]
        table.append([row["dataset"], row["condition"], figure(row), " ".join(told) or "–", _count(row)])
    return markdown_table(["Data", "Which", "Reliable", "Commonest reasons against", "Images"], table)


def peers(rows: Rows) -> str:
    """Heads found by other ways, on the same images: how well, and how fast on one core."""
    table = []
    for row in rows:
        if row["metric"] != "crops_per_second" or row["model"] == OURS:
            continue
        place = (row["dataset"], row["condition"])
        same = [one for one in rows if (one["dataset"], one["condition"]) == place and one["task"] == "head"]
        ours = {one["metric"]: one for one in same if one["method"] == f"on the crops of {row['model']}"}
        theirs = {one["metric"]: one for one in same if one["model"] == row["model"]}
        what = f"{place[0]}, {place[1].removesuffix('; all')}"
        if row["model"] == "otsu":
            table.append([what, WAYS[OURS], *_way(ours), "1", _count(row)])
        times = figure(ours["times_as_fast"])
        table.append([what, WAYS[row["model"]], *_way(theirs), times, _count(row)])
    heading = ["Images", "Way", "Dice of the head", "Crops a second", "Its time over ours", "Number"]
    return markdown_table(heading, table)


def judged(rows: Rows) -> str:
    """What a person said who looked at outlines of real sets."""
    places = dict.fromkeys(
        (row["dataset"], row["condition"]) for row in rows if row["metric"].startswith("judged_")
    )
    if not places:
        return "Nobody has judged any yet."
    table = []
    for dataset, condition in places:
        found = Figures(rows, dataset)
        cells = [found.one("head", f"judged_{name}", condition) for name in ("right", "wrong", "no_head")]
        table.append([dataset, condition, *map(figure, cells), _count(cells[0])])
    return markdown_table(["Data", "Which", "Right", "Wrong", "No head", "Images"], table)


TABLES: Mapping[str, Callable[[Rows], str]] = {
    "experts": experts,
    "errors": errors,
    "drawings": drawings,
    "conditions": conditions,
    "real": real,
    "judged": judged,
    "peers": peers,
}


class Figures:
    """The rows of ours on one data set, by task, metric and condition."""

    def __init__(self, rows: Rows, dataset: str) -> None:
        self._rows = {
            (row["task"], row["metric"], row["condition"]): row
            for row in rows
            if row["dataset"] == dataset and row["model"] == OURS and not row["method"]
        }

    def one(self, task: str, metric: str, condition: str) -> Row | None:
        return self._rows.get((task, metric, condition))


def _way(found: Mapping[str, Row]) -> tuple[str, str]:
    return figure(found["dice"]), _speed(found["crops_per_second"])


def _speed(row: Row) -> str:
    return f"{row['value']:.0f} ({row['low']:.0f}-{row['high']:.0f})"


def _count(row: Row | None) -> str:
    return "–" if row is None else str(row["n_images"])
