"""The real ImageNet weights are not part of the repository; where they lie beside it, they are tested too."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

PLACES = [os.environ.get("SPERMLENS_WEIGHTS"), Path(__file__).parents[3] / "shared" / "weights"]
NAME = Path("tf_efficientnet_b0") / "model.safetensors"
FOUND = next((Path(place) for place in PLACES if place and (Path(place) / NAME).is_file()), None)

collect_ignore = [] if FOUND else ["test_real_weights.py"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    where = f"tested from {FOUND}" if FOUND else "not found, test_real_weights.py was not collected"
    terminalreporter.write_line(f"ImageNet weights: {where}")


@pytest.fixture
def real_weights() -> Path:
    assert FOUND is not None
    return FOUND
