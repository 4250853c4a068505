"""Of each map in a row: its size, where its energy lies, and whether that is a reason for doubt. No torch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from spermlens.explain._told import titled
from spermlens.spreadsheet import Cell
from spermlens.types import Explanation, Reading, Task

# Of the map's energy. Set on good reasons: on drawn heads a sound map, too, has much thin evidence all over.
# experiments/results/reasons-on-background.json says how many lie beyond it, and how many of a shortcut.
LIMIT = 0.8
FLAG = "reasons_on_background"
SIZE, STABILITY = "map_size", "stability"
PLACE = ("energy_in_head", "energy_over_area", "peak_in_head", "energy_on_background")


def reason_columns(
    tasks: Sequence[Task], methods: Sequence[str], *, outlined: bool = True, steady: bool = False
) -> list[str]:
    """Those that follow where maps are written: for each task and method what is scored, then the flag."""
    names = (SIZE, *(PLACE if outlined else ()), *((STABILITY,) if steady else ()))
    each = [_column(task.name, method, name) for task in tasks for method in methods for name in names]
    return [*each, *([FLAG] if outlined else [])]


def reason_cells(reading: Reading) -> dict[str, Cell]:
    """What is known of its maps; of an outline that should not be relied on, nothing."""
    cells: dict[str, Cell] = {}
    for one in reading.explanations:
        if not one.rival:
            cells[_column(one.task, one.method, SIZE)] = f"{one.map_size[0]}x{one.map_size[1]}"
            for name, value in one.scores.items():
                cells[_column(one.task, one.method, name)] = int(value) if name == "peak_in_head" else value
    placed = any("energy_on_background" in one.scores for one in reading.explanations)
    return cells | {FLAG: "; ".join(on_background(reading.explanations)) if placed else None}


def on_background(explanations: Sequence[Explanation]) -> Iterator[str]:
    """A sentence for each map of which more than LIMIT lies away from the head."""
    for one in explanations:
        share = one.scores.get("energy_on_background", 0.0)
        if share > LIMIT:
            said = f"{one.task} {one.target}".replace("_", " ")
            much = f"{100 * share:.0f} % of the evidence ({titled(one.method)})"
            yield f"{said}: {much} lies away from the head"


def _column(task: str, method: str, name: str) -> str:
    return f"{task}_{method}_{name}"
