"""The documents run: every command and every block of Python on every page, in a folder made for it.

How a page is written so that it can be tested:

    ```console     lines with `$ ` are run; the lines below are output, of which numbers may differ and
                   `...` stands for anything; `$ echo $?` shows the exit code where it is not 0
    ```python      is executed; with `# src/spermlens/<room>/<name>.py` as its first line it becomes that
                   file of the package, with another path a file in the folder
    ```toml        the same: a path in its first line makes it a file
"""

from __future__ import annotations

import importlib
import re
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import typer

from spermlens import config
from spermlens.cli import app, run
from spermlens.datasets import _verify, open_data
from spermlens.files import write_bytes
from spermlens.models import MODELS
from spermlens.models._shipped import shipped_models
from spermlens.report.overlay import png_bytes

HOUSE = Path(__file__).parents[1]
GENERATED = HOUSE / "docs" / "reference"
PAGES = [HOUSE / "README.md", *sorted((HOUSE / "docs").rglob("*.md"))]
OTHERS = [HOUSE / "CONTRIBUTING.md", HOUSE / "CHANGELOG.md", *sorted((HOUSE / "experiments").glob("*.md"))]
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SHAPES = ("normal", "tapered", "pyriform", "amorphous")
OURS = tuple(MODELS)  # before a page adds its own
OTHER_COMMANDS = re.compile(r"git (clone|add|commit)\b|cd |ls\b|export SPERMLENS_\w+=")
BANNED = re.compile(r"\b(TODO|FIXME|XXX|lorem|state[- ]of[- ]the[- ]art|cutting[- ]edge)\b", re.IGNORECASE)


def named(page: Path) -> str:
    return page.relative_to(HOUSE).as_posix()


def blocks(page: Path) -> list[tuple[str, str]]:
    """Kind and text of each fenced block that can be run."""
    found = FENCE.findall(page.read_text(encoding="utf-8"))
    return [(kind, text) for kind, text in found if kind in ("python", "console", "toml")]


@dataclass
class Step:
    """A line behind a `$`, and the output the page shows for it."""

    command: str
    shown: list[str] = field(default_factory=list)


def steps(block: str) -> list[Step]:
    found: list[Step] = []
    for line in block.replace("\\\n", " ").splitlines():
        if line.startswith("$ "):
            found.append(Step(line[2:]))
        elif found:
            found[-1].shown.append(line)
    return found


def small(load: Callable[..., config.Experiment]) -> Callable[..., config.Experiment]:
    """The same experiments, each a matter of a second: one epoch, small squares, a small network."""

    def load_small(name_or_path: str, overrides: Sequence[str] = ()) -> config.Experiment:
        found = load(name_or_path, overrides)
        phase = found.training.phases[-1].model_copy(update={"epochs": 1})
        changes: dict[str, Any] = {
            "training": found.training.model_copy(update={"phases": (phase,)}),
            "framing": found.framing.model_copy(update={"size": 32}),
        }
        if found.model.name in OURS and not found.model.start_from:
            tiny = {"name": "simple_cnn", "pretrained": False, "arguments": {"width": 4}}
            changes["model"] = found.model.model_copy(update=tiny)
        return found.model_copy(update=changes)

    return load_small


@pytest.fixture(scope="module")
def prepared(fake_hushem: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a reader of the pages has: HuSHeM's folders, single images, cells by class, a manifest."""
    folder = tmp_path_factory.mktemp("reader")
    shutil.copytree(fake_hushem, folder / "data" / "hushem")
    drawn = list(open_data("synthetic", options={"count": 32, "seed": 3}))
    for index, sample in enumerate(drawn):
        label = SHAPES[sample.labels["head_shape"] or 0]
        place = "cells" if index < 24 else "new-cells"
        write_bytes(folder / place / label / f"{index:03d}.png", png_bytes(sample.image))
    for sample in drawn[:2]:
        write_bytes(folder / "images" / f"{sample.id}.png", png_bytes(sample.image))
    rows = ["path,head_shape,group,um_per_pixel"]
    for number, path in enumerate(sorted((folder / "cells").glob("*/*.png"))):
        rows.append(f"{path.relative_to(folder).as_posix()},{path.parent.name},P{number % 7:02d},0.1")
    (folder / "cells.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder


@pytest.fixture
def reader(
    prepared: Path,
    tmp_path: Path,
    promise: Callable[[str, Path], None],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Path]:
    """A copy of what was prepared as working folder, with short trainings; the package as found after."""
    folder = shutil.copytree(prepared, tmp_path / "reader")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("SPERMLENS_HOME", str(tmp_path / "home"))
    for name in ("SPERMLENS_DATA", "SPERMLENS_WEIGHTS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(config, "load_experiment", small(config.load_experiment))
    promise("hushem", folder / "data" / "hushem")
    told = _verify.known_pixels
    monkeypatch.setattr(_verify, "known_pixels", lambda name: told(name) if name == "hushem" else {})
    before = set(sys.modules)
    yield folder
    for name in set(sys.modules) - before:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            room, _, entry = name.rpartition(".")
            delattr(sys.modules[room], entry)
            del sys.modules[name]


class Page:
    """Runs the blocks of one page in order."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
        self.folder, self.monkeypatch, self.capsys = folder, monkeypatch, capsys
        self.names: dict[str, Any] = {"__name__": "page"}

    def run(self, kind: str, text: str) -> None:
        path = re.match(r"# ([\w./-]+\.(py|toml))\n", text)
        if path:
            self.write(Path(path.group(1)), text)
        elif kind == "python":
            exec(compile(text, "page", "exec"), self.names)
        elif kind == "console":
            self.console(steps(text))

    def write(self, path: Path, text: str) -> None:
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_text(text, encoding="utf-8")
        if path.parts[:2] == ("src", "spermlens"):
            room = importlib.import_module(f"spermlens.{path.parts[2]}")
            place = str((self.folder / path).parent)
            self.monkeypatch.setattr(room, "__path__", [*room.__path__, place])
            importlib.invalidate_caches()

    def console(self, found: list[Step]) -> None:
        for step, after in zip(found, [*found[1:], Step("")], strict=True):
            code = int(after.shown[0]) if after.command == "echo $?" else 0
            if step.command.startswith("spermlens "):
                self.spermlens(step, code)
            elif step.command.startswith("export "):
                name, _, value = step.command.removeprefix("export ").partition("=")
                self.monkeypatch.setenv(name, value)
            elif step.command.startswith("make "):
                target = step.command.split()[1]
                assert f"\n{target}:" in (HOUSE / "Makefile").read_text(encoding="utf-8")
            else:
                assert step.command == "echo $?" or OTHER_COMMANDS.match(step.command), step.command

    def spermlens(self, step: Step, code: int) -> None:
        arguments = [word for text in shlex.split(step.command, comments=True) for word in expanded(text)]
        self.capsys.readouterr()
        found = run(arguments[1:])
        said = "".join(self.capsys.readouterr())
        assert found == code, f"{step.command}\n{said}"
        for line in step.shown:
            parts = [masked(part) for part in line.split("...")]
            assert all(part in masked(said) for part in parts), (
                f"{step.command}\n{said}\ndoes not show: {line}"
            )


def expanded(word: str) -> list[str]:
    """A word as a shell hands it on."""
    return sorted(path.as_posix() for path in Path().glob(word)) or [word] if "*" in word else [word]


def masked(text: str) -> str:
    """Without what differs from run to run: numbers, hashes and the width of columns."""
    return " ".join(re.sub(r"\b[0-9a-f]*\d[0-9a-f.]*\b", "#", text).split())


def test_the_shipped_model_is_there() -> None:
    assert "synthetic-heads" in shipped_models()


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page)], ids=named)
def test_every_block_of_a_page_runs(
    page: Path, reader: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    runner = Page(reader, monkeypatch, capsys)
    for kind, text in blocks(page):
        runner.run(kind, text)


def test_every_command_is_told_on_some_page() -> None:
    written = "\n".join(page.read_text(encoding="utf-8") for page in PAGES if GENERATED not in page.parents)
    words = " ".join(written.split())
    untold = [name for name in commands(typer.main.get_command(app), "spermlens") if name not in words]
    assert not untold


def commands(command: Any, name: str) -> list[str]:
    below = getattr(command, "commands", {})
    return [n for key, inner in below.items() for n in commands(inner, f"{name} {key}")] or [name]


@pytest.mark.parametrize("page", [*PAGES, *OTHERS], ids=named)
def test_links_lead_somewhere_and_no_word_is_left_over(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    prose = re.sub(r"`[^`\n]*`", "", FENCE.sub("", text))
    for target in re.findall(r"\]\(([^)\s]+)\)", prose):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        place = (page.parent / path).resolve() if path else page
        assert place.exists(), f"{target} leads nowhere"
        assert not anchor or anchor in anchors(place), f"{target}: there is no such heading"
    assert not BANNED.findall(text)


def anchors(page: Path) -> set[str]:
    """The headings of a page as links name them."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_every_page_is_on_the_index() -> None:
    index = (HOUSE / "docs" / "README.md").read_text(encoding="utf-8")
    found = {page.relative_to(HOUSE / "docs").as_posix() for page in PAGES[1:]} - {"README.md"}
    assert not {page for page in found if f"({page})" not in index}


def test_generated_pages_agree_with_their_sources(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.syspath_prepend(HOUSE / "docs")
    generate = importlib.import_module("generate")
    monkeypatch.setattr(sys, "argv", ["generate.py", "--check"])
    assert generate.main() == 0, capsys.readouterr().out
