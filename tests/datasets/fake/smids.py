"""Sixteen drawn patches in SMIDS's official layout: three folders of .bmp, some of them PNG inside.

The names are official ones: two normal patches are a copy, and one normal and one abnormal contradict each
other, as in the published set. The clean list has thirteen.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

SIZES = ((170, 156), (181, 150), (158, 191), (122, 80))
COPY = ("Sperm (131)", "Sperm (172)")
CONFLICT = (("Normal_Sperm", "Sperm (92)"), ("Abnormal_Sperm", "Acrosome_Defect_452"))
CLEAN, WHOLE = 13, 16


def write(root: Path) -> int:
    """Write the set below `root`; how many images its clean list has."""
    for order, folder in enumerate(("Normal_Sperm", "Abnormal_Sperm", "Non-Sperm")):
        (root / folder).mkdir(parents=True)
        for number, size in enumerate(SIZES):
            picture = _patch(size, order, seed=10 * order + number)
            _save(picture, root / folder / f"Drawn_{number + 1}.bmp", "PNG" if number % 2 else "BMP")
    for name in COPY:
        _save(_patch(SIZES[0], 0, seed=90), root / "Normal_Sperm" / f"{name}.bmp", "BMP")
    for folder, name in CONFLICT:
        _save(_patch(SIZES[1], 1, seed=91), root / folder / f"{name}.bmp", "PNG")
    return CLEAN


def _save(picture: Image.Image, path: Path, kind: str) -> None:
    picture.save(path, kind)


def _patch(size: tuple[int, int], order: int, seed: int) -> Image.Image:
    random = np.random.default_rng(seed)
    picture = Image.fromarray(random.integers(185, 215, (size[1], size[0], 3), dtype=np.uint8))
    x, y = size[0] / 2, size[1] / 2
    long, short = ((30, 20), (40, 12), (8, 36))[order]
    ImageDraw.Draw(picture).ellipse((x - long, y - short, x + long, y + short), fill=(90, 40, 130))
    return picture
