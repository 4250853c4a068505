"""`spermlens runs`: what was trained, how well it did, and which of two is better."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from spermlens.cli._terminal import AsJson, print_json, print_table
from spermlens.errors import DataError, UsageError

app = typer.Typer(help="Runs: list, show, compare, export.", no_args_is_help=True)
Place = Annotated[Path, typer.Option("--runs", help="Where runs are kept.")]
Name = Annotated[str, typer.Argument(help="A run's folder, or a part of its name that fits no other.")]


@app.command("list")
def list_all(runs: Place = Path("runs"), as_json: AsJson = False) -> None:
    """All runs, oldest first, with their accuracy."""
    from spermlens.runs import list_runs

    rows = [_summary(run) for run in list_runs(runs)]
    if as_json:
        print_json(rows)
        return
    headings = ("run", "status", "data", "accuracy", "low", "high", "n")
    print_table(
        "" if rows else f"No runs in {runs}.", headings, [tuple(row[h] for h in headings) for row in rows]
    )


@app.command("show")
def show(run: Name, runs: Place = Path("runs"), as_json: AsJson = False) -> None:
    """Every score of a run, with its interval."""
    from spermlens.runs import find_run

    found = find_run(runs, run)
    results = found.results()
    if as_json:
        print_json({"run": found.id, "status": found.status(), "results": [asdict(r) for r in results]})
        return
    rows = [(r.task, r.metric, r.condition, r.value, r.low, r.high, r.n_images) for r in results]
    print_table(found.id, ("task", "metric", "seen from", "value", "low", "high", "n"), rows)


@app.command("compare")
def compare(first: Name, second: Name, runs: Place = Path("runs"), as_json: AsJson = False) -> None:
    """Two runs on the same images: difference with interval, and McNemar's exact test."""
    from spermlens.evaluate.compare import compare as compare_tables
    from spermlens.evaluate.compare import holm
    from spermlens.evaluate.table import read_predictions
    from spermlens.runs import find_run

    a, b = find_run(runs, first), find_run(runs, second)
    left, right = read_predictions(a.predictions), read_predictions(b.predictions)
    found = [compare_tables(left[task], right[task]) for task in left if task in right]
    if not found:
        raise UsageError(f"The runs share no task: {', '.join(left)} in a, {', '.join(right)} in b.")
    corrected = holm([comparison.p for comparison in found])
    if as_json:
        rows = [{**asdict(c), "p_holm": p} for c, p in zip(found, corrected, strict=True)]
        print_json({"a": a.id, "b": b.id, "comparisons": rows})
        return
    table = [
        (c.task, c.n_images, c.a_only, c.b_only, c.difference, c.low, c.high, c.p, p)
        for c, p in zip(found, corrected, strict=True)
    ]
    headings = ("task", "n", "only a right", "only b right", "a - b", "low", "high", "p", "p (Holm)")
    print_table(f"a = {a.id}\nb = {b.id}", headings, table)


@app.command("export")
def export(
    names: Annotated[list[str], typer.Argument(help="Runs, by folder or a fitting part of the name.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The results file to write.")],
    runs: Place = Path("runs"),
) -> None:
    """The figures of several runs as one results file, their predictions per image beside it."""
    from spermlens.files import write_bytes, write_json
    from spermlens.runs import find_run

    found = [find_run(runs, name) for name in names]
    told = [run.told() for run in found]
    if unjudged := [run.id for run in found if not run.predictions.is_file()]:
        raise UsageError(f"{unjudged[0]} was judged on inner images only: there is nothing to claim.")
    for run in found:
        write_bytes(output.with_name(f"{run.id}.predictions.csv"), run.predictions.read_bytes())
    write_json(
        output,
        {
            "claim": " ".join(dict.fromkeys(one["claim"] for one in told)),
            "protocol": " ".join(dict.fromkeys(one["protocol"] for one in told)),
            "rows": [row for one in told for row in one["rows"]],
            "comparisons": [],
        },
    )


def _summary(run: Any) -> dict[str, Any]:
    row: dict[str, Any] = {"run": run.id, "status": "damaged", "data": ""}
    row |= dict.fromkeys(("accuracy", "low", "high", "n"))
    with suppress(DataError):  # one damaged run does not hide the others; `runs show` says what is wrong
        row |= _found_in(run)
    return row


def _found_in(run: Any) -> dict[str, Any]:
    from spermlens.evaluate.intervals import INNER

    data = run.environment().get("data", {}).get("name", "")
    row: dict[str, Any] = {"status": run.status(), "data": data}
    if (run.folder / "results.json").is_file():
        tested = [result for result in run.results() if not result.condition.startswith(INNER)]
        best = next((r for r in tested if r.metric == "accuracy"), None)
        if best is not None:
            row |= {"accuracy": best.value, "low": best.low, "high": best.high, "n": best.n_images}
    return row
