"""What results/explain-hushem.json and explain-smids.json say, as the tables of the verdict on attention."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from spermlens.report.tables import difference, figure, markdown_table

Row = Mapping[str, Any]
Rows = Sequence[Row]
Lines = Mapping[tuple[str, str, str], Mapping[str, Row]]  # metric, method, condition: rows by alias

WITH, WITHOUT, BOTH = "b0-cbam", "b0", "b0-cbam less b0"
COLUMNS = ("With CBAM", "Without", "Difference", "Images")
NOBODY = {"blob": "*blob in the middle*", "area": "*chance: the area's share*"}
LESS_BLOB = "less the blob"
PLACES = {
    "peak_in_head": "Peak in the head",
    "energy_in_head": "Energy in the head",
    "energy_over_area": "Energy in the head over its area share",
}
FAITHFUL = {
    "deletion": "Deletion (low is good)",
    "insertion": "Insertion",
    "average_drop": "Average drop (low is good)",
    "average_increase": "How often it rises",
}
STEADY = {
    "stability": "Stability",
    "class_similarity": "Class similarity (low is good)",
    "no_evidence": "Maps without evidence",
}
FORGOTTEN = {"likeness_forgotten": "Likeness"}
SHORT = {  # what the question comes down to, and what would be good: metric, method, condition
    ("Right answers", "many"): ("exact_accuracy", "", "whole"),
    ("Energy of CAM in the head over its area share", "well above 1"): ("energy_over_area", "cam", ""),
    ("Peak of CAM in the head", "nearly always"): ("peak_in_head", "cam", ""),
    ("What is lost when the picture is seen through its CAM", "little"): ("average_drop", "cam", ""),
    ("How far CAM turns with its picture", "near 1"): ("stability", "cam", ""),
    ("How alike the CAMs of two classes are", "well below 1"): ("class_similarity", "cam", ""),
}
PARTS = {
    "whole": "everything",
    "head": "the head alone",
    "background": "all but the head",
    "head_erased": "all but a disc that holds the head",
}


def in_short(rows: Rows) -> str:
    """A line a question, and what its difference shows of these images and these trainings."""
    known = _lines(rows)
    lines = [
        [*words, *_cells(known[key]), _shown(known[key].get(BOTH))]
        for words, key in SHORT.items()
        if key in known
    ]
    return markdown_table(["Question", "Good is", *COLUMNS, "Shown"], lines) if lines else ""


def places(rows: Rows) -> str:
    """Where maps lie, those of nobody last in each measure."""
    return _by_method(rows, PLACES, "")


def beyond_the_blob(rows: Rows) -> str:
    """How much more of a map lies in the head than of a blob, on the same images."""
    return _by_method(rows, PLACES, LESS_BLOB)


def faithful(rows: Rows) -> str:
    """Whether the answer follows the map."""
    return _by_method(rows, FAITHFUL, "")


def steady(rows: Rows) -> str:
    """Whether a map turns with its picture, and tells classes apart."""
    return _by_method(rows, STEADY, "")


def forgotten(rows: Rows) -> str:
    """How alike maps stay while the network forgets."""
    lines = [
        [condition, _method(method), *_cells(found)]
        for (metric, method, condition), found in _lines(rows).items()
        if metric in FORGOTTEN
    ]
    return _table(["What has been forgotten", "Method"], lines)


def parts(rows: Rows) -> str:
    """What is right where parts of the picture are grey."""
    known = _lines(rows)
    lines = [
        [words, *_cells(known["exact_accuracy", "", name])]
        for name, words in PARTS.items()
        if ("exact_accuracy", "", name) in known
    ]
    return _table(["What is shown"], lines)


TABLES: Mapping[str, Callable[[Rows], str]] = {
    "short": in_short,
    "places": places,
    "beyond": beyond_the_blob,
    "faithful": faithful,
    "steady": steady,
    "forgotten": forgotten,
    "parts": parts,
}


def _by_method(rows: Rows, metrics: Mapping[str, str], condition: str) -> str:
    known = _lines(rows)
    order = sorted(known, key=lambda key: key[1] in NOBODY)
    lines = [
        [words, _method(method), *_cells(known[key, method, said])]
        for metric, words in metrics.items()
        for key, method, said in order
        if key == metric and said == condition
    ]
    return _table(["Measure", "Method"], lines)


def _table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Empty where nothing of it is known yet."""
    return markdown_table([*head, *COLUMNS], lines) if lines else ""


def _lines(rows: Rows) -> Lines:
    found: dict[tuple[str, str, str], dict[str, Row]] = {}
    for row in rows:
        found.setdefault((row["metric"], row["method"], row["condition"]), {})[row["alias"]] = row
    return found


def _cells(found: Mapping[str, Row]) -> list[str]:
    counts = sorted({row["n_images"] for row in found.values()})
    each = [_figure(found.get(alias)) for alias in (WITH, WITHOUT, BOTH)]
    return [*each, " / ".join(map(str, counts))]


def _figure(row: Row | None) -> str:
    """A difference, and what lies on both sides of 0, with 'to' between its ends."""
    if row is None or (row["alias"] != BOTH and (row["low"] is None or row["low"] >= 0)):
        return figure(row)
    return difference({**row, "difference": row["value"]})


def _shown(apart: Row | None) -> str:
    """What the interval of a difference says; where it holds 0, nothing."""
    if apart is None or apart["low"] is None or apart["low"] <= 0 <= apart["high"]:
        return "nothing"
    return "more with CBAM" if apart["value"] > 0 else "less with CBAM"


def _method(name: str) -> str:
    return NOBODY.get(name, f"`{name}`")
