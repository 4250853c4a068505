"""A model whose reason is known: how bright the upper left quarter is, and nothing else."""

from __future__ import annotations

import numpy as np

SIDE = 16
HALF = SIDE // 2


def ask(pictures: np.ndarray) -> np.ndarray:
    """Images x 2: the mean brightness of the quarter, 0..1, is the probability of class 1."""
    bright = pictures[:, :HALF, :HALF].mean((1, 2, 3)) / 255
    return np.stack([1 - bright, bright], 1)


def pictures(count: int = 3) -> np.ndarray:
    """Bright in the quarter, black elsewhere."""
    made = np.zeros((count, SIDE, SIDE, 3), np.uint8)
    made[:, :HALF, :HALF] = 255
    return made


def quarter(rows: slice, columns: slice) -> np.ndarray:
    """A map that is hot in one part alone."""
    heat = np.zeros((SIDE, SIDE), np.float32)
    heat[rows, columns] = 1
    return heat


FIRST, SECOND = slice(0, HALF), slice(HALF, SIDE)
RIGHT = quarter(FIRST, FIRST)
WRONG = quarter(SECOND, SECOND)
EVERYWHERE = np.ones((SIDE, SIDE), np.float32)
