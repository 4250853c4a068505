"""Two processes on one list never take the same job.

A lock is a file beside the job's results, made by whoever comes first. It says who holds it, and its holder
touches it as the work goes on. It is left over when its process is gone, or, of another machine, when
nobody has touched it for hours.
"""

from __future__ import annotations

import json
import os
import platform
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from spermlens.files import is_running, writing

LEFT_OVER_SECONDS = 3 * 3600.0  # longer than an epoch, or the judging of a fold, ever takes

Touch = Callable[[], None]


@contextmanager
def lock(path: Path) -> Iterator[Touch | None]:
    """Hold `path` while the block runs, and touch it now and then; None where another process holds it."""
    mine = {"pid": os.getpid(), "host": platform.node(), "token": secrets.token_hex(8)}
    if not _take(path, mine):
        yield None
        return

    def touch() -> None:
        with suppress(OSError):
            os.utime(path)

    try:
        yield touch
    finally:
        if _holder(path) == mine:
            path.unlink(missing_ok=True)


def held_by(path: Path) -> str:
    """'process 123 on host' that holds the lock now; empty where nobody does."""
    holder = _holder(path)
    if holder is None or _left_over(path, holder):
        return ""
    return f"process {holder.get('pid', '?')} on {holder.get('host', '?')}"


def _take(path: Path, mine: dict[str, Any]) -> bool:
    # made under a name of its own and linked, so that nobody ever reads a lock that is half written
    draft = path.with_name(f"{path.name}.{mine['token']}")
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(json.dumps(mine), encoding="utf-8")
    try:
        holder = _holder(path)
        if holder is not None and _left_over(path, holder):
            _take_away(path, draft)
        return _linked(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def _take_away(path: Path, draft: Path) -> None:
    """Remove a lock that was left over; one at a time, so that none removes what another just made."""
    turn = path.with_name(f"{path.name}.turn")
    with suppress(FileNotFoundError):
        if time.time() - turn.stat().st_mtime > LEFT_OVER_SECONDS:  # its process died in this very moment
            turn.unlink()
    if not _linked(draft, turn):
        return
    try:
        holder = _holder(path)
        if holder is not None and _left_over(path, holder):
            path.unlink(missing_ok=True)
    finally:
        turn.unlink(missing_ok=True)


def _linked(draft: Path, path: Path) -> bool:
    """Give a draft another name; False where that is taken."""
    try:
        os.link(draft, path)
    except FileExistsError:
        return False
    return True


def _holder(path: Path) -> dict[str, Any] | None:
    """Who made the lock; None without one, and an empty answer where it cannot be read."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _left_over(path: Path, holder: dict[str, Any]) -> bool:
    try:
        untouched = time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return True
    pid = holder.get("pid")
    gone = holder.get("host") == platform.node() and isinstance(pid, int) and not is_running(pid)
    return gone or untouched > LEFT_OVER_SECONDS
