"""The command line: one file a verb, each parses, calls the library and prints."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Sequence

import typer

from spermlens.cli import bench, data, models, runs
from spermlens.cli._torch import without_torch
from spermlens.cli.demo import demo
from spermlens.cli.doctor import doctor
from spermlens.cli.evaluate import evaluate
from spermlens.cli.measure import measure
from spermlens.cli.predict import predict
from spermlens.cli.reproduce import reproduce
from spermlens.cli.train import train
from spermlens.errors import CannotWrite, SpermlensError

INTERRUPTED = 130
# What the machine refuses and the user can mend; any other OSError is a fault of ours.
OF_THE_MACHINE = {
    getattr(errno, name)
    for name in [
        "EACCES",
        "EDQUOT",
        "EFBIG",
        "EIO",
        "ELOOP",
        "EMFILE",
        "ENAMETOOLONG",
        "ENFILE",
        "ENOSPC",
        "EPERM",
        "EROFS",
        "ESTALE",
    ]
    if hasattr(errno, name)
}
HOW_TO_GO_ON = (
    "Stopped. What was done is kept: predict and measure go on with the same command, train with --resume."
)

app = typer.Typer(
    name="spermlens",
    help="Reads sperm images, gives measured reasons for every decision, and says when it is unsure. "
    "Research use only, not a medical device.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(data.app, name="data")
app.command("train")(train)
app.command("evaluate")(evaluate)
app.command("predict")(predict)
app.command("measure")(measure)
app.add_typer(models.app, name="models")
app.add_typer(runs.app, name="runs")
app.command("reproduce")(reproduce)
app.add_typer(bench.app, name="bench")
app.command("doctor")(doctor)
app.command("demo")(demo)


@app.callback(invoke_without_command=True)
def _root(
    version: bool = typer.Option(False, "--version", help="Print the version and stop.", is_eager=True),
) -> None:
    if version:
        from spermlens import __version__

        typer.echo(f"spermlens {__version__}")
        raise typer.Exit


def run(arguments: Sequence[str]) -> int:
    """Run a command; the exit code. What the user can mend is a sentence, our failure is a trace."""
    try:
        code = _carried_out(arguments)
        sys.stdout.flush()  # a full disk is said here, not after the last line of Python
    except SpermlensError as error:
        typer.echo(f"Error: {error}", err=True)
        return error.exit_code
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except BrokenPipeError:
        _let_go_of_stdout()
        return 0
    except OSError as error:
        if error.errno not in OF_THE_MACHINE:
            raise
        where = error.filename or "The output"
        typer.echo(f"Error: {where}: {error.strerror}. Mend that, then give the command again.", err=True)
        _let_go_of_stdout()
        return CannotWrite.exit_code
    except Exception as error:
        show = getattr(error, "show", None)  # the parser's own complaints know how to show themselves
        if show is None:
            raise
        show()
        return int(getattr(error, "exit_code", 2))
    if code == INTERRUPTED:  # the parser makes this code of Ctrl-C and says nothing
        typer.echo(HOW_TO_GO_ON, err=True)
    return int(code or 0)


def _carried_out(arguments: Sequence[str]) -> int | None:
    """The code that the parser gives; a command that needs PyTorch says so where there is none."""
    try:
        code: int | None = app(args=list(arguments), prog_name="spermlens", standalone_mode=False)
    except ModuleNotFoundError as error:
        raise without_torch(error) from error
    return code


def _let_go_of_stdout() -> None:
    """What could not be written is dropped, else Python tries once more at its end and complains."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def main() -> None:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal without the letter shows its number
    sys.exit(run(sys.argv[1:]))
