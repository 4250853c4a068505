"""Kill a command at a random moment, look at what lies there, finish it, and compare every byte.

The command runs in a fork of this process, which has everything loaded, so a kill costs a second and not ten.
"""

from __future__ import annotations

import os
import re
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from spermlens.cli import run

# What two runs of the same command may differ in: their own name, the time, and how long it took.
_DIFFERS = re.compile(rb"\d{4}-\d\d-\d\dT[\d:]+\+00:00|\d{4}-\d\d-\d\d-tiny-[0-9a-f]{4}|\"seconds\": [\d.]+")
_LITTER = (".part", ".old", ".journal")


@dataclass(frozen=True)
class Job:
    """A command, how it is finished after a kill, and what it leaves."""

    name: str
    prepare: Callable[[Path], None]
    command: Callable[[Path], list[str]]
    finish: Callable[[Path], list[str]]
    outcome: Callable[[Path], Path]  # the folder to compare; a run's name is not known before
    done: int = 0  # the exit code of one that was left alone


@dataclass
class Tally:
    """What came of the kills."""

    moments: int = 0
    killed: dict[str, int] = field(default_factory=lambda: {"SIGKILL": 0, "SIGINT": 0})
    too_late: int = 0  # the command was done before
    failures: list[str] = field(default_factory=list)


def forked(line: Sequence[str], errors: Path, after: float | None = None, sent: int = 0) -> int:
    """Run a command in a fork; its exit code, or minus the signal that ended it."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            handle = os.open(errors, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(handle, 1)
            os.dup2(handle, 2)
            sys.stdout, sys.stderr = open(1, "w", closefd=False), open(2, "w", closefd=False)  # noqa: SIM115
            code = run(list(line))
        except KeyboardInterrupt:
            code = 130
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
    if after is not None:
        time.sleep(after)
        os.kill(child, sent)  # nobody waited for it yet, so its number is still its own
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def contents(folder: Path) -> dict[str, bytes]:
    """Each visible file without what may differ; a draft or a journal is no output yet."""
    found = {}
    for path in sorted(folder.rglob("*")):
        steps = path.relative_to(folder).parts
        unfinished = any(step.startswith(".") for step in steps) or "checkpoint" in steps
        if path.is_file() and not unfinished:
            found["/".join(steps)] = _DIFFERS.sub(b"", path.read_bytes())
    return found


def litter(folder: Path) -> list[str]:
    return [str(path.relative_to(folder)) for path in folder.rglob(".*") if path.name.endswith(_LITTER)]


def endure(job: Job, place: Path, moments: int, seed: int) -> Tally:
    """Kill the job at so many moments of its course; what was wrong afterwards, as sentences."""
    random = np.random.default_rng(seed)
    tally = Tally()
    whole, errors = place / "whole", place / "said.txt"
    job.prepare(whole)
    begun = time.monotonic()
    assert forked(job.command(whole), errors) == job.done, errors.read_text()
    lasted = time.monotonic() - begun
    expected = contents(job.outcome(whole))
    for moment in range(moments):
        here = place / f"{moment:04d}"
        job.prepare(here)
        sent = (signal.SIGKILL, signal.SIGINT)[moment % 2]
        after = float(random.uniform(0, lasted))
        code = forked(job.command(here), errors, after, sent)
        tally.moments += 1
        tally.killed[sent.name] += code != job.done
        tally.too_late += code == job.done
        what = f"{job.name}, {sent.name} after {after:.3f} s of {lasted:.3f} s (moment {moment})"
        tally.failures += [f"{what}: {wrong}" for wrong in _wrong(job, here, errors, (code, sent), expected)]
    return tally


def _wrong(
    job: Job, here: Path, errors: Path, ended: tuple[int, int], expected: dict[str, bytes]
) -> list[str]:
    """What speaks against it: after the kill, and after it was finished."""
    code, sent = ended
    wrong = []
    if code not in (job.done, -signal.SIGKILL if sent == signal.SIGKILL else 130):
        wrong.append(f"ended with {code}: {errors.read_text()[-600:]}")
    if sent == signal.SIGINT and "Traceback" in errors.read_text():
        wrong.append(f"showed a trace: {errors.read_text()[-600:]}")
    for name, content in contents(job.outcome(here)).items():
        if not name.endswith("status.json") and content != expected.get(name):
            wrong.append(f"{name} is neither whole nor absent")
    finished = forked(job.finish(here), errors)
    if finished != job.done:
        wrong.append(f"could not be finished, {finished}: {errors.read_text()[-600:]}")
    found = contents(job.outcome(here))
    if found != expected:
        names = sorted(name for name in {*found, *expected} if found.get(name) != expected.get(name))
        wrong.append(f"finished, it differs in {', '.join(names[:5])}")
    if left := litter(here):
        wrong.append(f"left behind: {', '.join(left[:5])}")
    return wrong


def told(tally: Tally) -> dict[str, Any]:
    return {
        "moments": tally.moments,
        **tally.killed,
        "done before the signal": tally.too_late,
        "failures": len(tally.failures),
        "first failures": tally.failures[:5],
    }
