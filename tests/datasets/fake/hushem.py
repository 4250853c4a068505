"""Twenty drawn heads in HuSHeM's layout: four folders, 131 x 131 BMP, some smaller, one head twice."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

HEADS = {"01_Normal": (60, 38), "02_Tapered": (76, 22), "03_Pyriform": (54, 54), "04_Amorphous": (24, 24)}
PER_CLASS = 5


def write(root: Path) -> int:
    """Write the set below `root`; how many samples it has. The last two normal heads are the same pixels."""
    for order, (folder, axes) in enumerate(HEADS.items()):
        place = root / folder
        place.mkdir(parents=True)
        for number in range(1, PER_CLASS + 1):
            side = 98 if number == 3 else 131
            _head(side, axes, seed=10 * order + number).save(place / f"image_{number:03}.BMP")
    normal = root / "01_Normal"
    shutil.copyfile(normal / "image_004.BMP", normal / "image_005.BMP")
    return PER_CLASS * len(HEADS)


def _head(side: int, axes: tuple[int, int], seed: int) -> Image.Image:
    random = np.random.default_rng(seed)
    noise = random.integers(185, 215, (side, side, 3), dtype=np.uint8)
    picture = Image.fromarray(noise)
    middle, (long, short) = side / 2 + random.uniform(-4, 4), axes
    box = (middle - long / 2, middle - short / 2, middle + long / 2, middle + short / 2)
    ImageDraw.Draw(picture).ellipse(box, fill=(90, 40, int(random.integers(100, 140))))
    return picture
