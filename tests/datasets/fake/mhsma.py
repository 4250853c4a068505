"""Twenty drawn grey sperm in the layout of MHSMA: arrays of pictures at two sizes and of labels, in parts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

COUNTS = {"train": 10, "valid": 4, "test": 6}
TASKS = ("acrosome", "head", "vacuole", "tail")


def write(root: Path) -> int:
    """Write the set below `root`; how many samples it has. The small pictures are the middle of the large."""
    root.mkdir(parents=True)
    random = np.random.default_rng(5)
    for split, count in COUNTS.items():
        pictures = random.integers(100, 140, (count, 128, 128), dtype=np.uint8)
        pictures[:, 54:74, 46:82] += np.arange(count, dtype=np.uint8)[:, None, None]
        np.save(root / f"x_128_{split}.npy", pictures)
        np.save(root / f"x_64_{split}.npy", pictures[:, 32:96, 32:96])
        for place, task in enumerate(TASKS):
            labels = (np.arange(count) % (place + 2) == 0).astype(np.uint8)
            np.save(root / f"y_{task}_{split}.npy", labels)
    return sum(COUNTS.values())


def lose(root: Path, id: str) -> None:
    """Take a sample out of all arrays."""
    split, number = id.split("/")
    for path in root.glob(f"*_{split}.npy"):
        np.save(path, np.delete(np.load(path), int(number), axis=0))


def change(root: Path, id: str) -> None:
    """Change one pixel of a sample."""
    path, pictures, number = _pictures(root, id)
    pictures[number, 0, 0] ^= 1
    np.save(path, pictures)


def spoil(root: Path, id: str) -> Path:
    """Make the file of a sample unreadable; which file that is."""
    path, _, _ = _pictures(root, id)
    path.write_bytes(b"not an array")
    return path


def _pictures(root: Path, id: str) -> tuple[Path, NDArray[np.uint8], int]:
    split, number = id.split("/")
    path = root / f"x_128_{split}.npy"
    return path, np.load(path), int(number)
