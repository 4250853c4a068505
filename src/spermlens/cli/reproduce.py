"""`spermlens reproduce`: a study's trainings one after another, or its tables from what they committed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from spermlens.cli._terminal import Device, Quiet, assignments, print_table, progress, say
from spermlens.errors import UnknownName, UsageError

if TYPE_CHECKING:
    from spermlens.reproduce.job import Job
    from spermlens.reproduce.progress import Places
    from spermlens.reproduce.study import Study


def reproduce(
    study: Annotated[str, typer.Argument(help="A study's name (paper) or TOML file.")],
    only: Annotated[
        list[str] | None, typer.Option("--only", help="A part, recipe or job of it. Repeatable.")
    ] = None,
    list_jobs: Annotated[
        bool, typer.Option("--list", help="Say how far each job is and how long it takes; do nothing.")
    ] = False,
    missing: Annotated[bool, typer.Option("--missing", help="Leave out what is committed.")] = False,
    tables: Annotated[
        bool, typer.Option("--tables", help="Train nothing; write the tables from what is committed.")
    ] = False,
    ship: Annotated[
        str, typer.Option("--ship", help="Train this model of the study on everything, and save it.")
    ] = "",
    models: Annotated[Path, typer.Option(help="Where a shipped model is saved, below its name.")] = Path(
        "models"
    ),
    runs: Annotated[Path, typer.Option(help="Where runs are kept.")] = Path("runs"),
    root: Annotated[
        list[str] | None, typer.Option("--root", help="NAME=FOLDER in which a data set lies. Repeatable.")
    ] = None,
    weights: Annotated[Path | None, typer.Option(help="Folder with ImageNet weights.")] = None,
    results: Annotated[Path, typer.Option(help="Where jobs commit and tables are written.")] = Path(
        "experiments/results"
    ),
    device: Device = "auto",
    quiet: Quiet = False,
) -> None:
    """Do the jobs of a study piece by piece, and write its tables from what they commit."""
    from spermlens.reproduce.job import jobs
    from spermlens.reproduce.progress import Places
    from spermlens.reproduce.study_file import load_study

    if sum(map(bool, (list_jobs, tables, ship))) > 1:
        raise UsageError("--list, --tables and --ship are different things. Give one of them.")
    name, found = load_study(study)
    every, chosen = jobs(name, found), jobs(name, found, only or ())
    places = Places(runs, results, _roots(root, every))
    if list_jobs:
        _list(chosen, every, places)
        _list_weights(chosen, weights)
    elif tables:
        _write_tables(name, found, chosen, places)
    elif ship:
        _ship(ship, (name, found), places, models / ship, _Training(weights, device, quiet))
    else:
        _work(chosen, places, missing, _Training(weights, device, quiet))


def _roots(texts: Sequence[str] | None, every: Sequence[Job]) -> dict[str, str]:
    """{data set: folder}; a data set that no job of the study learns from is an error."""
    given = {name: str(folder) for name, folder in assignments(texts).items()}
    known = {job.experiment().data.name for job in every} if given else set()
    for name in given:
        if name not in known:
            raise UnknownName("data set of this study", name, known)
    return given


def _list(chosen: Sequence[Job], every: Sequence[Job], places: Places) -> None:
    from spermlens.reproduce.progress import COMMITTED, estimate, paces, state
    from spermlens.reproduce.protocol import tried

    known = paces(every, places)
    rows = []
    for job in chosen:
        word = state(job, places)
        rows.append((job.path, word, "" if word == COMMITTED else estimate(job.experiment(), known)))
    done = sum(word == COMMITTED for _, word, _ in rows)
    print_table(f"{done} of {len(rows)} jobs are committed", ("job", "state", "time"), rows)
    for part in dict.fromkeys(job.part for job in chosen):
        say(f"{part.name}: {tried(part)}.")


def _list_weights(chosen: Sequence[Job], folder: Path | None) -> None:
    """Which backbones jobs cannot begin from here; PyTorch is only asked for where there may be any."""
    from spermlens.reproduce.progress import foreign_weights

    if not (backbones := foreign_weights(chosen)):
        return
    from spermlens.errors import DataMissing
    from spermlens.models._pretrained import find_local, weights_folder

    weights_folder.set(folder)
    for backbone in backbones:
        try:
            there = find_local(backbone) is not None
        except DataMissing:
            there = False
        if not there:
            say(
                f"{backbone}: jobs of it start from ImageNet weights, which are not here. Put them as "
                f"{backbone}/model.safetensors into a folder and name it with --weights."
            )


def _write_tables(name: str, study: Study, chosen: Sequence[Job], places: Places) -> None:
    """The tables of the parts that were asked for; a table is always of its whole part."""
    from spermlens.reproduce.tables import table_of, write_table

    asked = {job.part.name for job in chosen}
    for part in study.parts:
        if part.name not in asked:
            continue
        table = table_of(name, part, places)
        if table is None:
            typer.echo(f"{part.name}: no job of it is committed yet, so there is no table.")
            continue
        path = write_table(part, table, places)
        jobs = table["jobs"]
        typer.echo(f"Table  {path}  ({jobs['committed']} of {jobs['wanted']} jobs)")
        if jobs["missing"]:
            say(f"Missing: {', '.join(jobs['missing'])}.")


@dataclass(frozen=True)
class _Training:
    """How to train, and what to show of it."""

    weights: Path | None
    device: str
    quiet: bool

    @contextmanager
    def shown(self) -> Iterator[Callable[[dict[str, Any]], None]]:
        """What takes every event of a training and shows it."""
        from spermlens.cli.train import teller
        from spermlens.models._pretrained import weights_folder

        weights_folder.set(self.weights)
        with progress(self.quiet) as show:
            yield teller(show, self.quiet)

    def job(self, job: Job, places: Places, touch: Callable[[], None]) -> Path:
        """One job done, its lock touched with each epoch."""
        from spermlens.reproduce.carry_out import carry_out

        with self.shown() as told:

            def tell(event: dict[str, Any]) -> None:
                touch()
                told(event)

            return carry_out(job, places, device=self.device, tell=tell)


def _ship(wanted: str, study: tuple[str, Study], places: Places, folder: Path, training: _Training) -> None:
    from spermlens.reproduce.ship import ship

    if folder.exists():
        raise UsageError(f"{folder}: is there already. Remove it, or name another place with --models.")
    with training.shown() as tell:
        description = ship(wanted, study, places, folder, device=training.device, tell=tell)
    typer.echo(f"{description.id}  {folder}")


def _work(chosen: Sequence[Job], places: Places, missing: bool, training: _Training) -> None:
    """Job after job, leaving out what another process holds."""
    from spermlens.reproduce.lock import held_by, lock
    from spermlens.reproduce.progress import COMMITTED, state

    quiet = training.quiet
    for number, job in enumerate(chosen, 1):
        with lock(places.lock(job)) as touch:
            if touch is None:
                who = held_by(places.lock(job)) or "another process"
                say(f"{job.path}: {who} does it now. Left out.", quiet)
            elif missing and state(job, places) == COMMITTED:
                say(f"{job.path}: is committed. Left out.", quiet)
            else:
                say(f"Job {number} of {len(chosen)}: {job.path}.", quiet)
                typer.echo(f"{job.path}  {training.job(job, places, touch)}")
