"""A study with a folder of results."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from drawn_jobs import STUDY, Desk

from spermlens.reproduce.job import Job, jobs
from spermlens.reproduce.progress import Places
from spermlens.reproduce.study_file import load_study


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    path = tmp_path / "small.toml"
    path.write_text(STUDY, encoding="utf-8")
    name, study = load_study(str(path))
    return Desk(name, study.parts, jobs(name, study), Places(tmp_path / "runs", tmp_path / "results"))


@pytest.fixture
def one(desk: Desk) -> Callable[[str], Job]:
    """A job by its path."""
    return lambda path: next(job for job in desk.jobs if job.path == path)
