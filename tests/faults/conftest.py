"""A place in which things can go wrong: a small model, a finished run, pictures, classes, a manifest."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from fault_making import cells, png
from fault_table import SMALL

from spermlens.cli import run


@pytest.fixture(scope="session")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The place before anything is wrong; not to be changed."""
    import numpy as np
    import torch

    from spermlens.framing import Framing
    from spermlens.models import build
    from spermlens.models._description import Description
    from spermlens.models._store import save
    from spermlens.types import Task

    place = tmp_path_factory.mktemp("sound")
    random = np.random.default_rng(1)
    names = [f"cells/{name}/{n}.png" for name in ("long", "round") for n in range(3)]
    for name in [*names, "images/good1.png", "images/good2.png", "one.png", "two.png"]:
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(png(random.integers(0, 256, (20, 24, 3), dtype=np.uint8)))
    (place / "cells.csv").write_text(cells())
    tasks = (Task("shape", ("long", "round")),)
    torch.manual_seed(0)
    save(
        place / "model",
        build("simple_cnn", tasks, arguments={"width": 2}),
        Description(
            name="tiny",
            architecture="simple_cnn",
            arguments={"width": 2},
            tasks=tasks,
            framing=Framing(size=16, field_px=20.0),
        ),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        assert run(["train", "--data", "cells.csv", *SMALL.split()]) == 0
    (found,) = (place / "runs").iterdir()
    found.rename(place / "runs" / "done")
    return place


@pytest.fixture
def place(sound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy as working folder."""
    copy = shutil.copytree(sound, tmp_path / "place")
    monkeypatch.chdir(copy)
    monkeypatch.setenv("COLUMNS", "200")
    return copy
