"""`spermlens models`: what can be trained, and what is known of a saved model."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from spermlens.cli._terminal import AsJson, print_json, print_table
from spermlens.errors import UsageError

if TYPE_CHECKING:
    from spermlens.models._description import Description
    from spermlens.models._store import Saved

APART = ("unknown", "before")  # of the data, told a line each

app = typer.Typer(help="Models: list, show.", no_args_is_help=True)


@app.command("list")
def list_models(as_json: AsJson = False) -> None:
    """Architectures that can be trained, and trained models that come with the package."""
    from spermlens.models import MODELS
    from spermlens.models._description import describe
    from spermlens.models._shipped import shipped_models

    shipped = {name: describe(folder) for name, folder in shipped_models().items()}
    if as_json:
        print_json({"architectures": list(MODELS), "shipped": {n: _told(d) for n, d in shipped.items()}})
        return
    rows = [(name, (module.__doc__ or "").strip().split("\n")[0]) for name, module in MODELS.items()]
    print_table("Architectures", ("name", "what it is"), rows)
    typer.echo("")
    trained = [
        (name, ", ".join(task.name for task in d.tasks), d.architecture, d.data.get("name", ""))
        for name, d in shipped.items()
    ]
    print_table("Shipped, ready to predict", ("name", "answers", "architecture", "learned from"), trained)


@app.command("show")
def show(
    model: Annotated[str, typer.Argument(help="A saved model's folder, a run, or a shipped model's name.")],
    as_json: AsJson = False,
) -> None:
    """The card of a saved model: classes, data, figures with intervals, thresholds."""
    from spermlens.cli.train import HEADLINE
    from spermlens.lens import find_model
    from spermlens.models._description import describe
    from spermlens.models._store import load

    description = describe(find_model(model))
    if as_json:
        print_json({"id": description.id, **_told(description)})
        return
    saved = load(find_model(model))
    facts = [
        ("id", description.id),
        ("architecture", description.architecture),
        *((f"task {task.name}", ", ".join(task.classes)) for task in description.tasks),
        ("input", description.framing.told),
        ("layers", ", ".join(saved.network.layers())),
        ("views", str(description.views)),
        *(("votes", sentence) for sentence in _votes(saved)),
        *((f"data {key}", str(value)) for key, value in description.told.items() if key not in APART),
        *(("data before", source) for source in description.data.get("before", ())),
        *(("not known", sentence) for sentence in description.data.get("unknown", ())),
        *(("note", note) for note in description.notes),
        *(("known fault", sentence) for sentence in description.faults),
        *(("not for", sentence) for sentence in _not_for(description)),
        ("use", "Research use only. Not a medical device, not for diagnosis."),
    ]
    print_table(description.name, ("", ""), facts)
    _show_figures(description, "On images never seen in training", HEADLINE)
    found = [f"recall_{name}" for task in description.tasks for name in task.classes]
    _show_figures(description, "Found, of the images of each class", found)


@app.command("export")
def export(
    model: Annotated[str, typer.Argument(help="A saved model's folder, a run, or a shipped model's name.")],
    folder: Annotated[
        Path,
        typer.Argument(help="The new folder; it needs nothing else to predict. With --onnx also a file."),
    ],
    half: Annotated[bool, typer.Option(help="Store 16-bit weights: half the size.")] = False,
    onnx: Annotated[
        bool, typer.Option("--onnx", help="One ONNX file with answers and maps, for use without PyTorch.")
    ] = False,
    overwrite: Annotated[bool, typer.Option(help="Replace what is there.")] = False,
) -> None:
    """Copy a saved model, checked on the way, to hand it on."""
    from spermlens.lens import find_model
    from spermlens.models._description import describe
    from spermlens.models._store import load, save

    if onnx:
        if half:
            raise UsageError("An ONNX file holds 32-bit weights. Leave out --half, or --onnx.")
        _export_graph(load(find_model(model)), folder, overwrite)
        return
    if folder.exists():
        if not overwrite:
            raise UsageError(f"{folder}: is there already. Name another folder, or add --overwrite.")
        describe(folder)  # only the folder of a model is ever replaced
    saved = load(find_model(model))
    description = save(folder, saved.network, saved.description, rulers=saved.rulers, half=half)
    typer.echo(f"{description.id} in {folder}")


def _export_graph(saved: Saved, place: Path, overwrite: bool) -> None:
    """One file; in a folder it bears the model's name."""
    from spermlens.files import is_there, make_sure_of
    from spermlens.models._export import export as export_graph
    from spermlens.models._graph import SUFFIX

    model = saved.description
    file = place if place.suffix.lower() == SUFFIX else place / f"{model.name}{SUFFIX}"
    if is_there(file) and not overwrite:
        raise UsageError(f"{file}: is there already. Name another file, or add --overwrite.")
    make_sure_of(file)
    export_graph(saved, file)
    typer.echo(f"{model.id} in {file}")


def _not_for(description: Description) -> list[str]:
    """What its maker said, and what the licence of the data says."""
    from spermlens.types import forbids_commerce

    by_licence = ["Commercial use: so says the licence of data learned from."]
    return [*description.not_for, *(by_licence if forbids_commerce(description.data) else [])]


def _votes(saved: Saved) -> list[str]:
    """Where more than the network decides."""
    return [
        f"{task.replace('_', ' ')}: the network has one vote, and what is measured on the outline another "
        f"({len(ruler.columns)} measures, read by support vectors); the mean of both decides."
        for task, ruler in saved.rulers.items()
    ]


def _show_figures(description: Description, title: str, metrics: Collection[str]) -> None:
    """A table of those figures that were judged in the way the model is used."""
    from spermlens.evaluate.intervals import calibrated, condition_of

    used = condition_of(description.views)
    used = calibrated(used) if description.temperature else used
    rows = [
        (r["task"], r["metric"], r["value"], r["low"], r["high"], r["n_images"])
        for r in description.results
        if r["metric"] in metrics and r["condition"] == used
    ]
    if rows:
        typer.echo("")
        print_table(title, ("task", "metric", "value", "low", "high", "n"), rows)


def _told(description: Description) -> dict[str, Any]:
    """All that is known of a model but the hash of each image; model.json holds those."""
    return {**asdict(description), "data": description.told}
