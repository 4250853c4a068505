"""The map that is asked of nobody: a blob in the middle, of the same resolution as the map beside it.

Heads lie in the middle of their pictures, and so does a blob. What a map hits less often than that, it
has not found.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spermlens.types import Heat

WIDTH = 0.25  # standard deviation over the side


def centred_blob(map_size: tuple[int, int], size: tuple[int, int]) -> Heat:
    """A normal distribution about the middle, one value a cell, its largest 1, enlarged as maps are."""
    rows, columns = (_along(cells, side) for cells, side in zip(map_size, size, strict=True))
    return np.outer(rows, columns).astype(np.float32)


def _along(cells: int, side: int) -> NDArray[np.float64]:
    """One side of it: linear between the centres of the cells, and level beyond the outermost."""
    centres = (np.arange(cells) + 0.5) / cells
    values = np.exp(-(((centres - 0.5) / WIDTH) ** 2) / 2)
    found: NDArray[np.float64] = np.interp((np.arange(side) + 0.5) / side, centres, values / values.max())
    return found
