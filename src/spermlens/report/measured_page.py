"""The page of measured cells: the sample in figures, cells with their outlines, what was not measured."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from spermlens.evaluate.counts import share
from spermlens.locate.definitions import DEFINITIONS, Definition
from spermlens.locate.who import EDITION, LIMITS, Found, Limits, who
from spermlens.report.measured_tiles import how_to_read_outlines, outline_figure, short_line
from spermlens.types import Gallery, Image, Measures, Outline, Report, Section, Table, Text, Tile

HEAD_ONLY = "Only the head is judged: whether a cell is a normal form by WHO is not said here."
JUDGED = (Found.INSIDE, Found.BELOW, Found.ABOVE)
LIGHT = DEFINITIONS[[definition.name for definition in DEFINITIONS].index("head_mean") :]
NOT_ENOUGH = 5  # cells: of fewer no spread is given

Row = Mapping[str, Any]


def measured_report(
    rows: Sequence[Row], tiles: Mapping[str, Sequence[Tile]], facts: Mapping[str, Any]
) -> Report:
    """`rows` are all images as `measure` writes them, `tiles` the cards to be shown by their status."""
    measured = [row for row in rows if row["status"] == "measured"]
    sections: list[Section] = [
        Section("", (Text(_counted(rows), "lead"), Text(f"{HEAD_ONLY} Limits: {EDITION}.", "warning"))),
        *_against_who(measured),
        *_sample("Shape and parts", measured, [d for d in DEFINITIONS if d not in LIGHT]),
        *_galleries(rows, tiles),
        *_sample("Light and stain", measured, LIGHT),
        *_unreadable(rows),
    ]
    count = f"{len(rows)} {'image' if len(rows) == 1 else 'images'}, measured from outlines"
    return Report(title="Sperm heads, measured", subtitle=count, sections=tuple(sections), facts=facts)


def tile_of(id: str, image: Image, outline: Outline, measures: Measures) -> Tile:
    """A card: the cell with its outline, its main measures and how it lies against the limits."""
    figure = outline_figure(image, outline, measures, id)
    if not outline.reliable:
        why = (short_line(measures), f"Not relied on: {outline.reason}")
        return Tile(
            title=id,
            verdict="Outline not reliable",
            tone="unsure",
            figures=(figure,),
            lines=tuple(filter(None, why)),
        )
    verdict = who(measures)
    outside = ", ".join(f"{_words(name)} {verdict.items[name].found.value}" for name in verdict.outside)
    judged = [name for name, item in verdict.items.items() if item.found in JUDGED]
    unknown = (
        " Length and width are not judged: pixel size not known." if measures.um_per_pixel is None else ""
    )
    if not judged:
        said, tone = "Nothing to judge", "plain"
    elif outside:
        said, tone = "Outside the limits", "bad"
    else:
        said, tone = "Inside the limits", "good"
    lines = (
        short_line(measures),
        f"{outside[:1].upper()}{outside[1:]}." if outside else "",
        f"Held against {EDITION}: {verdict.scope}.{unknown}",
    )
    return Tile(title=id, verdict=said, tone=tone, figures=(figure,), lines=tuple(filter(None, lines)))


def spread(values: Sequence[float]) -> tuple[float, float, float, float, float]:
    """Median, the ends of its 95 % interval by order of the values, and the 5th and 95th percentile."""
    from scipy.stats import binom

    ordered = np.sort(np.asarray(values, np.float64))
    below = int(binom.ppf(0.025, len(ordered), 0.5))
    low, high = ordered[max(below - 1, 0)], ordered[min(len(ordered) - below, len(ordered) - 1)]
    median, first, last = np.percentile(ordered, (50, 5, 95))
    return float(median), float(low), float(high), float(first), float(last)


def _counted(rows: Sequence[Row]) -> str:
    found = Counter(str(row["status"]) for row in rows)
    words = {"measured": "measured", "unreliable": "with an outline not relied on", "bad_input": "unreadable"}
    parts = [f"{found[status]} {word}" for status, word in words.items() if found[status]]
    return f"{len(rows)} {'image' if len(rows) == 1 else 'images'}: {', '.join(parts)}."


def _sample(title: str, rows: Sequence[Row], definitions: Sequence[Definition]) -> list[Section]:
    """Measures over the reliable cells; in micrometres for those whose pixel size is known."""
    lines = [line for definition in definitions for line in _lines(rows, definition)]
    if not lines:
        return []
    caption = (
        "Over the cells whose outline is reliable. A cell without a value for a measure is left out of it. "
        "The interval of the median is by the order of the values and takes cells as independent. Midpiece "
        "and tail are as long as the image shows them; the angle counts alike to either side."
    )
    headings = ("Measure", "Median", "95 % interval of it", "5 to 95 % of the cells", "Cells")
    return [Section(title, (Table(caption, headings, tuple(lines)),))]


def _lines(rows: Sequence[Row], definition: Definition) -> list[tuple[str | int, ...]]:
    """In micrometres, and in pixels where that tells of more cells."""
    lines: list[tuple[str | int, ...]] = []
    counted = 0
    for column in dict.fromkeys((definition.column(in_um=True), definition.column(in_um=False))):
        values = [_unsigned(column, row[column]) for row in rows if row.get(column) is not None]
        if len(values) < NOT_ENOUGH or len(values) == counted:
            continue
        counted = len(values)
        median, low, high, first, last = spread(values)
        spans = (f"{_figure(low)} to {_figure(high)}", f"{_figure(first)} to {_figure(last)}")
        lines.append((_titled(column), _figure(median), *spans, counted))
    return lines


def _against_who(rows: Sequence[Row]) -> list[Section]:
    lines: list[tuple[str | int, ...]] = []
    for name, limits in LIMITS.items():
        found = Counter(str(row[f"who_{name}"]) for row in rows)
        total = sum(found[word] for word in JUDGED)
        if not total:
            lines.append((_words(name), _span(limits), 0, "–", "–", "–", "–"))
            continue
        inside = share(found[Found.INSIDE], total)
        lines.append(
            (
                _words(name),
                _span(limits),
                total,
                found[Found.BELOW],
                found[Found.ABOVE],
                f"{100 * inside.value:.0f} %",
                f"{100 * inside.low:.0f}–{100 * inside.high:.0f} %",
            )
        )
    caption = (
        f"{EDITION}, head only. Cells whose outline is reliable; length and width are judged only where the "
        "size of a pixel is known. The interval of the share is exact (Clopper-Pearson)."
    )
    headings = ("Item", "Limits", "Judged", "Below", "Above", "Inside", "95 % interval")
    return [Section("Against the limits", (Table(caption, headings, tuple(lines)),))] if rows else []


def _galleries(rows: Sequence[Row], tiles: Mapping[str, Sequence[Tile]]) -> list[Section]:
    found = Counter(str(row["status"]) for row in rows)
    sections: list[Section] = []
    for status, title in (("measured", "Cells"), ("unreliable", "Not relied on")):
        shown = tuple(tiles.get(status, ()))
        if shown:
            aid = (how_to_read_outlines(),) if not sections else ()
            caption = f"{len(shown)} of {found[status]} images."
            sections.append(Section(title, (*aid, Gallery(caption, shown))))
    return sections


def _unreadable(rows: Sequence[Row]) -> list[Section]:
    bad = tuple((str(row["image"]), str(row["reason"])) for row in rows if row["status"] == "bad_input")
    return [Section("Not read", (Table("Files that gave no image.", ("File", "Why"), bad),))] if bad else []


def _span(limits: Limits) -> str:
    unit = " \N{MICRO SIGN}m" if limits.unit else ""
    if limits.high == 0:
        return "none"
    if limits.low is None:
        return f"up to {limits.high:g}{unit}"
    return f"{limits.low:g} to {limits.high:g}{unit}"


def _unsigned(column: str, value: Any) -> float:
    """Which way a midpiece turns depends on how the cell lies: over many cells the sides would cancel out."""
    return abs(float(value)) if column == "midpiece_angle_deg" else float(value)


def _figure(value: float) -> str:
    """Three digits that count, zeros at the end too; large and whole numbers whole."""
    if abs(value) >= 1000 or value == round(value):
        return f"{value:.0f}"
    return f"{value:#.3g}".rstrip(".")


def _words(name: str) -> str:
    return name.replace("length_over_width", "length/width").replace("_", " ")


def _titled(column: str) -> str:
    """'length_um' -> 'length, µm'."""
    for ending, unit in {
        "_um2": "\N{MICRO SIGN}m²",
        "_um": "\N{MICRO SIGN}m",
        "_px2": "px²",
        "_px": "px",
        "_deg": "degrees",
        "_grey": "grey levels",
        "_od": "optical density",
    }.items():
        if column.endswith(ending):
            return f"{_words(column.removesuffix(ending))}, {unit}"
    return _words(column)
