"""Rows as they come, so that an interrupt loses nothing: a journal beside the output, then the output.

The journal holds one JSON object a line. Its first line says which model and settings it belongs to; with
others it is not continued. Each other line is a batch, so that a cut line drops a whole one: what is left is
then read in the same batches as without the interrupt, and ends with the same digits. Rows are found again
by the file they came from, as it was: a file that was changed, or another of the same name, is read anew.
When all is done the output is written in one piece and the journal goes.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

from spermlens.errors import UsageError
from spermlens.files import (
    is_file,
    is_folder,
    is_there,
    make_sure_of,
    shortened,
    sweep,
    write_json,
    write_text,
    writing,
)
from spermlens.predict.rows import Row
from spermlens.predict.sources import Source
from spermlens.spreadsheet import to_csv

Batch = Mapping[Source, list[Row]]
Read = Callable[[list[Source]], Iterable[Batch]]
Show = Callable[[int, int], None]


class Journal:
    """Rows of one output file, known by the source they came from."""

    def __init__(self, output: Path, settings: Mapping[str, Any], page: Path | None = None) -> None:
        if output.suffix.lower() not in (".csv", ".json"):
            raise UsageError(f"{output}: the output must end in .csv or .json.")
        if is_folder(output):
            raise UsageError(f"{output}: this is a folder. Name a file.")
        self.output = output
        self.path = output.with_name(f".{shortened(output.name)}.journal")
        self.settings = json.loads(json.dumps(settings))
        self.page: str | None = None  # that of the run which is gone on with
        self._done = self._read()
        self._next_page = str(page.absolute()) if page else None
        self._stream: TextIO | None = None

    def rows_of(self, source: Source) -> list[Row] | None:
        """The rows of a source that needs no second look; None where it does."""
        return self._done.get(_mark(source))

    def add(self, batch: Batch) -> None:
        """All rows of a batch's sources; they outlive this process when this returns."""
        found = {_mark(source): rows for source, rows in batch.items()}
        with writing(self.path):
            if self._stream is None:
                self._stream = self._open()
            self._stream.write(json.dumps({"rows": found}) + "\n")
            self._stream.flush()
        self._done |= found

    def finish(self, rows: list[Row], headings: list[str]) -> None:
        """Write the output whole, then let the journal go."""
        if self.output.suffix.lower() == ".json":
            write_json(self.output, rows)
        else:
            write_text(self.output, to_csv(headings, ([row.get(name) for name in headings] for row in rows)))
        self.close()
        self.path.unlink(missing_ok=True)

    def close(self) -> None:
        if self._stream is None:
            return
        stream, self._stream = self._stream, None
        try:
            with writing(self.path):
                os.fsync(stream.fileno())
        finally:
            with suppress(OSError):  # a line that the disk refused is refused again
                stream.close()

    def _open(self) -> TextIO:
        kept = [json.dumps({"settings": self.settings, "page": self._next_page})]
        kept += [json.dumps({"rows": {source: rows}}) for source, rows in self._done.items()]
        write_text(self.path, "\n".join(kept) + "\n")  # without the line that was cut short
        return self.path.open("a", encoding="utf-8")

    def _read(self) -> dict[str, list[Row]]:
        if not is_file(self.path):
            return {}
        found: dict[str, list[Row]] = {}
        for number, line in enumerate(self.path.read_bytes().splitlines()):
            try:
                record = json.loads(line)
                if number == 0:
                    if record["settings"] != self.settings:
                        return {}
                    self.page = record.get("page")
                else:
                    found |= record["rows"]
            except (ValueError, KeyError, TypeError):
                break
        return found


def make_sure(files: Iterable[Path | None], journal: Journal | None, *, overwrite: bool) -> None:
    """What cannot be written is said before anything is read; what a killed run left half-done goes."""
    own = journal.page if journal is not None else None  # a page that this very batch wrote, then was killed
    for path in files:
        if path is None:
            continue
        if is_folder(path):
            raise UsageError(f"{path}: this is a folder. Name a file.")
        if is_there(path) and not overwrite and str(path.absolute()) != own:
            raise UsageError(f"{path}: is there already. Name another file, or add --overwrite.")
        make_sure_of(path)
        sweep(path.parent, path.name)
    if journal is not None:
        sweep(journal.path.parent, journal.path.name)


def carried_on(sources: Sequence[Source], journal: Journal | None, read: Read, show: Show) -> list[Row]:
    """All rows in the order of the sources; those an interrupted run had finished come from its journal."""
    known = {source: journal.rows_of(source) if journal else None for source in sources}
    rows = {source: found for source, found in known.items() if found is not None}
    try:
        for batch in read([source for source in sources if source not in rows]):
            if journal is not None:
                journal.add(batch)
            rows |= batch
            show(len(rows), len(sources))
    finally:
        if journal is not None:
            journal.close()
    return [row for source in sources for row in rows[source]]


def _mark(source: Source) -> str:
    """What tells a source, as it is now, from every other."""
    try:
        told = source.path.stat()
        state = [told.st_size, told.st_mtime_ns]
    except (OSError, ValueError):  # ValueError: a zero byte in the path
        state = []
    return json.dumps([source.id, str(source.path.absolute()), source.um_per_pixel, *state])
