"""The real HuSHeM is not part of the repository; where it lies beside it, it is verified too."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

HERE = Path(__file__).parents[2]
NAMED = os.environ.get("SPERMLENS_DATA")
PLACES = [*([Path(NAMED)] if NAMED else []), HERE.parent / "shared" / "data", HERE / "shared" / "data"]
FOUND = next((place / "hushem" for place in PLACES if (place / "hushem").is_dir()), None)

collect_ignore = [] if FOUND else ["test_real_hushem.py"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    where = f"verified in {FOUND}" if FOUND else "not found, test_real_hushem.py was not collected"
    terminalreporter.write_line(f"HuSHeM: {where}")


@pytest.fixture
def real_hushem() -> Path:
    assert FOUND is not None
    return FOUND
