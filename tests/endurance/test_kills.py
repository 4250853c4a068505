"""Killed at any moment, a command leaves whole files or none, and finishing gives the bytes it would have."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from killing import Job, endure, told

SEED = 20261120
SHARES = {"train": 80, "predict": 80, "page": 40}  # of the long run's 200 moments


@pytest.fixture
def jobs(trained: Any, tiny: Callable[[Path], str], hushem: Path, tmp_path: Path) -> dict[str, Job]:
    torch.set_num_threads(1)  # a fork has none of its parent's threads
    images = tmp_path / "images"
    for name in ("01_Normal", "02_Tapered"):
        shutil.copytree(hushem / name, images / name)
    (images / "bad.png").write_bytes(b"not an image")
    small = tiny(hushem).replace("epochs = 2", "epochs = 1")
    (tmp_path / "tiny.toml").write_text(small)

    def make(here: Path) -> None:
        here.mkdir(parents=True)

    def copy_run(here: Path) -> None:
        make(here)
        shutil.copytree(trained.folder, here / "runs" / trained.folder.name)
        (here / "runs" / trained.folder.name / "report.html").unlink(missing_ok=True)

    def only_run(here: Path) -> Path:
        found = sorted((here / "runs").glob("*/config.toml"))
        return found[0].parent if found else here / "none"

    def train(here: Path) -> list[str]:
        return ["train", "-e", str(tmp_path / "tiny.toml"), "--runs", str(here / "runs"), "--quiet"]

    def resume(here: Path) -> list[str]:
        return ["train", "--resume", str(only_run(here)), "--runs", str(here / "runs"), "--quiet"]

    def finish_training(here: Path) -> list[str]:
        return train(here) if only_run(here).name == "none" else resume(here)

    def predict(here: Path) -> list[str]:
        places = ["-o", here / "rows.csv", "--explain", here / "maps", "--report", here / "page.html"]
        line = ["predict", trained.model, images, *places, "--batch-size", "2", "--quiet", "--method", "cam"]
        return [str(word) for word in line]

    def finish_predicting(here: Path) -> list[str]:
        return [*predict(here), *(["--overwrite"] if (here / "rows.csv").exists() else [])]

    return {
        "train": Job("train", make, train, finish_training, only_run),
        "predict": Job("predict", make, predict, finish_predicting, lambda here: here, done=3),
        "page": Job("page", copy_run, resume, resume, only_run),
    }


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
