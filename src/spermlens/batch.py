"""A batch, read to files: rows that survive an interrupt, maps laid over the images, a page to look at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from spermlens.errors import UsageError
from spermlens.files import is_folder, is_there, make_sure_of, shortened, sweep, sweep_below, write_bytes
from spermlens.lens import Lens
from spermlens.predict.journal import Journal
from spermlens.predict.pipeline import Ask, read_batches, read_sources
from spermlens.predict.rows import Row, columns, row_of
from spermlens.predict.sources import Source
from spermlens.runs import describe_environment
from spermlens.spreadsheet import to_csv
from spermlens.types import Explanation, Reading

ON_THE_PAGE = 120  # cells; the rows hold all
ON_THE_SHEET = 40
DEEPEST = 500  # letters of an image's folders that the folder of maps repeats; a path has an end, too
LOOKED_AT_FIRST = {"unsure": 0, "not_a_cell": 1, "decided": 2}

Show = Callable[[int, int], None]


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
    overwrite: bool = False

    def ask(self, lens: Lens, methods: tuple[str, ...]) -> Ask:
        views = self.views or lens.description.views
        return Ask(views=views, methods=methods, layer=self.layer, batch_size=self.batch_size)


def read_batch(
    lens: Lens, sources: Sequence[Source], order: Order, show: Show = lambda _done, _total: None
) -> list[Row]:
    """Read every source once, write what was ordered, and return all rows in the order of the sources."""
    journal = _journal(lens, order)
    _make_sure(order, journal)
    rows = _read(lens, sources, order, journal, show)
    if order.page is not None:
        _write_page(lens, sources, rows, order)
    if journal is not None:  # last, so that after a kill at any moment the same command goes on
        journal.finish(rows, columns(lens.tasks))
    return rows


def _make_sure(order: Order, journal: Journal | None) -> None:
    """What cannot be written is said before anything is read; what a killed run left half-done goes."""
    own = journal.page if journal is not None else None  # a page that this very batch wrote, then was killed
    for path in (order.output, order.page):
        if path is None:
            continue
        if is_folder(path):
            raise UsageError(f"{path}: this is a folder. Name a file.")
        if is_there(path) and not order.overwrite and str(path.absolute()) != own:
            raise UsageError(f"{path}: is there already. Name another file, or add --overwrite.")
        make_sure_of(path)
        sweep(path.parent, path.name)
    if journal is not None:
        sweep(journal.path.parent, journal.path.name)
    if order.maps is not None:
        make_sure_of(order.maps / "contact-sheet.png")
        sweep_below(order.maps)


def as_csv(lens: Lens, rows: Sequence[Row]) -> str:
    headings = columns(lens.tasks)
    return to_csv(headings, ([row[name] for name in headings] for row in rows))


def _read(
    lens: Lens, sources: Sequence[Source], order: Order, journal: Journal | None, show: Show
) -> list[Row]:
    """All rows; those an interrupted run had finished come from its journal."""
    ask = order.ask(lens, order.methods if order.maps else ())
    known = {source: journal.rows_of(source) if journal else None for source in sources}
    rows = {source: found for source, found in known.items() if found is not None}
    waiting = [source for source in sources if source not in rows]
    from spermlens.report.tiles import card_sized

    sheet: list[Reading] = []
    try:
        for batch in read_batches(lens.saved, waiting, ask, lens.device):
            if order.maps is not None:
                readings = [reading for _, found in batch for reading in found]
                _write_maps(order.maps, readings)
                sheet += map(card_sized, readings[: max(0, ON_THE_SHEET - len(sheet))])
            said = {source: [row_of(r.prediction, lens.tasks) for r in found] for source, found in batch}
            if journal is not None:
                journal.add(said)
            rows |= said
            show(len(rows), len(sources))
    finally:
        if journal is not None:
            journal.close()
    if order.maps is not None:
        if len(waiting) < len(sources):  # the sheet shows the first images, whenever they were read
            again = read_sources(lens.saved, sources, ask, lens.device)
            all_readings = (card_sized(reading) for _, found in again for reading in found)
            sheet = list(islice(all_readings, ON_THE_SHEET))
        _write_sheet(lens, order.maps, sheet)
    return [row for source in sources for row in rows[source]]


def _journal(lens: Lens, order: Order) -> Journal | None:
    """The journal of the output, if there is one; it is not continued when its maps were to be others."""
    if order.output is None:
        return None
    ask = order.ask(lens, order.methods)
    maps = [str(order.maps.absolute()), ask.layer, *ask.methods] if order.maps else []
    settings = {"model": lens.description.id, "views": ask.views, "maps": maps, **_deciding(lens)}
    return Journal(order.output, settings, order.page)


def _deciding(lens: Lens) -> dict[str, Any]:
    """What of model.json a row rests on; the model's id tells its weights alone."""
    beside = ("name", "weights_sha256", "views", "data", "results", "notes")
    return {name: value for name, value in asdict(lens.description).items() if name not in beside}


def _write_maps(folder: Path, readings: Sequence[Reading]) -> None:
    """One picture an image, task and method; its name says all three and the class explained."""
    from spermlens.report.overlay import legible, overlay, png_bytes

    for reading in readings:
        for found in reading.explanations:
            assert reading.image is not None
            picture = overlay(reading.image, found.heat, against=found.against)
            write_bytes(folder / _map_name(reading, found), png_bytes(legible(picture)))


def _map_name(reading: Reading, found: Explanation) -> str:
    """The image's own folders are kept, but nothing leads out of the folder of maps."""
    *above, last = [step for step in reading.prediction.id.split("/") if step not in ("", ".", "..")]
    last = last.replace("#", "-page").replace(":", "_")
    said = shortened(f"{found.task}.{found.target}.{found.method}".replace("/", "_").replace("\\", "_"), 120)
    if len("/".join(above)) > DEEPEST:
        above = [shortened("_".join(above), 120)]
    return "/".join([*map(shortened, above), f"{shortened(last, 120)}.{said}.png"]).replace(":", "_")


def _write_sheet(lens: Lens, folder: Path, readings: Sequence[Reading]) -> None:
    from spermlens.report.contact_sheet import contact_sheet
    from spermlens.report.overlay import png_bytes
    from spermlens.report.prediction_page import tile_of

    tiles = [
        tile_of(_legible(lens, reading), lens.tasks, lens.description.threshold)
        for reading in readings
        if reading.image is not None
    ]
    if tiles:
        write_bytes(folder / "contact-sheet.png", png_bytes(contact_sheet(tiles)))


def _legible(lens: Lens, reading: Reading) -> Reading:
    """With several tasks one map a task is shown: the first method's. The folder of maps holds all."""
    if len(lens.tasks) == 1:
        return reading
    seen: dict[str, Explanation] = {}
    for found in reading.explanations:
        seen.setdefault(found.task, found)
    return replace(reading, explanations=tuple(seen.values()))


def _write_page(lens: Lens, sources: Sequence[Source], rows: Sequence[Row], order: Order) -> None:
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
    ask = order.ask(lens, order.methods)
    readings = [
        _legible(lens, card_sized(reading))
        for _, found in read_sources(lens.saved, chosen, ask, lens.device)
        for reading in found
        if reading.prediction.id in ids and reading.image is not None
    ]
    write_page(order.page, prediction_report(rows, readings, lens.tasks, _facts(lens, ask)))


def _facts(lens: Lens, ask: Ask) -> dict[str, Any]:
    """What a result must be traced by."""
    description, environment = lens.description, describe_environment(str(lens.device), 0)
    return {
        "model": description.id,
        "architecture": description.architecture,
        "weights_sha256": description.weights_sha256,
        "input": f"{description.framing.size} px square, {description.framing.field_px:g} source px across",
        "views": ask.views,
        "threshold": dict(description.threshold),
        "notes": list(description.notes),
        "data": description.told,
        "versions": environment["versions"],
        "device": environment["device"],
        "at": environment["at"],
    }
