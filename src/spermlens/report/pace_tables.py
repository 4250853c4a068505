"""The table of images a second: every network as it is read, beside a network that everybody can time."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from spermlens.report.paper_lines import NETWORKS
from spermlens.report.tables import markdown_table, three_digits

Row = Mapping[str, Any]
Told = Mapping[str, Any]

CONDITION = re.compile(r"cpu, (?P<threads>\d+ threads?), (?P<views>\d+ views?)")


def pace_table(told: Told) -> str:
    """A line for each network and number of views, and how it was timed."""
    rows: Sequence[Row] = told["rows"]
    figures: dict[tuple[str, str], dict[tuple[str, str], Row]] = {}
    for row in rows:
        threads, views = _condition(row)
        figures.setdefault((row["model"], views), {})[threads, row["metric"]] = row
    ways = list(dict.fromkeys(_condition(row)[0] for row in rows))
    table = []
    for (model, views), of_it in figures.items():
        cells = [
            three_digits(of_it[way, metric]) if (way, metric) in of_it else "–"  # nothing was compared
            for way in ways
            for metric in ("images_per_second", "times_as_fast")
        ]
        table.append([NETWORKS.get(model, model), views, *cells])
    peer = next(row["method"] for row in rows if row["metric"] == "times_as_fast").removeprefix("as ")
    heads = [head for way in ways for head in (f"Images a second, {way}", f"Times as fast as {peer}, {way}")]
    lines = markdown_table(["Network", "Views", *heads], table, numbers=len(heads))
    return f"{lines}\n\nProtocol: {told['protocol']}"


def _condition(row: Row) -> tuple[str, str]:
    """'1 thread', '8 views'."""
    found = CONDITION.fullmatch(row["condition"])
    if found is None:
        raise ValueError(f"'{row['condition']}' does not say with how many threads and views.")
    return found["threads"], found["views"]
