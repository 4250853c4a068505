"""What of a map lies inside a mask: of the head as outlined, or of a cause that is known.

A map that is zero everywhere points at nothing: its answers are NaN.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spermlens.types import Mask

LEVEL = 1 - 1e-6  # of the largest value: what counts as the peak
NAN = float("nan")


def peak_of(heat: NDArray[np.floating]) -> tuple[int, int]:
    """Row and column of the hottest pixel.

    Where many are equally hot, as in the outermost half cell of an enlarged map, it is the one nearest
    to their middle: the first of them would be a corner.
    """
    rows, columns = np.nonzero(heat >= LEVEL * heat.max())
    nearest = np.argmin((rows - rows.mean()) ** 2 + (columns - columns.mean()) ** 2)
    return int(rows[nearest]), int(columns[nearest])


def peak_inside(heat: NDArray[np.floating], mask: Mask) -> float:
    """The pointing game (Zhang et al. 2016, arXiv 1608.00507), without tolerance: 1 for a hit, else 0."""
    return float(mask[peak_of(heat)]) if heat.max() > 0 else NAN


def energy_inside(heat: NDArray[np.floating], mask: Mask) -> float:
    """The share of the map's sum that lies inside, 0..1 (Wang et al. 2020, arXiv 1910.01279)."""
    total = float(heat.sum(dtype=np.float64))
    return float(heat[mask].sum(dtype=np.float64)) / total if total > 0 else NAN


def area_share(mask: Mask) -> float:
    """The mask's share of the picture: what a map that knows nothing puts inside, and hits with its peak."""
    return np.count_nonzero(mask) / mask.size


def energy_over_area(heat: NDArray[np.floating], mask: Mask) -> float:
    """How many times denser the map is inside than over all: 1 for a map that knows nothing."""
    area = area_share(mask)
    return energy_inside(heat, mask) / area if area else NAN


def cells_touching(mask: Mask, map_size: tuple[int, int]) -> Mask:
    """Every cell of a map of that size in which some of the mask lies: as fine as such a map can point."""
    places = [np.arange(side) * cells // side for side, cells in zip(mask.shape, map_size, strict=True)]
    touched = np.zeros(map_size, bool)
    rows, columns = np.nonzero(mask)
    touched[places[0][rows], places[1][columns]] = True
    return touched[np.ix_(*places)]
