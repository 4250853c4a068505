"""A disk that fails at any write: a sentence, nothing half-written, and the same bytes once there is room."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from killing import Job, contents, litter

from spermlens.cli import run

TRIED = 3  # writes that fail, spread over all that a command makes


def counted(patch: pytest.MonkeyPatch, call: str, refused: int, error: int) -> list[int]:
    """Let every call of os.<call> from number `refused` on fail; how many there were stands in the list."""
    real: Callable[..., Any] = getattr(os, call)
    seen = [0]

    def counting(*arguments: Any, **options: Any) -> Any:
        seen[0] += 1
        if seen[0] > refused:
            raise OSError(error, os.strerror(error))
        return real(*arguments, **options)

    patch.setattr(os, call, counting)
    return seen


@pytest.mark.parametrize("call", ["fsync", "replace"])
@pytest.mark.parametrize("name", ["train", "predict"])
def test_a_disk_that_is_full_from_some_write_on(
    name: str, call: str, jobs: dict[str, Job], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    job, whole = jobs[name], tmp_path / "whole"
    job.prepare(whole)
    with pytest.MonkeyPatch.context() as patch:
        seen = counted(patch, call, 10**9, errno.ENOSPC)
        assert run(job.command(whole)) == job.done
    expected = contents(job.outcome(whole))
    assert seen[0] > TRIED
    for refused in range(0, seen[0], -(-seen[0] // TRIED)):
        here = tmp_path / f"{call}-{refused}"
        job.prepare(here)
        with pytest.MonkeyPatch.context() as patch:
            counted(patch, call, refused, errno.ENOSPC)
            capsys.readouterr()
            assert run(job.command(here)) == 3
        told = capsys.readouterr().err
        assert f"{here}/" in told
        assert "the disk is full. Make room, then go on" in told
        assert litter(here) in ([], [".rows.csv.journal"])
        found = contents(job.outcome(here))
        assert {n: c for n, c in found.items() if n != "status.json"}.items() <= expected.items()
        assert run(job.finish(here)) == job.done, capsys.readouterr().err
        assert contents(job.outcome(here)) == expected
        assert litter(here) == []


def test_a_file_that_may_not_grow(
    jobs: dict[str, Job], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The operating system itself refuses, in the middle of the journal's second batch."""
    job, whole, here = jobs["predict"], tmp_path / "whole", tmp_path / "here"
    line = ["predict", job.command(here)[1], str(tmp_path / "images"), "--batch-size", "2", "--quiet", "-o"]
    assert run([*line, str(whole / "rows.csv")]) == 3
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1500, before[1]))
    try:
        code = run([*line, str(here / "rows.csv")])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    told = capsys.readouterr().err
    assert code == 3
    assert ".rows.csv.journal: larger than a file may be here. Lift the limit, then go on" in told
    assert [path.name for path in here.iterdir()] == [".rows.csv.journal"]
    assert run([*line, str(here / "rows.csv")]) == 3
    assert contents(here) == contents(whole)
    assert litter(here) == []


def test_an_output_stream_that_is_full() -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "spermlens", "data", "list", "--json"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.returncode == 3
    assert done.stderr.splitlines() == [
        "Error: The output: No space left on device. Mend that, then give the command again."
    ]


def test_a_reader_that_goes_away_early() -> None:
    line = f"{sys.executable} -m spermlens data list --json | head -c 1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
