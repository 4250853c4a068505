"""What results/task-causes.json says: whether each task's map points at its own part of the cell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spermlens.report.tables import difference, figure, markdown_table

Told = Mapping[str, Any]

READ = "defect called by its name"
LESS = "_difference"


def parts(told: Told) -> str:
    """A line a part, method, place and map: its density there, and what of it the defect adds."""
    rows = [row for row in told["rows"] if not row["metric"].endswith(LESS)]
    found: dict[tuple[str, ...], dict[str, Any]] = {}
    for row in rows:
        place, said, *of = row["condition"].split("; ")
        if of and said == READ:
            found.setdefault((row["task"], row["method"], place, of[0]), {})[row["metric"]] = row
    table = [
        [
            part,
            f"`{method}`",
            place,
            name if name != "blob" else "*blob in the middle*",
            *(figure(scores.get(metric)) for metric in ("energy_over_area", "energy_over_area_change")),
            str(next(iter(scores.values()))["n_images"]),
        ]
        for (part, method, place, name), scores in found.items()
    ]
    head = ["Part", "Method", "Heads", "Map of", "Density on the part", "Added by the defect", "Images"]
    return markdown_table(head, table, numbers=3)


def differences(told: Told) -> str:
    """By how much the map of a part's own task is denser there than that of the head's shape, paired."""
    found: dict[tuple[str, ...], dict[str, Any]] = {}
    for row in told["rows"]:
        if row["metric"].endswith(LESS):
            place, said, _ = row["condition"].split("; ")
            found.setdefault((row["task"], row["method"], place, said), {})[row["metric"]] = row
    table = [
        [
            part,
            f"`{method}`",
            place,
            said,
            *(_signed(scores[f"energy_over_area{of}{LESS}"]) for of in ("", "_change")),
            str(next(iter(scores.values()))["n_images"]),
        ]
        for (part, method, place, said), scores in found.items()
    ]
    head = ["Part", "Method", "Heads", "Images in which", "Denser by", "More added by the defect", "Images"]
    return markdown_table(head, table, numbers=3)


def called(told: Told) -> str:
    """How often each defect is called by its name."""
    rows = {
        (row["task"], row["condition"].partition("; ")[0]): row
        for row in told["rows"]
        if row["metric"] == "read"
    }
    table = [[part, place, figure(row), str(row["n_images"])] for (part, place), row in rows.items()]
    return markdown_table(["Defect of", "Heads", "Called by its name", "Images"], table, numbers=2)


def _signed(row: Mapping[str, Any]) -> str:
    return difference({**row, "difference": row["value"]})


TABLES = {"maps-parts": parts, "maps-differences": differences, "maps-called": called}
