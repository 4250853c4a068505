"""`spermlens measure`: images in; outlines, sizes and a page out. No network is loaded."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spermlens.cli._terminal import AsJson, Quiet, print_json, progress, say
from spermlens.errors import DataError, UsageError

if TYPE_CHECKING:
    from spermlens.locate.scale import Scale


def measure(
    inputs: Annotated[
        list[str],
        typer.Argument(help="Images: files, folders, globs, CSV manifests, or - for names on stdin."),
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="CSV or JSON file; without it, CSV to stdout.")
    ] = None,
    outlines: Annotated[
        Path | None, typer.Option(help="Folder for the parts of each cell and for its outline.")
    ] = None,
    report: Annotated[Path | None, typer.Option(help="Write a self-contained page.")] = None,
    um_per_pixel: Annotated[
        float | None, typer.Option(help="Size of a pixel in micrometres, where the images do not say.")
    ] = None,
    scale_bar: Annotated[
        str, typer.Option(help="The same from a scale bar: IMAGE:LENGTH_UM, its length in micrometres.")
    ] = "",
    bead: Annotated[
        str, typer.Option(help="The same from round beads: IMAGE:DIAMETER_UM, in micrometres.")
    ] = "",
    overwrite: Annotated[bool, typer.Option(help="Replace an output that is there.")] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """One row an image: the outline's reliability, every measure, and WHO limits for the head."""
    from spermlens.measuring import Order, as_csv, measure_batch
    from spermlens.predict.sources import find_sources, spare

    unit, scale = _scale(um_per_pixel, scale_bar, bead)
    sources = find_sources(inputs, sys.stdin, unit)
    spare(inputs, sources, (output, report), outlines)
    if scale:
        say(f"Scale  {scale}", quiet)
    order = Order(output=output, outlines=outlines, page=report, overwrite=overwrite, scale=scale)
    with progress(quiet) as show:
        rows = measure_batch(sources, order, lambda done, total: show("measuring", done, total))
    for what, path in (("Rows", output), ("Lines", outlines), ("Page", report)):
        if path is not None:
            say(f"{what}{' ' * (7 - len(what))}{path}", quiet)
    if as_json:
        print_json(rows)
    elif output is None:
        typer.echo(as_csv(rows), nl=False)
    unreadable = sum(row["status"] == "bad_input" for row in rows)
    if unreadable:
        raise DataError(f"{unreadable} of {len(rows)} images could not be read; their rows say why.")


def _scale(um_per_pixel: float | None, scale_bar: str, bead: str) -> tuple[float | None, str]:
    """The size of a pixel for images that do not say, and how it is known; None where it is not."""
    if (um_per_pixel is not None) + bool(scale_bar) + bool(bead) > 1:
        raise UsageError("--um-per-pixel, --scale-bar and --bead say the same thing. Keep one of them.")
    if um_per_pixel is not None:
        return um_per_pixel, f"{um_per_pixel:g} um per pixel, as given"
    if scale_bar or bead:
        found = _measured_scale(scale_bar or bead, is_bar=bool(scale_bar))
        count = len(found.boxes)
        what = "a scale bar" if scale_bar else f"{count} bead{'s' if count > 1 else ''}"
        words = f"{found.um_per_pixel:.4g} ± {found.error:.2g} um per pixel, from {what} in "
        return found.um_per_pixel, words + (scale_bar or bead).rpartition(":")[0]
    return None, ""


def _measured_scale(text: str, *, is_bar: bool) -> Scale:
    from spermlens.images import read_image
    from spermlens.locate.scale import scale_from_bar, scale_from_beads

    option = "--scale-bar IMAGE:LENGTH_UM" if is_bar else "--bead IMAGE:DIAMETER_UM"
    path, _, size = text.rpartition(":")
    try:
        size_um = float(size)
    except ValueError:
        size_um = 0.0
    if not path or not 0 < size_um < float("inf"):
        raise UsageError(f"'{text}': expected {option}, the last a number above 0, such as bar.tif:10.")
    find = scale_from_bar if is_bar else scale_from_beads
    try:
        return find(read_image(Path(path)), size_um)
    except DataError as error:
        raise type(error)(str(error) if path in str(error) else f"{path}: {error}") from error
