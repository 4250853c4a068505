"""Two processes never hold one lock; what a dead one left is taken over."""

from __future__ import annotations

import json
import multiprocessing
import os
import platform
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from spermlens.reproduce.lock import LEFT_OVER_SECONDS, held_by, lock


def dead() -> int:
    """The number of a process that has ended."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    return ended.pid


def left(path: Path, pid: int, host: str, seconds: float = 0) -> None:
    path.write_text(json.dumps({"pid": pid, "host": host, "token": "t"}), encoding="utf-8")
    os.utime(path, (time.time() - seconds,) * 2)


def test_a_lock_is_held_by_one(tmp_path: Path) -> None:
    path = tmp_path / "there" / "job.lock"
    with lock(path) as first:
        assert first is not None
        assert held_by(path) == f"process {os.getpid()} on {platform.node()}"
        with lock(path) as second:
            assert second is None
        assert path.exists()
    assert list(path.parent.iterdir()) == []
    assert held_by(path) == ""


def test_a_lock_is_given_back_when_the_work_fails(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), lock(tmp_path / "lock"):
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_what_a_dead_process_left_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    left(path, dead(), platform.node())
    assert held_by(path) == ""
    with lock(path) as touch:
        assert touch is not None
        assert str(os.getpid()) in held_by(path)


def test_another_machine_is_believed_until_it_is_silent_for_hours(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    left(path, dead(), "elsewhere", seconds=LEFT_OVER_SECONDS - 60)
    with lock(path) as touch:
        assert touch is None
    left(path, dead(), "elsewhere", seconds=LEFT_OVER_SECONDS + 60)
    with lock(path) as touch:
        assert touch is not None


def test_touching_keeps_a_lock_fresh(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with lock(path) as touch:
        assert touch is not None
        os.utime(path, (0, 0))
        touch()
        assert time.time() - path.stat().st_mtime < 60


def test_a_lock_that_somebody_else_took_over_is_not_removed(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with lock(path):
        left(path, 1, "elsewhere")
    assert path.exists()


def _hold(path: Path, taken: Path, together: Any) -> None:
    together.wait()
    with lock(path) as touch:
        if touch is not None:
            with taken.open("a") as stream:
                stream.write("x")
        together.wait()


def test_of_many_who_find_a_lock_left_over_one_takes_it(tmp_path: Path) -> None:
    path, taken = tmp_path / "lock", tmp_path / "taken"
    left(path, dead(), platform.node())
    fork = multiprocessing.get_context("fork")
    together = fork.Barrier(8, timeout=20)
    others = [fork.Process(target=_hold, args=(path, taken, together)) for _ in range(8)]
    for other in others:
        other.start()
    for other in others:
        other.join()
    assert taken.read_text() == "x"
