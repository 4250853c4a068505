"""A batch of images, outlined and measured to files: no network, no weights, no torch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from spermlens.errors import DataError
from spermlens.files import make_sure_of, sweep_below, write_bytes, write_json
from spermlens.predict.journal import Batch, Journal, Show, carried_on, make_sure
from spermlens.predict.measured import COLUMNS, bad_row, located, row_of, status_of
from spermlens.predict.names import name_below
from spermlens.predict.rows import Row
from spermlens.predict.sources import Source
from spermlens.runs import describe_environment
from spermlens.spreadsheet import to_csv
from spermlens.types import PARTS, Image, Measures, Outline, Tile

AT_A_TIME = 64  # images between two lines of the journal
ON_THE_PAGE = {"measured": 90, "unreliable": 30}  # cells; the rows hold all
LEGEND = "legend.json"

Cell = tuple[str, Image, Outline, Measures]  # with its id


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be written."""

    output: Path | None = None  # .csv or .json; None: rows are only returned
    outlines: Path | None = None  # a folder
    page: Path | None = None
    overwrite: bool = False
    scale: str = ""  # where the size of a pixel comes from if the images do not say, in words


def measure_batch(
    sources: Sequence[Source], order: Order, show: Show = lambda _done, _total: None
) -> list[Row]:
    """Measure every source once, write what was ordered, and return all rows in the order of the sources."""
    journal = _journal(order)
    make_sure((order.output, order.page), journal, overwrite=order.overwrite)
    if order.outlines is not None:
        make_sure_of(order.outlines / LEGEND)
        sweep_below(order.outlines)
        write_json(order.outlines / LEGEND, {"parts": {"background": 0, **_numbers()}})
    rows = carried_on(sources, journal, lambda waiting: _read(waiting, order), show)
    if order.page is not None:
        _write_page(sources, rows, order)
    if journal is not None:  # last, so that after a kill at any moment the same command goes on
        journal.finish(rows, list(COLUMNS))
    return rows


def as_csv(rows: Sequence[Row]) -> str:
    return to_csv(COLUMNS, ([row[name] for name in COLUMNS] for row in rows))


def parts_of(outline: Outline) -> Image:
    """Height x width: the number of the part that lies on top, 0 where there is none."""
    numbers = np.zeros(outline.head.shape, np.uint8)
    for part in ("tail", "midpiece", "head", "acrosome", "vacuole"):
        if part in outline.masks:
            numbers[outline.masks[part]] = _numbers()[part]
    return numbers


def _numbers() -> dict[str, int]:
    return {part: number for number, part in enumerate(PARTS, start=1)}


def _journal(order: Order) -> Journal | None:
    if order.output is None:
        return None
    outlines = str(order.outlines.absolute()) if order.outlines else ""
    return Journal(order.output, {"columns": COLUMNS, "outlines": outlines}, order.page)


def _read(sources: Sequence[Source], order: Order) -> Iterator[Batch]:
    for start in range(0, len(sources), AT_A_TIME):
        yield {source: _rows(source, order) for source in sources[start : start + AT_A_TIME]}


def _rows(source: Source, order: Order) -> list[Row]:
    try:
        rows = []
        for cell in _cells(source):
            rows.append(row_of(cell[0], cell[2], cell[3]))
            if order.outlines is not None:
                _write_outlines(order.outlines, cell)
    except DataError as error:
        return [bad_row(source.id, str(error))]
    return rows


def _cells(source: Source) -> Iterator[Cell]:
    for id, image in source.pages():
        yield id, image, *located(image, source.um_per_pixel)


def _write_outlines(folder: Path, cell: Cell) -> None:
    """The parts as numbers, and the cell with its outline as people look at it."""
    from spermlens.report.outlined import outlined
    from spermlens.report.overlay import png_bytes

    id, image, outline, measures = cell
    write_bytes(folder / name_below(id, "parts.png"), png_bytes(parts_of(outline)))
    drawn = outlined(image, outline, measures)
    write_bytes(folder / name_below(id, "outline.png"), png_bytes(drawn))


def _write_page(sources: Sequence[Source], rows: Sequence[Row], order: Order) -> None:
    """The page shows the first cells of either status; only these are read again."""
    from spermlens.report.measured_page import measured_report, tile_of
    from spermlens.report.page import write_page

    assert order.page is not None
    ids = {
        status: {str(row["image"]) for row in [r for r in rows if r["status"] == status][:most]}
        for status, most in ON_THE_PAGE.items()
    }
    wanted = {name for shown in ids.values() for id in shown for name in (id, id.rsplit("#", 1)[0])}
    tiles: dict[str, list[Tile]] = {status: [] for status in ids}
    for source in sources:
        if source.id not in wanted:
            continue
        with suppress(DataError):  # a file that went since its row was written is not shown
            for id, image, outline, measures in _cells(source):
                if id in ids.get(status_of(outline), ()):
                    tiles[status_of(outline)].append(tile_of(id, image, outline, measures))
    write_page(order.page, measured_report(rows, tiles, _facts(order)))


def _facts(order: Order) -> dict[str, Any]:
    """What a result must be traced by."""
    environment = describe_environment("cpu", 0)
    versions = {
        name: version
        for name, version in environment["versions"].items()
        if name not in ("torch", "torchvision", "timm")
    }
    scale = {"size of a pixel, where an image does not say": order.scale} if order.scale else {}
    return {**scale, "versions": versions, "at": environment["at"]}
