"""The real sets are not part of the repository; those that lie beside it are verified too."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pytest

from spermlens.datasets import Listing

HERE = Path(__file__).parents[2]
NAMED = os.environ.get("SPERMLENS_DATA")
PLACES = [*([Path(NAMED)] if NAMED else []), HERE.parent / "shared" / "data", HERE / "shared" / "data"]
REAL = [path.stem.removeprefix("test_real_") for path in sorted(Path(__file__).parent.glob("test_real_*.py"))]
FOUND = {name: place / name for place in reversed(PLACES) for name in REAL if (place / name).is_dir()}

collect_ignore = [f"test_real_{name}.py" for name in REAL if name not in FOUND]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for name in REAL:
        missing = f"not found, test_real_{name}.py was not collected"
        where = f"verified in {FOUND[name]}" if name in FOUND else missing
        terminalreporter.write_line(f"{name}: {where}")


@pytest.fixture
def real_hushem() -> Path:
    return FOUND["hushem"]


@pytest.fixture(scope="session")
def real_smids() -> Path:
    return FOUND["smids"]


@pytest.fixture
def real_mhsma() -> Path:
    return FOUND["mhsma"]


@pytest.fixture
def real_sperm_parsing() -> Path:
    return FOUND["sperm_parsing"]


@pytest.fixture
def near_rows(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Listing], list[str]]:
    """What `experiments/near_copies.py` would write of a set."""
    monkeypatch.syspath_prepend(str(HERE / "experiments"))
    rows_of: Callable[[str, Listing], list[str]] = importlib.import_module("near_copies").rows_of
    return rows_of


@pytest.fixture
def shipped_near_rows() -> Callable[[str], list[str]]:
    """What the list that ships with the package says of a set."""
    lines = (files("spermlens.datasets") / "_facts" / "near_copies.csv").read_text("utf-8").splitlines()
    return lambda name: [line for line in lines if line.startswith(f"{name},")]
