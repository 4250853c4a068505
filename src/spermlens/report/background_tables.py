"""What results/reasons-on-background.json says of the flag, as the table of the page on reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from spermlens.predict.reason_rows import LIMIT
from spermlens.report.tables import figure, markdown_table

Row = Mapping[str, Any]
BESIDE = 0.1  # how far the limits lie from that in use that are told beside it
SHARE = "share_above_"


def flagged(rows: Sequence[Row]) -> str:
    """How often more than the limit lies away from the head, and more than one a tenth below and above."""
    limits = [round(LIMIT + step * BESIDE, 1) for step in (-1, 0, 1)]
    metrics = [f"{SHARE}{limit:g}" for limit in limits]
    groups: dict[tuple[str, ...], dict[str, Row]] = {}
    for row in rows:
        asked = (row["dataset"], row["condition"], f"`{row['model']}`", row["task"].replace("_", " "))
        groups.setdefault(asked, {})[row["metric"]] = row
    lines = [
        [*asked, *(figure(of.get(metric)) for metric in metrics), str(next(iter(of.values()))["n_images"])]
        for asked, of in groups.items()
    ]
    headings = [f"above {limit:g}{', in use' if limit == LIMIT else ''}" for limit in limits]
    return markdown_table(["Data", "What is asked", "Network", "Question", *headings, "Images"], lines)
