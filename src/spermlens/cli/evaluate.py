"""`spermlens evaluate`: a saved model on a data set it did not learn from."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from spermlens.cli._terminal import (
    AsJson,
    DataOption,
    Device,
    Quiet,
    Root,
    assignments,
    print_json,
    print_table,
    say,
)
from spermlens.cli.train import HEADLINE
from spermlens.errors import GateNotMet, UnknownName


def evaluate(
    model: Annotated[str, typer.Argument(help="A saved model's folder, a run, or a shipped model's name.")],
    data: Annotated[str, typer.Argument(help="A data set's name, a folder or a CSV manifest.")],
    root: Root = "",
    option: DataOption = None,
    views: Annotated[int, typer.Option(help="Rotations and mirrors averaged; 0: the model's own.")] = 0,
    output: Annotated[Path | None, typer.Option(help="Folder for predictions.csv and results.json.")] = None,
    gate: Annotated[
        list[str] | None, typer.Option(help="metric=least value; exit code 4 when not met. Repeatable.")
    ] = None,
    device: Device = "auto",
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Every score with its interval, for each task that model and data share."""
    from spermlens.datasets import open_data
    from spermlens.evaluate.intervals import judge
    from spermlens.evaluate.table import write_predictions
    from spermlens.files import write_json
    from spermlens.lens import load

    lens = load(model, device=device)
    listing = open_data(data, root, assignments(option))
    views = views or lens.description.views
    tables = lens.tables(listing, views=views)
    condition = "1 view" if views == 1 else f"{views} views"
    results = [
        result
        for table in tables
        for result in judge(table, dataset=listing.card.name, model=lens.description.id, condition=condition)
    ]
    if output is not None:
        write_predictions(output / "predictions.csv", tables)
        write_json(
            output / "results.json",
            {
                "claim": f"{lens.description.name} on {listing.card.name}, from which it did not learn.",
                "protocol": f"one look at all {len(listing)} images, {condition}, nothing chosen on them. "
                + " ".join(listing.card.unknown),
                "rows": [asdict(result) for result in results],
                "comparisons": [],
            },
        )
        say(f"Written to {output}", quiet)
    if as_json:
        print_json([asdict(result) for result in results])
    else:
        rows = [
            (r.task, r.metric, r.value, r.low, r.high, r.n_images) for r in results if r.metric in HEADLINE
        ]
        title = f"{lens.description.id} on {listing.card.name}, {condition}"
        print_table(title, ("task", "metric", "value", "low", "high", "n"), rows)
        for sentence in listing.card.unknown:
            say(sentence, quiet)
    _check_gates(gate or [], {result.metric: result.value for result in results})


def _check_gates(gates: list[str], found: dict[str, float]) -> None:
    for metric, least in assignments(gates).items():
        if metric not in found:
            raise UnknownName("metric", metric, found)
        if found[metric] < least:
            raise GateNotMet(f"{metric} is {found[metric]:.3f}, below the {least} that was asked for.")
