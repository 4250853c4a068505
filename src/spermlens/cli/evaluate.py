"""`spermlens evaluate`: a saved model on a data set, and whether it has learned from it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
from spermlens.errors import GateNotMet, UnknownName, UsageError

if TYPE_CHECKING:
    from spermlens.types import Result

LOWER_IS_BETTER = ("log_loss", "brier", "ece")


def evaluate(
    model: Annotated[str, typer.Argument(help="A saved model's folder, a run, or a shipped model's name.")],
    data: Annotated[str, typer.Argument(help="A data set's name, a folder or a CSV manifest.")],
    root: Root = "",
    option: DataOption = None,
    views: Annotated[int, typer.Option(help="Rotations and mirrors averaged; 0: the model's own.")] = 0,
    output: Annotated[Path | None, typer.Option(help="Folder for predictions.csv and results.json.")] = None,
    gate: Annotated[
        list[str] | None,
        typer.Option(
            help="metric=least value, of every task; for log_loss, brier and ece the largest. "
            "Exit code 4 when not met. Repeatable."
        ),
    ] = None,
    device: Device = "auto",
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Every score with its interval, for each task that model and data share."""
    from spermlens.datasets import open_data
    from spermlens.evaluate.intervals import condition_of
    from spermlens.evaluate.table import write_predictions
    from spermlens.files import make_sure_of, write_json
    from spermlens.lens import load

    gates = _gates(gate or [])
    if output is not None:
        make_sure_of(output / "results.json")
    lens = load(model, device=device)
    listing = open_data(data, root, assignments(option))
    views = views or lens.description.views
    tables = lens.tables(listing, views=views)
    condition, results = condition_of(views), lens.judged(tables, listing, views)
    overlap = lens.description.overlap_in_words(listing.pixel_hashes)
    if lens.description.learned_from(listing.pixel_hashes):
        typer.echo(f"Warning: {overlap}.", err=True)  # also with --quiet: it is no progress
    if output is not None:
        write_predictions(output / "predictions.csv", tables)
        write_json(
            output / "results.json",
            {
                "claim": f"{lens.description.name} judged on {listing.card.name}.",
                "protocol": f"one look at all {len(listing)} images, {condition}, nothing chosen on them; "
                f"{overlap}. " + " ".join(listing.card.unknown),
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
    for metric, asked in gates.items():
        _check_gate(metric, asked, results)


def _gates(texts: list[str]) -> dict[str, float]:
    """{metric: value}, read before anything is computed."""
    gates = assignments(texts)
    for metric, asked in gates.items():
        if isinstance(asked, bool) or not isinstance(asked, int | float):
            raise UsageError(f"--gate {metric}={asked}: the value must be a number.")
    return gates


def _check_gate(metric: str, asked: float, results: list[Result]) -> None:
    found = [result for result in results if result.metric == metric]
    if not found:
        raise UnknownName("metric", metric, {result.metric for result in results})
    for result in found:
        worse = result.value > asked if metric in LOWER_IS_BETTER else result.value < asked
        if worse:
            side = "above" if metric in LOWER_IS_BETTER else "below"
            raise GateNotMet(f"{result.task}: {metric} is {result.value:.3f}, {side} the {asked} asked for.")
