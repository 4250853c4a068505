"""Where long runs write their figures, and the small experiment that they kill."""

from __future__ import annotations

import importlib
import platform
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import torch
from killing import Job

from spermlens.files import write_json

LOADED = (  # before any fork, so that a kill meets the work and not the imports
    "matplotlib.figure",
    "sklearn.model_selection",
    "spermlens.batch",
    "spermlens.report.contact_sheet",
    "spermlens.report.prediction_page",
    "spermlens.report.run_page",
)
FIGURES = Path(__file__).parents[2] / "experiments" / "results"
Report = Callable[[str, dict[str, Any]], None]


@pytest.fixture
def report() -> Report:
    """Write the figures of a long run, with the day and the machine."""

    def write(name: str, figures: dict[str, Any]) -> None:
        head = {"date": datetime.now(UTC).date().isoformat(), "python": platform.python_version()}
        write_json(FIGURES / name, head | {"system": platform.system()} | figures)

    return write


def make(here: Path) -> None:
    here.mkdir(parents=True)


def only_run(here: Path) -> Path:
    found = sorted((here / "runs").glob("*/config.toml"))
    return found[0].parent if found else here / "none"


@pytest.fixture
def jobs(trained: Any, tiny: Callable[[Path], str], hushem: Path, tmp_path: Path) -> dict[str, Job]:
    torch.set_num_threads(1)  # a fork has none of its parent's threads
    for name in LOADED:
        importlib.import_module(name)
    images = tmp_path / "images"
    for name in ("01_Normal", "02_Tapered"):
        shutil.copytree(hushem / name, images / name)
    (images / "bad.png").write_bytes(b"not an image")
    small = tiny(hushem).replace("epochs = 2", "epochs = 1")
    (tmp_path / "tiny.toml").write_text(small)

    def copy_run(here: Path) -> None:
        make(here)
        shutil.copytree(trained.folder, here / "runs" / trained.folder.name)
        (here / "runs" / trained.folder.name / "report.html").unlink(missing_ok=True)

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
