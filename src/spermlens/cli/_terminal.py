"""Speaking to a terminal: tables and sentences for people, JSON for programs, bars on stderr."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from spermlens.errors import ConfigError

Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but the result.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or another torch device.")]
Root = Annotated[str, typer.Option(help="The folder in which the data set lies.")]
DataOption = Annotated[
    list[str] | None, typer.Option("--option", help="An option of the data set, as name=value. Repeatable.")
]


def print_json(value: Any) -> None:
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))


def print_table(title: str, headings: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title or None, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for index, heading in enumerate(headings):
        numeric = all(isinstance(row[index], int | float) for row in rows) and bool(rows)
        table.add_column(heading, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_plain(cell) for cell in row))
    Console(highlight=False, soft_wrap=False).print(table)


def say(text: str, quiet: bool = False) -> None:
    """A sentence for a person, beside the result."""
    if not quiet:
        typer.echo(text, err=True)


def assignments(texts: Sequence[str] | None) -> dict[str, Any]:
    """{name: value} from 'name=value' texts; the value as TOML reads it, else as text."""
    import tomllib

    found: dict[str, Any] = {}
    for text in texts or ():
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise ConfigError(f"'{text}' is no assignment. Write name=value.")
        try:
            found[name.strip()] = tomllib.loads(f"value = {value}")["value"]
        except (ValueError, RecursionError):
            found[name.strip()] = value.strip()
    return found


@contextmanager
def progress(quiet: bool, in_bytes: bool = False) -> Iterator[Callable[[str, int, int], None]]:
    """`show(text, done, total)` moves a bar with the time left; silent when quiet or not a terminal.

    A total of 0 means: not known.
    """
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as TimeLeft

    console = Console(stderr=True)
    counted = DownloadColumn() if in_bytes else MofNCompleteColumn()
    columns = (TextColumn("{task.description}"), BarColumn(), counted, TimeLeft())
    with Progress(*columns, console=console, disable=quiet or not console.is_terminal) as bars:
        bar = bars.add_task("", total=None)

        def show(text: str, done: int, total: int) -> None:
            bars.update(bar, description=text, completed=done, total=total or None)

        yield show


def _plain(cell: Any) -> str:
    from rich.markup import escape

    if cell is None:
        return ""
    return f"{cell:.3f}" if isinstance(cell, float) else escape(str(cell))
