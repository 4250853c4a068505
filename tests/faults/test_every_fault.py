"""Every row of the table of faults: its sentence, its exit code, and what became of the rest."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest
from fault_table import FAULTS, Fault

from spermlens.cli import run


def files_in(place: Path) -> dict[str, bytes]:
    """Every visible file with its content, and every draft."""
    paths = [path for path in place.rglob("*") if path.is_file() and not path.is_symlink()]
    paths = [path for path in paths if path.name != "status.json"]  # running, stopped: that is its purpose
    return {str(path.relative_to(place)): beginning(path) for path in paths}


def beginning(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(100_000)


def in_order(parts: Iterator[str], text: str) -> bool:
    at = 0
    for part in parts:
        at = text.find(part, at) + len(part)
        if at < len(part):
            return False
    return True


@pytest.mark.parametrize(
    "fault",
    [pytest.param(f, id=f"{room}: {f.problem}") for room, rows in FAULTS.items() for f in rows],
)
def test_it_is_said_the_code_is_right_and_the_rest_is_done(
    fault: Fault, place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fault.prepare(place, monkeypatch)
    before = files_in(place)
    words = fault.command.split() if isinstance(fault.command, str) else list(fault.command)
    code = run(words)
    told = capsys.readouterr()
    assert code == fault.code, told
    assert "Traceback" not in told.err
    assert in_order(iter(fault.says.split("…")), " ".join((told.out + told.err).split())), told
    if fault.read is not None:
        rows = list(csv.DictReader(io.StringIO(told.out)))
        assert sum(row["status"] != "bad_input" for row in rows) == fault.read
        assert sum(row["status"] == "bad_input" for row in rows) == (1 if fault.code else 0)
    monkeypatch.undo()
    after = files_in(place)
    assert before.items() <= after.items(), "something that was there was changed"
    assert not [name for name in after if name.endswith((".part", ".old"))], "something half-written is left"


def test_nothing_is_said_where_nothing_is_wrong() -> None:
    for fault in chain.from_iterable(FAULTS.values()):
        assert bool(fault.says) == bool(fault.code) or fault.says == "damaged"
        assert fault.code in (0, 2, 3)
        assert fault.do.endswith((".", "`", ")"))
