"""Every command explains itself, and explaining loads nothing heavy."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import click
import pytest
import typer

from spermlens import __version__
from spermlens.cli import app, run

HEAVY = (
    "torch",
    "torchvision",
    "timm",
    "sklearn",
    "skimage",
    "scipy",
    "numpy",
    "matplotlib",
    "PIL",
    "pydantic",
)


def commands(
    command: click.Command, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    for name, child in getattr(command, "commands", {}).items():
        yield from commands(child, (*path, name))


EVERY = dict(commands(typer.main.get_command(app)))


def test_the_verbs_are_there() -> None:
    assert {path[0] for path in EVERY if path} >= {
        "data",
        "train",
        "evaluate",
        "predict",
        "measure",
        "models",
        "runs",
        "reproduce",
        "bench",
        "doctor",
        "demo",
    }


@pytest.mark.parametrize("path", list(EVERY), ids=" ".join)
def test_every_command_says_what_it_does_and_what_each_option_means(
    path: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    command = EVERY[path]
    assert command.help
    for parameter in command.params:
        assert getattr(parameter, "help", None), f"{' '.join(path)}: {parameter.name}"
    assert run([*path, "--help"]) == 0
    told = capsys.readouterr().out
    assert "Usage: spermlens" in told
    assert command.help.split()[0] in told


@pytest.mark.parametrize("line", ["import spermlens.cli", "from spermlens.cli import run; run(['--help'])"])
def test_help_loads_nothing_heavy(line: str) -> None:
    loaded = subprocess.run(
        [sys.executable, "-c", f"{line}; import sys; print('MODULES', *sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("MODULES")[1]
    names = set(loaded.split())
    assert not names & set(HEAVY)
    assert "spermlens.cli" in names
    if "run" not in line:
        assert "rich.table" not in names


def test_the_package_itself_loads_nothing_heavy() -> None:
    line = "import spermlens, sys; print(*sys.modules)"
    found = subprocess.run([sys.executable, "-c", line], capture_output=True, text=True, check=True).stdout
    assert not set(found.split()) & {*HEAVY, "typer", "rich"}


def test_the_version_from_a_terminal() -> None:
    line = [sys.executable, "-m", "spermlens", "--version"]
    assert (
        subprocess.run(line, capture_output=True, text=True, check=True).stdout
        == f"spermlens {__version__}\n"
    )


def test_no_arguments_show_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 2
    told = capsys.readouterr()
    assert "Usage: spermlens" in told.out + told.err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["trian"], "No such command 'trian'"),
        (["predict", "--modle", "x"], "No such option: --modle"),
        (["predict"], "Missing argument"),
    ],
)
def test_a_wrong_command_or_option_is_usage(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    told = capsys.readouterr()
    assert sentence in told.err
    assert told.out == ""
