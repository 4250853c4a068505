"""Drawn heads as files, and a folder of them in which faults are planted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from spermlens.datasets import Listing, open_data
from spermlens.types import Image

Save = Callable[..., Path]


@pytest.fixture(scope="session")
def heads() -> list[Image]:
    """Sixty heads, no two alike, none so light that it is saturated."""
    drawn = open_data("synthetic", options={"count": 60, "seed": 5})
    return [(10 + sample.image * 0.85).astype(np.uint8) for sample in drawn]


@pytest.fixture
def save(tmp_path: Path) -> Save:
    """Write an image below cells/<name> and say where."""

    def saving(image: Image, name: str, **how: object) -> Path:
        path = tmp_path / "cells" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Pillow.fromarray(np.ascontiguousarray(image)).save(path, **how)
        return path

    return saving


@pytest.fixture
def cells(heads: list[Image], save: Save, tmp_path: Path) -> Callable[[], Listing]:
    """Sixty heads in two class folders, thirty each; read when called, after more was planted."""
    for number, image in enumerate(heads):
        save(image, f"{'round' if number % 2 else 'long'}/{number:02d}.png")
    return lambda: open_data(str(tmp_path / "cells"))
