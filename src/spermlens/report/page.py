"""A report as one HTML file that needs nothing else, and as JSON with the same content.

The page is rendered from the JSON form, so the two cannot say different things. Pictures are data: URIs,
there is no script, and the page itself forbids the browser to load anything.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spermlens.files import write_text
from spermlens.types import Figure, Gallery, Report, Section, Table, Text, Tile

if TYPE_CHECKING:
    from jinja2 import Template

_KINDS: dict[type, str] = {Text: "text", Table: "table", Figure: "figure", Gallery: "gallery"}


def to_json(report: Report) -> dict[str, Any]:
    """The report as plain lists, dicts, strings and numbers; pictures in base64."""
    plain = _plain(report)
    assert isinstance(plain, dict)
    return plain


def to_html(report: Report) -> str:
    """One self-contained page; the same report gives the same text."""
    return _template().render(to_json(report)) + "\n"


def write_page(path: Path, report: Report) -> None:
    """Write the page so that a reader sees the old one or the new one, never a part."""
    write_text(path, to_html(report))


def _plain(value: Any) -> Any:
    """What json.dumps takes. A noun becomes a dict; the parts of a section say their kind."""
    if isinstance(value, Report | Section | Tile | Text | Table | Figure | Gallery):
        kind = {"kind": _KINDS[type(value)]} if type(value) in _KINDS else {}
        return kind | {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")  # a file name may hold bytes that are no text
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return float(value)
    raise TypeError(f"A report holds text, finite numbers, lists and mappings, not {value!r}.")


@cache
def _template() -> Template:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    room = Environment(
        loader=PackageLoader("spermlens.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    room.filters["cell"] = _cell
    room.filters["percent"] = _percent
    room.filters["words"] = _words
    room.filters["typeset"] = _typeset
    room.tests["numeric"] = _is_numeric
    return room.get_template("page.html")


def _cell(value: str | float | int | None) -> str:
    """A table cell as people read it: three decimals, thousands apart, a dash for what is not known."""
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.3f}"
    return f"{value:,}".replace(",", "\u202f") if isinstance(value, int) else value


def _percent(value: float) -> str:
    """'93 %', and never a certainty that was only rounded."""
    if 0.995 <= value < 1:
        return "> 99 %"
    return "< 1 %" if 0 < value < 0.005 else f"{100 * value:.0f} %"


def _words(name: str) -> str:
    """A key or a class as words: 'head_shape' -> 'head shape'."""
    return name.replace("_", " ")


def _typeset(text: str) -> str:
    """No line ends between a figure and its percent sign."""
    return text.replace(" %", "\N{NO-BREAK SPACE}%")


def _is_numeric(column: list[Any]) -> bool:
    """Whether a column holds figures, which are set flush right."""
    return all(
        cell is None or isinstance(cell, int | float) or cell[:1].isdigit() or cell in ("–", "")
        for cell in column
    )
