"""`spermlens bench`: what things cost on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spermlens.cli._terminal import AsJson, Device, Quiet, print_json, print_table, say
from spermlens.errors import UsageError

app = typer.Typer(help="Benches: explain.", no_args_is_help=True)


@app.command("explain")
def explain(
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Results file; without it figures are only printed."),
    ] = None,
    images: Annotated[int, typer.Option(min=1, help="Drawn cells at a time.")] = 16,
    rounds: Annotated[int, typer.Option(min=2, help="How often each is timed.")] = 15,
    device: Device = "auto",
    overwrite: Annotated[bool, typer.Option(help="Replace a results file that is there.")] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """What maps, outlines and ONNX cost beside a plain prediction; auto times the CPU, and a GPU if any."""
    import torch

    from spermlens.bench import bench_explain, library
    from spermlens.files import is_there, make_sure_of, write_json
    from spermlens.predict.tensors import choose_device

    if output is not None:
        if is_there(output) and not overwrite:
            raise UsageError(f"{output}: is there already. Name another file, or add --overwrite.")
        make_sure_of(output)
    if library() is None:
        say("The package grad-cam is not installed: its row is left out. The extra 'bench' has it.", quiet)
    names = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])] if device == "auto" else [device]
    found = bench_explain([choose_device(name) for name in names], images, rounds)
    if output is not None:
        write_json(output, found)
    if as_json:
        print_json(found)
        return
    rows = [(row["metric"], row["condition"], row["value"], row["low"], row["high"]) for row in found["rows"]]
    print_table("", ("metric", "condition", "value", "low", "high"), rows)
