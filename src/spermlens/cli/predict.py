"""`spermlens predict`: images in; rows, maps and a page out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spermlens.cli._terminal import AsJson, Device, Quiet, print_json, progress, say
from spermlens.cli._torch import without_torch
from spermlens.errors import DataError, UnknownName, UsageError
from spermlens.explain import SMOOTHED
from spermlens.explain._told import TOLD

if TYPE_CHECKING:
    from spermlens.batch import Order
    from spermlens.predict.eye import Eye
    from spermlens.predict.rows import Row
    from spermlens.predict.sources import Source


def predict(
    model: Annotated[
        str, typer.Argument(help="A saved model's folder, a run, a shipped model's name, or an ONNX file.")
    ],
    inputs: Annotated[
        list[str],
        typer.Argument(help="Images: files, folders, globs, CSV manifests, or - for names on stdin."),
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="CSV or JSON file; without it, CSV to stdout.")
    ] = None,
    explain: Annotated[Path | None, typer.Option(help="Folder for maps laid over each image.")] = None,
    report: Annotated[Path | None, typer.Option(help="Write a self-contained page.")] = None,
    method: Annotated[
        list[str] | None,
        typer.Option(
            help=f"For maps: {', '.join(f'{name} ({told.title})' for name, told in TOLD.items())}; each also "
            f"as NAME{SMOOTHED}. Without it, cam. Repeatable."
        ),
    ] = None,
    layer: Annotated[str, typer.Option(help="Where to look inside; `models show` lists the layers.")] = "",
    contrast: Annotated[
        list[str] | None,
        typer.Option(
            help="Two classes, as in tapered:pyriform: draw why the one, not the other. Repeatable."
        ),
    ] = None,
    stability: Annotated[
        bool, typer.Option(help="Say how alike the maps of the turned and mirrored cell are; slower.")
    ] = False,
    opacity: Annotated[float, typer.Option(min=0.05, max=1, help="Of a map over its cell.")] = 0.55,
    views: Annotated[int, typer.Option(help="Rotations and mirrors averaged; 0: the model's own.")] = 0,
    um_per_pixel: Annotated[
        float | None, typer.Option(help="Size of a pixel in micrometres, where the images do not say.")
    ] = None,
    batch_size: Annotated[int, typer.Option(min=1, help="Images at a time.")] = 32,
    measures: Annotated[
        bool, typer.Option("--measures/--no-measures", help="Outline and measure every cell, too.")
    ] = True,
    overwrite: Annotated[bool, typer.Option(help="Replace an output that is there.")] = False,
    runtime: Annotated[
        str, typer.Option(help="torch, or onnx for an ONNX file: needs no PyTorch.")
    ] = "torch",
    device: Device = "auto",
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """One row an image: every probability, the decision, and how sure it is."""
    from spermlens.batch import Order, as_csv
    from spermlens.predict.contrast import contrast_of
    from spermlens.predict.sources import find_sources, spare

    if (method or layer or contrast or stability) and not (explain or report):
        raise UsageError(
            "--method, --layer, --contrast and --stability say how maps are made: add --explain or --report."
        )
    eye = _eye(model, runtime, device)
    order = Order(
        output=output,
        maps=explain,
        page=report,
        methods=_methods(method or [], layer, runtime),
        layer=layer,
        contrasts=tuple(contrast_of(text, eye.description.tasks) for text in contrast or ()),
        stability=stability,
        opacity=opacity,
        views=views,
        batch_size=batch_size,
        measures=measures,
        overwrite=overwrite,
    )
    sources = find_sources(inputs, sys.stdin, um_per_pixel)
    spare(inputs, sources, (output, report), explain)
    rows = carry_out(eye, sources, order, quiet)
    if as_json:
        print_json(rows)
    elif output is None:
        typer.echo(as_csv(eye, rows, order), nl=False)
    unreadable = sum(row["status"] == "bad_input" for row in rows)
    if unreadable:
        raise DataError(f"{unreadable} of {len(rows)} images could not be read; their rows say why.")


def carry_out(eye: Eye, sources: list[Source], order: Order, quiet: bool) -> list[Row]:
    """Read the batch under a progress bar and say what was written where."""
    from spermlens.batch import read_batch

    with progress(quiet) as show:
        rows = read_batch(eye, sources, order, lambda done, total: show("reading", done, total))
    for what, path in (("Rows", order.output), ("Maps", order.maps), ("Page", order.page)):
        if path is not None:
            say(f"{what}   {path}", quiet)
    return rows


def _eye(model: str, runtime: str, device: str) -> Eye:
    """What answers; torch is imported only where it is to run."""
    if runtime == "onnx":
        from spermlens.predict.graph import open_graph

        if device not in ("auto", "cpu"):
            raise UsageError(f"An ONNX file is read on the CPU, not on '{device}'. Leave out --device.")
        return open_graph(Path(model))
    if runtime != "torch":
        raise UnknownName("runtime", runtime, ("torch", "onnx"))
    if model.lower().endswith(".onnx"):
        raise UsageError(f"{model}: is an ONNX file. Add --runtime onnx.")
    try:
        from spermlens.lens import load
    except ModuleNotFoundError as error:
        raise without_torch(error, model) from error
    return load(model, device=device).eye


def _methods(wanted: list[str], layer: str, runtime: str) -> tuple[str, ...]:
    """What is asked for, else CAM, which is exact; at layers where it is not defined, Grad-CAM."""
    if runtime == "onnx":
        from spermlens.predict.graph import check_method

        check_method(wanted or ["cam"], layer)
        return tuple(wanted) or ("cam",)
    from spermlens.explain import method_named

    for name in wanted:
        method_named(name)  # an unknown one is said before anything is read
    return tuple(wanted) or (("cam",) if layer in ("", "pooled") else ("gradcam",))
