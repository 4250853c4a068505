"""`spermlens demo`: drawn cells, a shipped model, its maps, and a page to look at."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spermlens.cli._terminal import Quiet, say

MODEL = "synthetic-heads"
FOR_REAL_CELLS = {"hushem-head-shape": "one head an image:", "smids-cell": "one cell an image:"}
SEED = 20  # drawings that the shipped model has not seen: it learned from seed 1


def demo(
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder for images, rows, maps and page.")
    ] = Path("demo"),
    count: Annotated[int, typer.Option(min=1, max=200, help="How many cells to draw.")] = 24,
    quiet: Quiet = False,
) -> None:
    """Draw cells, read them with the shipped model, explain every decision, and say where the page is."""
    from spermlens.batch import Order
    from spermlens.cli.predict import carry_out
    from spermlens.datasets import open_data
    from spermlens.files import write_bytes
    from spermlens.lens import load
    from spermlens.predict.sources import find_sources
    from spermlens.report.overlay import png_bytes

    images = output / "images"
    for sample in open_data("synthetic", options={"count": count, "seed": SEED}):
        write_bytes(images / f"{sample.id}.png", png_bytes(sample.image))
    say(f"Drew   {count} heads into {images}", quiet)
    page = output / "report.html"
    order = Order(
        output=output / "predictions.csv",
        maps=output / "maps",
        page=page,
        overwrite=True,
    )
    carry_out(load(MODEL).eye, find_sources([str(images)]), order, quiet)
    typer.echo(f"Open {page.resolve()} in a browser.")
    say(f"{MODEL} has seen drawings only. These have seen stained cells; name your own folder:", quiet)
    for model, shown in FOR_REAL_CELLS.items():
        say(f"  {shown:<19} spermlens predict {model} FOLDER --output rows.csv --report page.html", quiet)
    say(f"What they can and cannot do:  spermlens models show {' or '.join(FOR_REAL_CELLS)}", quiet)
