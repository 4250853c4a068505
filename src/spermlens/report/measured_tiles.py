"""What was measured on a cell, as a picture and lines of a card."""

from __future__ import annotations

import math
from collections.abc import Mapping

from spermlens.report.outlined import COLOURS, outlined
from spermlens.report.overlay import png_bytes
from spermlens.types import Figure, Image, Measures, Outline, Text

COLOUR_NAMES = {
    "head": "orange",
    "acrosome": "blue",
    "vacuole": "pink",
    "midpiece": "green",
    "tail": "yellow",
}
NAMED = 3  # measures on one line; the row holds all


def outline_figure(
    image: Image, outline: Outline, measures: Measures, name: str, reduced: float = 1.0
) -> Figure:
    """The cell with its outline, axes and a bar; `reduced` pixels as read are one of `image`."""
    seen = [part for part in COLOURS if part in outline.masks and outline.masks[part].any()]
    what = f"outline of {', '.join(reversed(seen))}" if seen else "no outline"
    drawn = outlined(image, outline, measures, reduced)
    return Figure(what, "image/png", png_bytes(drawn), f"The image {name} with its outline: {what}.")


def how_to_read_outlines() -> Text:
    """What the lines on a cell are."""
    colours = ", ".join(f"{part} {colour}" for part, colour in COLOUR_NAMES.items())
    return Text(
        f"Lines: {colours}. White: the axes of the head, along which length and width are taken; a dot marks "
        "the front where the midpiece, tail or acrosome tells it. A dashed line is an outline that should "
        "not be relied on; nothing is judged by it. The bar is in pixels where the size of a pixel is not "
        "known.",
        "note",
    )


def short_line(measures: Measures) -> str:
    """'Length/width 1.42, acrosome 48 %, 1 vacuole'; empty where nothing of it was measured."""
    values, said = measures.values, []
    size = size_in_words(values)
    if size:
        said.append(size)
    if (ratio := values.get("length_over_width")) is not None:
        said.append(f"length/width {ratio:.2f}")
    if (share := values.get("acrosome_share")) is not None:
        said.append(f"acrosome {100 * share:.0f} %")
    if count := values.get("vacuoles"):
        said.append(f"{count:.0f} vacuole{'s' if count > 1 else ''}")
    return ", ".join(said)[:1].upper() + ", ".join(said)[1:]


def size_in_words(values: Mapping[str, float | None]) -> str:
    """'4.61 x 3.02 um' or in pixels; empty where there is no size."""
    for unit, digits, shown in (("um", 2, "\N{MICRO SIGN}m"), ("px", 1, "px")):
        length, width = values.get(f"length_{unit}"), values.get(f"width_{unit}")
        if length is not None and width is not None:
            return f"{length:.{digits}f} × {width:.{digits}f} {shown}"
    return ""


def placed_line(percentiles: Mapping[str, float]) -> str:
    """The measures by which a cell lies at the ends of the normal ones; empty where by none."""
    far = sorted(
        ((name, place) for name, place in percentiles.items() if not 5 <= place <= 95),
        key=lambda one: -abs(one[1] - 50),
    )
    said = [
        f"{name.replace('_', ' ')} {'higher' if place > 50 else 'lower'} than in "
        f"{math.floor(max(place, 100 - place))} %"  # 100 only where it is all of them
        for name, place in far[:NAMED]
    ]
    more = f" and {len(far) - NAMED} more" if len(far) > NAMED else ""
    return f"Of the normal cells learned from: {', '.join(said)}{more}." if said else ""
