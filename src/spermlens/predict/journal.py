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
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

from spermlens.errors import UsageError
from spermlens.files import is_file, is_folder, shortened, write_json, write_text, writing
from spermlens.predict.rows import Row
from spermlens.predict.sources import Source
from spermlens.spreadsheet import to_csv


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

    def add(self, batch: Mapping[Source, list[Row]]) -> None:
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


def _mark(source: Source) -> str:
    """What tells a source, as it is now, from every other."""
    try:
        told = source.path.stat()
        state = [told.st_size, told.st_mtime_ns]
    except (OSError, ValueError):  # ValueError: a zero byte in the path
        state = []
    return json.dumps([source.id, str(source.path.absolute()), source.um_per_pixel, *state])
