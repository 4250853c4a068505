"""CSV that a spreadsheet can open safely and that comes back as it was.

A text cell that a spreadsheet would run as a formula gets a leading apostrophe, which reading takes off
again. Numbers are never touched: a negative one stays a number.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

Cell = str | int | float | None

# the apostrophe itself is guarded too, so that taking it off is unambiguous
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "'")


def guard(text: str) -> str:
    """The text as a cell that no spreadsheet runs as a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def unguard(cell: str) -> str:
    """What `guard` was given."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA) else cell


def to_csv(headings: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """CSV text: text guarded and quoted, numbers with every digit, None as an empty cell."""
    stream = io.StringIO(newline="")
    # Quoting all text marks what is a number, and carries a carriage return inside a name.
    writer = csv.writer(stream, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    writer.writerow([guard(heading) for heading in headings])
    for row in rows:
        writer.writerow([_guarded(cell) for cell in row])
    return stream.getvalue()


def _guarded(cell: Cell) -> Cell:
    if cell is None:
        return ""
    return guard(cell) if isinstance(cell, str) else cell
