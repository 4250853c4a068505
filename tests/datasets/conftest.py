"""The real sets are not part of the repository; those that lie beside it are verified too."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

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
