"""`spermlens data`: which data sets there are, what is known of them, how to get them, is yours whole."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from spermlens.cli._terminal import (
    AsJson,
    DataOption,
    Quiet,
    Root,
    assignments,
    print_json,
    print_table,
    progress,
    say,
)
from spermlens.cli.audit import audit
from spermlens.errors import DataCorrupt

app = typer.Typer(help="Data sets: list, show, fetch, verify.", no_args_is_help=True)
app.command("audit")(audit)
Name = Annotated[str, typer.Argument(help="A data set's name, a folder or a CSV manifest.")]


@app.command("list")
def list_data(as_json: AsJson = False) -> None:
    """The data sets that can be read by name."""
    from spermlens.datasets import DATASETS

    cards = [module.CARD for module in DATASETS.values()]
    if as_json:
        print_json([asdict(card) for card in cards])
        return
    rows = [
        (
            c.name,
            c.title,
            c.images or sum(next(iter(c.counts.values()), ())) or "as given",
            ", ".join(t.name for t in c.tasks) or "none: for measuring",
            c.licence,
        )
        for c in cards
    ]
    print_table("", ("name", "title", "images", "tasks", "licence"), rows)


@app.command("show")
def show(name: Name, as_json: AsJson = False) -> None:
    """The card of a data set: source, licence, classes, and what is not known."""
    from spermlens.datasets import DATASETS, open_data

    card = DATASETS[name].CARD if name in DATASETS else open_data(name).card
    if as_json:
        print_json(asdict(card))
        return
    facts = [
        ("title", card.title),
        ("source", card.source),
        ("download", card.download or "nothing to download"),
        ("licence", card.licence),
        ("citation", card.citation),
        *((f"task {t.name}", _classes(t.classes, card.counts.get(t.name))) for t in card.tasks),
        ("groups", card.group),
        ("stain", card.stain),
        ("um per pixel", card.um_per_pixel or "not released"),
        *(("not known", sentence) for sentence in card.unknown),
    ]
    print_table(card.name, ("", ""), facts)


@app.command("fetch")
def fetch(
    name: Annotated[str, typer.Argument(help="A published data set's name.")],
    root: Annotated[str, typer.Option(help="The folder to put it into; else the user's cache.")] = "",
    quiet: Quiet = False,
) -> None:
    """Download a data set from its publisher, verify it, and print where it lies."""
    from pathlib import Path

    from spermlens.datasets import DATASETS
    from spermlens.datasets._fetch import fetch as fetch_data

    with progress(quiet, in_bytes=True) as show:
        place = fetch_data(name, Path(root) if root else None, show)
    card = DATASETS[name].CARD
    say(f"'{name}' is whole. Licence: {card.licence}. Cite: {card.citation}", quiet)
    typer.echo(place)


@app.command("verify")
def verify(
    name: Name, root: Root = "", option: DataOption = None, as_json: AsJson = False, quiet: Quiet = False
) -> None:
    """Decode every image and compare with the card; exit code 3 when something is wrong."""
    from spermlens.datasets import open_data
    from spermlens.datasets._verify import verify as verify_listing

    listing = open_data(name, root, assignments(option))
    found = verify_listing(listing)
    if as_json:
        print_json(asdict(found))
    else:
        for problem in found.problems:
            typer.echo(problem)
    if not found.good:
        raise DataCorrupt(
            f"'{listing.card.name}': {len(found.problems)} problem(s) in {found.images} images."
        )
    if not as_json:
        say(
            f"'{listing.card.name}' is whole: {found.images} images, pixels {found.pixels_sha256[:12]}.",
            quiet,
        )


def _classes(classes: tuple[str, ...], counts: tuple[int, ...] | None) -> str:
    if counts is None:
        return ", ".join(classes)
    return ", ".join(f"{name} {count}" for name, count in zip(classes, counts, strict=True))
