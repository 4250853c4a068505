"""The outline of a cell and what is measured on it, as a row. No torch.

Lengths and areas have a column in pixels, always filled, and one in micrometres, empty where the size of a
pixel is not known: so images of both kinds stand in one table, and no column mixes units.
"""

from __future__ import annotations

from collections.abc import Mapping

from spermlens.locate.definitions import DEFINITIONS, POWERS, Definition
from spermlens.locate.measure import measure
from spermlens.locate.segment import outline
from spermlens.locate.who import LIMITS, who
from spermlens.spreadsheet import Cell
from spermlens.types import Image, Measures, Outline

MEASURES = tuple(
    dict.fromkeys(
        column for found in DEFINITIONS for column in (found.column(in_um=False), found.column(in_um=True))
    )
)
VERDICT = (*(f"who_{name}" for name in LIMITS), "who_scope", "who_edition")
COLUMNS = ("image", "status", "reliability", "reason", "um_per_pixel", "front_from", *MEASURES, *VERDICT)


def located(image: Image, um_per_pixel: float | None) -> tuple[Outline, Measures]:
    """The outline of the cell in a crop, and every measure of it."""
    found = outline(image)
    return found, measure(found, image, um_per_pixel)


def cells_of(measures: Measures) -> dict[str, float | None]:
    """A value for each of MEASURES."""
    return {
        column: value
        for definition in DEFINITIONS
        for column, value in _in_both_units(definition, measures).items()
    }


def status_of(outline: Outline) -> str:
    """measured, or unreliable: then it is measured all the same, and the reason goes along."""
    return "measured" if outline.reliable else "unreliable"


def row_of(id: str, outline: Outline, measures: Measures) -> dict[str, Cell]:
    """A cell for each of COLUMNS."""
    said = who(measures)
    return {
        "image": id,
        "status": status_of(outline),
        "reliability": outline.reliability,
        "reason": outline.reason,
        "um_per_pixel": measures.um_per_pixel,
        "front_from": measures.axes.front_from if measures.axes else None,
        **cells_of(measures),
        **{f"who_{name}": item.found.value for name, item in said.items.items()},
        "who_scope": said.scope,
        "who_edition": said.edition,
    }


def bad_row(id: str, message: str) -> dict[str, Cell]:
    """The row of an image that could not be read: all but the reason stays empty."""
    return {**dict.fromkeys(COLUMNS), "image": id, "status": "bad_input", "reason": message}


def _in_both_units(definition: Definition, measures: Measures) -> Mapping[str, float | None]:
    in_px, in_um = definition.column(in_um=False), definition.column(in_um=True)
    scale = measures.um_per_pixel
    value = measures.values.get(in_px if scale is None else in_um)
    if in_px == in_um:
        return {in_px: value}
    if scale is None or value is None:
        return {in_px: value, in_um: None}
    return {in_px: value / scale ** POWERS[definition.kind], in_um: value}
