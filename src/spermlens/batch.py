"""A batch, read to files: rows that survive an interrupt, maps laid over the images, a page to look at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from spermlens.believing import Believing
from spermlens.files import make_sure_of, shortened, sweep_below, write_bytes
from spermlens.predict.contrast import Contrast
from spermlens.predict.eye import Eye
from spermlens.predict.journal import Batch, Journal, Show, carried_on, make_sure
from spermlens.predict.names import name_below
from spermlens.predict.pipeline import Ask, read_batches, read_sources
from spermlens.predict.reason_rows import reason_cells, reason_columns
from spermlens.predict.rows import Row, columns, measure_columns, measured_row, row_of
from spermlens.predict.sources import Source
from spermlens.report.overlay import OPACITY
from spermlens.runs import describe_environment
from spermlens.spreadsheet import to_csv
from spermlens.types import Explanation, Reading

ON_THE_PAGE = 120  # cells; the rows hold all
ON_THE_SHEET = 40
LOOKED_AT_FIRST = {"unsure": 0, "not_a_cell": 1, "decided": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be written, and how the images are to be looked at."""

    output: Path | None = None  # .csv or .json; None: rows are only returned
    maps: Path | None = None  # a folder
    page: Path | None = None
    methods: tuple[str, ...] = ("cam",)
    layer: str = ""
    views: int = 0  # 0: the model's own
    batch_size: int = 32
    measures: bool = True  # outline and measure every cell
    stability: bool = False  # of each map: eight times the looks
    contrasts: tuple[Contrast, ...] = ()
    opacity: float = OPACITY  # of the strongest heat over its cell
    overwrite: bool = False

    def ask(self, eye: Eye, methods: tuple[str, ...]) -> Ask:
        views = self.views or eye.description.views
        return Ask(
            views=views,
            methods=methods,
            layer=self.layer,
            batch_size=self.batch_size,
            measures=self.measures,
            contrasts=self.contrasts if methods else (),
            judge=Believing(self.stability) if methods else None,
        )

    def headings(self, eye: Eye) -> list[str]:
        """The columns of its rows."""
        model = eye.description
        more = measure_columns(model.tasks, model.normal) if self.measures else []
        return [*columns(model.tasks, model.voting), *more, *self.reason_headings(eye)]

    def reason_headings(self, eye: Eye) -> list[str]:
        """Those of its maps, where these are written."""
        if self.maps is None:
            return []
        tasks = eye.description.tasks
        return reason_columns(tasks, self.methods, outlined=self.measures, steady=self.stability)


def read_batch(
    eye: Eye, sources: Sequence[Source], order: Order, show: Show = lambda _done, _total: None
) -> list[Row]:
    """Read every source once, write what was ordered, and return all rows in the order of the sources."""
    journal = _journal(eye, order)
    make_sure((order.output, order.page), journal, overwrite=order.overwrite)
    if order.maps is not None:
        make_sure_of(order.maps / "contact-sheet.png")
        sweep_below(order.maps)
    rows = _read(eye, sources, order, journal, show)
    if order.page is not None:
        _write_page(eye, sources, rows, order)
    if journal is not None:  # last, so that after a kill at any moment the same command goes on
        journal.finish(rows, order.headings(eye))
    return rows


def as_csv(eye: Eye, rows: Sequence[Row], order: Order) -> str:
    headings = order.headings(eye)
    return to_csv(headings, ([row[name] for name in headings] for row in rows))


def _read(
    eye: Eye, sources: Sequence[Source], order: Order, journal: Journal | None, show: Show
) -> list[Row]:
    """All rows; the maps are written on the way, and the sheet of the first of them at the end."""
    from spermlens.report.tiles import card_sized

    ask = order.ask(eye, order.methods if order.maps else ())
    sheet: list[Reading] = []
    fresh = 0

    def read(waiting: list[Source]) -> Iterator[Batch]:
        nonlocal fresh
        for batch in read_batches(eye, waiting, ask):
            fresh += len(batch)
            if order.maps is not None:
                readings = [reading for _, found in batch for reading in found]
                _write_maps(order.maps, readings, order.opacity)
                sheet.extend(map(card_sized, readings[: max(0, ON_THE_SHEET - len(sheet))]))
            yield {source: [_row(eye, reading, order) for reading in found] for source, found in batch}

    rows = carried_on(sources, journal, read, show)
    if order.maps is not None:
        if fresh < len(sources):  # the sheet shows the first images, whenever they were read
            again = read_sources(eye, sources, ask)
            all_readings = (card_sized(reading) for _, found in again for reading in found)
            sheet = list(islice(all_readings, ON_THE_SHEET))
        _write_sheet(eye, order.maps, sheet, order.opacity)
    return rows


def _row(eye: Eye, reading: Reading, order: Order) -> Row:
    model = eye.description
    row = (
        measured_row(reading, model.tasks, model.normal, model.voting)
        if order.measures
        else row_of(reading.prediction, model.tasks, model.voting)
    )
    told = reason_cells(reading)
    return row | {name: told.get(name) for name in order.reason_headings(eye)}


def _journal(eye: Eye, order: Order) -> Journal | None:
    """The journal of the output, if there is one; it is not continued when its maps were to be others."""
    if order.output is None:
        return None
    ask = order.ask(eye, order.methods)
    how = [str(order.opacity), str(order.stability), *map(str, order.contrasts)]
    maps = [str(order.maps.absolute()), ask.layer, *ask.methods, *how] if order.maps else []
    settings = {
        "model": eye.description.id,
        "runs_on": eye.runs_on,
        "views": ask.views,
        "maps": maps,
        "measures": order.measures,
        **_deciding(eye),
    }
    return Journal(order.output, settings, order.page)


def _deciding(eye: Eye) -> dict[str, Any]:
    """What of model.json a row rests on; the model's id tells its weights alone."""
    beside = ("name", "weights_sha256", "views", "data", "results", "notes")
    return {name: value for name, value in asdict(eye.description).items() if name not in beside}


def _write_maps(folder: Path, readings: Sequence[Reading], opacity: float) -> None:
    """One picture an image, task and method; its name says all three and the class, its words the rest."""
    from spermlens.report.map_picture import map_picture
    from spermlens.report.overlay import png_bytes

    for reading in readings:
        for found in reading.explanations:
            assert reading.image is not None
            seen = map_picture(reading.image, found, opacity)
            write_bytes(folder / _map_name(reading, found), png_bytes(seen))


def _map_name(reading: Reading, found: Explanation) -> str:
    rival = f"-not-{found.rival}" if found.rival else ""
    said = shortened(
        f"{found.task}.{found.target}{rival}.{found.method}".replace("/", "_").replace("\\", "_"), 120
    )
    return name_below(reading.prediction.id, f"{said}.png")


def _write_sheet(eye: Eye, folder: Path, readings: Sequence[Reading], opacity: float) -> None:
    from spermlens.report.contact_sheet import contact_sheet
    from spermlens.report.overlay import png_bytes
    from spermlens.report.reading_card import tile_of

    tiles = [
        tile_of(_legible(eye, reading), eye.description.tasks, eye.description.threshold, opacity)
        for reading in readings
        if reading.image is not None
    ]
    if tiles:
        write_bytes(folder / "contact-sheet.png", png_bytes(contact_sheet(tiles)))


def _legible(eye: Eye, reading: Reading) -> Reading:
    """With several tasks one map a question is shown: the first method's. The folder of maps holds all."""
    if len(eye.description.tasks) == 1:
        return reading
    seen: dict[tuple[str, str], Explanation] = {}
    for found in reading.explanations:
        seen.setdefault((found.task, found.rival and f"{found.target} {found.rival}"), found)
    return replace(reading, explanations=tuple(seen.values()))


def _write_page(eye: Eye, sources: Sequence[Source], rows: Sequence[Row], order: Order) -> None:
    """The page shows those cells first that a person should look at; only these are read again."""
    from spermlens.report.page import write_page
    from spermlens.report.prediction_page import prediction_report
    from spermlens.report.tiles import card_sized

    assert order.page is not None
    shown = [row for row in rows if row["status"] in LOOKED_AT_FIRST]
    shown.sort(key=lambda row: LOOKED_AT_FIRST[str(row["status"])])
    ids = {str(row["image"]) for row in shown[:ON_THE_PAGE]}
    wanted = ids | {id.rsplit("#", 1)[0] for id in ids}
    chosen = [source for source in sources if source.id in wanted]
    ask = order.ask(eye, order.methods)
    readings = [
        _legible(eye, card_sized(reading))
        for _, found in read_sources(eye, chosen, ask)
        for reading in found
        if reading.prediction.id in ids and reading.image is not None
    ]
    report = prediction_report(rows, readings, eye.description.tasks, _facts(eye, ask), order.opacity)
    write_page(order.page, report)


def _facts(eye: Eye, ask: Ask) -> dict[str, Any]:
    """What a result must be traced by."""
    description, environment = eye.description, describe_environment(eye.runs_on, 0)
    return {
        "model": description.id,
        "architecture": description.architecture,
        "weights_sha256": description.weights_sha256,
        **({"ruler_sha256": description.ruler_sha256} if description.ruler_sha256 else {}),
        "input": description.framing.told,
        "views": ask.views,
        "threshold": dict(description.threshold),
        "notes": list(description.notes),
        "data": description.told,
        "versions": environment["versions"],
        "device": environment["device"],
        "at": environment["at"],
    }
