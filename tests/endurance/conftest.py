"""Where long runs write their figures, and the small experiment that they kill."""

from __future__ import annotations

import platform
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from spermlens.files import write_json

FIGURES = Path(__file__).parents[2] / "experiments" / "endurance"
Report = Callable[[str, dict[str, Any]], None]


@pytest.fixture
def report() -> Report:
    """Write the figures of a long run, with the day and the machine."""

    def write(name: str, figures: dict[str, Any]) -> None:
        head = {"date": datetime.now(UTC).date().isoformat(), "python": platform.python_version()}
        write_json(FIGURES / name, head | {"system": platform.system()} | figures)

    return write
