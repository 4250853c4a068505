"""`spermlens data audit`: copies, contradictions, leaks and odd images, before anything is learned."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spermlens.cli._terminal import AsJson, DataOption, Quiet, Root, assignments, print_json, progress, say
from spermlens.errors import ConfigError, SplitLeaks

if TYPE_CHECKING:
    from spermlens.audit.findings import Findings


def audit(
    name: Annotated[str, typer.Argument(help="A data set's name, a folder or a CSV manifest.")],
    root: Root = "",
    option: DataOption = None,
    experiment: Annotated[
        str, typer.Option("--experiment", "-e", help="Check the splits of this experiment, not five folds.")
    ] = "",
    run: Annotated[str, typer.Option(help="A run on this data, whose predictions doubt labels.")] = "",
    runs: Annotated[Path, typer.Option(help="Where runs are kept.")] = Path("runs"),
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Folder for the CSV files, audit.json and page.html."),
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Find copies, contradicting labels, leaking splits, odd images; exit code 3 when a split leaks."""
    from spermlens.audit.findings import examine
    from spermlens.audit.folder import as_json as findings_as_json
    from spermlens.audit.folder import write_findings
    from spermlens.audit.page import audit_report
    from spermlens.config import load_experiment
    from spermlens.datasets import open_data
    from spermlens.evaluate.table import read_predictions
    from spermlens.report.page import write_page
    from spermlens.runs import find_run

    planned = load_experiment(experiment) if experiment else None
    predictions = read_predictions(find_run(runs, run).predictions) if run else None
    listing = open_data(name, root, assignments(option))
    with progress(quiet) as show:
        found = examine(listing, experiment=planned, predictions=predictions, tell=show)
    if output is not None:
        write_findings(output, found)
        write_page(output / "page.html", audit_report(found))
    if as_json:
        print_json(findings_as_json(found))
    else:
        _print(found)
    if output is not None:
        say(f"Page   {output / 'page.html'}", quiet)
    _judge(found, bool(experiment))


def _print(found: Findings) -> None:
    from spermlens.audit.words import clean_sentence, metadata_sentences, summary

    typer.echo(summary(found))
    for one in found.bad:
        typer.echo(one.message)
    for plan in found.plans:
        typer.echo(plan.sentence())
    for sentence in metadata_sentences(found):
        typer.echo(sentence)
    typer.echo(clean_sentence(found))


def _judge(found: Findings, asked: bool) -> None:
    """The last word of the command; everything is written and printed by then."""
    for plan in found.plans:
        if asked and plan.trouble:
            raise ConfigError(plan.sentence())
    if found.leaking:
        told = " ".join(plan.sentence() for plan in found.leaking)
        raise SplitLeaks(
            f"{told} Figures from such a split are too good. Drop the copies (clean.csv), "
            "or give what belongs together one name in a 'group' column."
        )
