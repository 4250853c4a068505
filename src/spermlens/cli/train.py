"""`spermlens train`: an experiment in, a run out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from spermlens.cli._terminal import AsJson, Device, Quiet, Root, print_json, print_table, progress, say
from spermlens.errors import UsageError

if TYPE_CHECKING:
    from spermlens.config import Experiment
    from spermlens.runs import Run

OWN_IMAGES = "own-images"
HEADLINE = ("accuracy", "balanced_accuracy", "f1_macro", "mcc", "log_loss", "ece")


def train(
    experiment: Annotated[
        str, typer.Option("--experiment", "-e", help="An experiment's name or TOML file.")
    ] = "",
    data: Annotated[
        str, typer.Option(help="Instead of the experiment's data: a name, folder or manifest.")
    ] = "",
    root: Root = "",
    setting: Annotated[list[str] | None, typer.Option("--set", help="section.key=value. Repeatable.")] = None,
    start_from: Annotated[
        str, typer.Option("--from", help="Go on from this saved model or shipped name.")
    ] = "",
    class_map: Annotated[
        list[str] | None,
        typer.Option("--map", help="With --from: task.class=task.class, new=old. Repeatable."),
    ] = None,
    resume: Annotated[str, typer.Option(help="Finish this run: its name or folder.")] = "",
    runs: Annotated[Path, typer.Option(help="Where runs are kept.")] = Path("runs"),
    weights: Annotated[Path | None, typer.Option(help="Folder with ImageNet weights.")] = None,
    device: Device = "auto",
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Train every fold of an experiment, judge it on images never seen, and save a model and a page."""
    from spermlens.files import make_sure_of
    from spermlens.models._pretrained import weights_folder
    from spermlens.runs import find_run
    from spermlens.training.experiment import resume as resume_run
    from spermlens.training.experiment import start

    if resume and (experiment or data or root or setting or start_from or class_map):
        raise UsageError("--resume finishes a run as it was begun. Leave out what says how to train.")
    weights_folder.set(weights)
    with progress(quiet) as show:
        if resume:
            run = resume_run(find_run(runs, resume), device=device, tell=teller(show, quiet))
        else:
            chosen = _experiment(experiment, data, root, setting or [], start_from, class_map or [])
            make_sure_of(runs / chosen.name)
            run = start(chosen, runs, device=device, tell=teller(show, quiet))
    if run.predictions.is_file():  # judged on inner images only there is nothing to claim on a page
        _write_page(run)
    _print_outcome(run, as_json, quiet)


def _experiment(
    name: str, data: str, root: str, settings: list[str], start_from: str, class_map: list[str]
) -> Experiment:
    """The experiment with what the flags say laid over it; --set has the last word."""
    from spermlens.config import experiment_names, load_experiment

    if not name and not data:
        raise UsageError(
            f"Name an experiment with --experiment ({', '.join(experiment_names())}), "
            "or your images with --data."
        )
    flags = {"data.name": data, "data.root": root}
    overrides = [f"{key}={_quoted(value)}" for key, value in flags.items() if value]
    if start_from:
        overrides += _warm_start(start_from, class_map)
    elif class_map:
        raise UsageError("--map says how the classes of a saved model are used: it needs --from.")
    return load_experiment(name or OWN_IMAGES, [*overrides, *settings])


def _warm_start(start_from: str, class_map: list[str]) -> list[str]:
    from spermlens.lens import find_model
    from spermlens.models._description import describe

    folder = find_model(start_from)
    old = describe(folder)
    pairs = dict(text.partition("=")[::2] for text in class_map)
    if broken := [new for new, source in pairs.items() if not new or not source]:
        raise UsageError(f"'{broken[0]}': write --map new_task.new_class=old_task.old_class.")
    mapped = ", ".join(f"{_quoted(new)} = {_quoted(source)}" for new, source in pairs.items())
    arguments = ", ".join(f"{key} = {_quoted(value)}" for key, value in old.arguments.items())
    return [
        f"model.name={_quoted(old.architecture)}",
        "model.pretrained=false",
        f"model.arguments={{{arguments}}}",
        f"model.start_from={_quoted(str(folder))}",
        f"model.class_map={{{mapped}}}",
        f"framing.size={old.framing.size}",
        f"framing.field_px={old.framing.field_px}",
        f"framing.align={_quoted(old.framing.align)}",
    ]


def _quoted(value: Any) -> str:
    """A value as TOML writes it."""
    import json

    return json.dumps(value, ensure_ascii=False)


def teller(show: Callable[[str, int, int], None], quiet: bool) -> Callable[[dict[str, Any]], None]:
    def tell(event: dict[str, Any]) -> None:
        if event["stage"] == "train":
            done = event["index"] * event["epochs"] + event["epoch"]
            show(f"{event['part']}  loss {event['loss']:.3f}", done, event["parts"] * event["epochs"])
            if event["epoch"] == event["epochs"]:
                part = f"Part {event['index'] + 1} of {event['parts']} ({event['part']})"
                say(f"{part} is trained: {event['epochs']} epochs, loss {event['loss']:.3f}.", quiet)
        elif event["stage"] == "verify":
            say(f"Reading and verifying {event['images']} images.", quiet)
        elif event["stage"] == "warm_start":
            say(f"Classes carried over: {', '.join(event['inherited']) or 'none'}.", quiet)
            say(f"Classes that start fresh: {', '.join(event['fresh']) or 'none'}.", quiet)

    return tell


def _write_page(run: Run) -> None:
    from spermlens.config import load_experiment
    from spermlens.datasets import open_data
    from spermlens.report.page import write_page
    from spermlens.report.run_page import run_report

    data = load_experiment(str(run.config)).data
    write_page(run.page, run_report(run, open_data(data.name, data.root, data.options)))


def _print_outcome(run: Run, as_json: bool, quiet: bool) -> None:
    from dataclasses import asdict

    from spermlens.evaluate.intervals import INNER

    judged = run.predictions.is_file()
    results = [result for result in run.results() if result.condition.startswith(INNER) != judged]
    if as_json:
        print_json({"run": str(run.folder), "results": [asdict(result) for result in results]})
        return
    rows = [
        (r.task, r.metric, r.condition, r.value, r.low, r.high, r.n_images)
        for r in results
        if r.metric in HEADLINE
    ]
    seen = "images never seen in training" if judged else "inner images, to choose a recipe by"
    print_table(f"On {seen}", ("task", "metric", "seen from", "value", "low", "high", "n"), rows)
    if (run.model / "model.json").is_file():
        say(f"Model  {run.model}", quiet)
    if judged:
        say(f"Page   {run.page}", quiet)
