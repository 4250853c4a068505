"""How alike the maps of different classes are: a map that is the same for every class explains none."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from spermlens.types import Vector


def class_similarity(maps: NDArray[np.floating]) -> Vector:
    """Of each image the mean correlation (Pearson) over the pairs of its classes' maps, -1 to 1.

    `maps` is images x classes x height x width, before any scaling. A map that is flat correlates with
    nothing: its pairs are left out, and an image without a pair is NaN.
    """
    if maps.ndim != 4 or maps.shape[1] < 2:
        raise ValueError(f"Maps of two classes or more are needed, images first, but found {maps.shape}.")
    flat = maps.reshape(*maps.shape[:2], -1).astype(np.float64)
    centred = flat - flat.mean(2, keepdims=True)
    length = np.linalg.norm(centred, axis=2, keepdims=True)
    rounding = 1e-6 * np.abs(flat).max(
        2, keepdims=True
    )  # a flat map in 32 bits is not flat to the last digit
    unit = np.where(length > rounding, centred / np.maximum(length, np.finfo(np.float64).tiny), np.nan)
    pairs = np.array([(unit[:, a] * unit[:, b]).sum(1) for a, b in combinations(range(maps.shape[1]), 2)])
    known = np.isfinite(pairs)
    total, count = np.where(known, pairs, 0).sum(0), known.sum(0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
