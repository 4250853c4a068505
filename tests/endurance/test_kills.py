"""Killed at any moment, a command leaves whole files or none, and finishing gives the bytes it would have."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from killing import Job, endure, told

SEED = 20261120
SHARES = {"train": 80, "predict": 80, "page": 40}  # of the long run's 200 moments


@pytest.mark.parametrize("name", SHARES)
def test_killed_at_two_moments(name: str, jobs: dict[str, Job], tmp_path: Path) -> None:
    tally = endure(jobs[name], tmp_path / name, 2, SEED)
    assert not tally.failures


@pytest.mark.endurance
def test_killed_at_two_hundred_moments(jobs: dict[str, Job], tmp_path: Path, report: Any) -> None:
    begun, figures, failures = time.monotonic(), {}, []
    for name, moments in SHARES.items():
        tally = endure(jobs[name], tmp_path / name, moments, SEED + 1)
        figures[name] = told(tally)
        failures += tally.failures
    seconds = round(time.monotonic() - begun)
    report("kills.json", {"seed": SEED + 1, "seconds": seconds, "jobs": figures})
    assert not failures
