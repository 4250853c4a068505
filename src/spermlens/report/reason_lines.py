"""What is measured of a reason, as lines of a card and a table of a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from spermlens.explain._told import titled
from spermlens.predict.reason_rows import FLAG, LIMIT, on_background
from spermlens.report.tiles import begun, percent, said
from spermlens.types import Explanation, Reading, Section, Table, Text


def reason_lines(reading: Reading) -> list[str]:
    """A line for each map of which something was measured, then where it lies on the background."""
    scored = [one for one in reading.explanations if one.scores]
    doubts = [f"Look again: {sentence}." for sentence in on_background(scored)]
    return [*map(_line, scored), *doubts]


def reasons_on_background(rows: Sequence[Mapping[str, Any]]) -> list[Section]:
    """Every image whose reason lies away from the head, those that are not shown included."""
    found = [(str(row["image"]), str(row[FLAG])) for row in rows if row.get(FLAG)]
    if not found:
        return []
    caption = (
        f"{len(found)} of {len(rows)} images: more than {percent(LIMIT, 0)} of the evidence for the "
        "class lies farther from the head than half a cell of the map. The decision may be right for a bad "
        "reason, or the outline wrong: look again."
    )
    return [Section("Reasons on the background", (Table(caption, ("Image", "What"), tuple(found)),))]


def how_to_read_reasons(scores: set[str]) -> list[Text]:
    """What the figures under a card mean, of those that were measured; nothing where none was."""
    said = []
    if "energy_over_area" in scores:
        said.append(
            "Under each card stands how much of the evidence for the class lies in the outline of the head, "
            "and how many times denser it is there than over all that the network saw: 1 is a map that knows "
            "nothing. Heads lie in the middle, and a blob drawn there blindly hits them, too. So a reason on "
            "the head is little praise, and one beside it is a reason to doubt."
        )
    if "stability" in scores:
        said.append(
            "Stability says how alike the maps of the cell turned and mirrored are, 1 at most. Where it is "
            "low the map hangs on how the cell lies: do not read details out of it."
        )
    return [Text(" ".join(said), "note")] if said else []


def _line(one: Explanation) -> str:
    """'Head shape, CAM: 62 % of the evidence for tapered lies in the head; stability 0.58.'"""
    scores, parts = one.scores, []
    if (energy := scores.get("energy_in_head")) is not None:
        parts.append(f"{percent(energy, 0)} of the evidence for {said(one.target)} lies in the head")
    if (dense := scores.get("energy_over_area")) is not None:
        parts[-1] += f", {dense:.1f} times the head's share of the area"
    if (peak := scores.get("peak_in_head")) is not None:
        parts.append(f"its strongest point lies {'inside' if peak else 'outside'}")
    if (steady := scores.get("stability")) is not None:
        parts.append(f"stability {steady:.2f}")
    return f"{begun(said(one.task))}, {titled(one.method)}: {'; '.join(parts)}."
