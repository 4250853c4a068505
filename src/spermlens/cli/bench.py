"""`spermlens bench`: what things cost on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from spermlens.cli._terminal import AsJson, Device, Quiet, print_json, print_table, say
from spermlens.errors import UsageError

app = typer.Typer(help="Benches: explain, predict.", no_args_is_help=True)

Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="Results file; without it figures are only printed."),
]
Images = Annotated[int, typer.Option(min=1, help="Drawn cells at a time.")]
Rounds = Annotated[int, typer.Option(min=2, help="How often each is timed.")]
Overwrite = Annotated[bool, typer.Option(help="Replace a results file that is there.")]


@app.command("explain")
def explain(
    output: Output = None,
    images: Images = 16,
    rounds: Rounds = 15,
    device: Device = "auto",
    overwrite: Overwrite = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """What maps, outlines and ONNX cost beside a plain prediction; auto times the CPU, and a GPU if any."""
    import torch

    from spermlens.bench.explain import bench_explain, library
    from spermlens.predict.tensors import choose_device

    _make_sure_of(output, overwrite)
    if library() is None:
        say("The package grad-cam is not installed: its row is left out. The extra 'bench' has it.", quiet)
    names = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])] if device == "auto" else [device]
    _tell(bench_explain([choose_device(name) for name in names], images, rounds), output, as_json)


@app.command("predict")
def predict(
    output: Output = None,
    images: Images = 16,
    rounds: Rounds = 15,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Images a second of every network on the CPU, with one thread and all cores, beside a plain timm one."""
    from spermlens.bench.predict import bench_predict

    _make_sure_of(output, overwrite)
    _tell(bench_predict(images, rounds), output, as_json)


def _make_sure_of(output: Path | None, overwrite: bool) -> None:
    """Before minutes are spent: the results file can be written, and none is replaced unasked."""
    from spermlens.files import is_there, make_sure_of

    if output is not None:
        if is_there(output) and not overwrite:
            raise UsageError(f"{output}: is there already. Name another file, or add --overwrite.")
        make_sure_of(output)


def _tell(found: dict[str, Any], output: Path | None, as_json: bool) -> None:
    from spermlens.files import write_json

    if output is not None:
        write_json(output, found)
    if as_json:
        print_json(found)
        return
    columns = ("model", "metric", "condition", "value", "low", "high")
    print_table("", columns, [tuple(row[name] for name in columns) for row in found["rows"]])
