"""An outline set onto the rim: where, on the way out, half of the light just inside is back."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spermlens.locate._field import Plane
from spermlens.locate.contour import HEAD_WAVE_PX, Line, area_within, box_of, lines_around
from spermlens.types import Mask

EVERY = 4  # point of the rough outline: they lie closer than pixels
REACH_PX = 4.0  # to both sides of the rough outline
STEP_PX = 0.5
MOST_STEP = 0.5  # a step of the density higher than that counts as this, when neighbours are asked

Offsets = NDArray[np.float64]


class Rim(NamedTuple):
    """A closed line, and for each of its points the height of the density's step and whether it falls."""

    line: Line
    heights: Offsets
    falls: Mask


def rim_of(mask: Mask, density: Plane) -> Rim:
    """The outline of a rough mask, which must not be empty, moved onto the rim around it."""
    box = box_of(mask)
    rough = max(lines_around(mask[box], HEAD_WAVE_PX), key=area_within)[::EVERY]
    rough = rough + complex(box[1].start, box[0].start)
    away = np.arange(-REACH_PX, REACH_PX + STEP_PX / 2, STEP_PX)
    out = outward(rough)
    places = rough[:, None] + away * out[:, None]
    seen = ndimage.map_coordinates(density, [places.imag, places.real], order=1, mode="nearest")
    middle = len(away) // 2
    inside = np.sort(seen[:, : middle - 1], axis=1)[:, -4:].mean(axis=1)
    heights = inside - seen[:, middle + 2 :].min(axis=1)
    shifts, falls = _nearest_fall(seen - (inside - heights / 2)[:, None], away)
    trust = np.where(falls, np.clip(heights, 0, MOST_STEP), 0) + 1e-3
    shifts = ndimage.median_filter(shifts, 5, mode="wrap")
    shifts = _smooth(shifts * trust) / _smooth(trust)
    return Rim(rough + shifts * out, heights, falls)


def outward(line: Line) -> Line:
    """Unit normals that point out of a closed line."""
    along = np.roll(line, -2) - np.roll(line, 2)
    along /= np.maximum(np.abs(along), 1e-9)
    return np.asarray(along * (-1j if area_within(line) > 0 else 1j))


def filled(line: Line, shape: tuple[int, int]) -> Mask:
    """The pixels whose middle lies inside the closed line: an odd number of its edges lies to their left."""
    height, width = shape
    x, y = line.real, line.imag
    top, bottom = max(0, math.ceil(y.min())), min(height, math.floor(y.max()) + 1)
    mask = np.zeros(shape, bool)
    if top >= bottom:
        return mask
    above = y <= np.arange(top, bottom)[:, None]
    rows, edges = np.nonzero(above != np.roll(above, -1, axis=1))
    ahead = np.roll(line, -1)[edges] - line[edges]
    crossings = x[edges] + (top + rows - y[edges]) * ahead.real / ahead.imag
    columns = np.clip(np.ceil(crossings), 0, width).astype(np.intp)
    flips = np.bincount(rows * (width + 1) + columns, minlength=(bottom - top) * (width + 1))
    mask[top:bottom] = flips.reshape(-1, width + 1).cumsum(axis=1)[:, :width] % 2 == 1
    return mask


def _nearest_fall(above: Plane, away: Offsets) -> tuple[Offsets, Mask]:
    """Where each row falls through 0 nearest to the rough outline; 0 and False where it does not."""
    first, second = above[:, :-1], above[:, 1:]
    through = (first > 0) & (second <= 0)
    part = np.divide(first, first - second, out=np.zeros_like(first), where=through)
    crossings = np.where(through, away[:-1] + STEP_PX * part, np.inf)
    chosen = crossings[np.arange(len(above)), np.abs(crossings).argmin(axis=1)]
    falls = np.isfinite(chosen)
    return np.where(falls, chosen, 0.0), falls


def _smooth(values: Offsets) -> Offsets:
    return np.asarray(ndimage.gaussian_filter1d(values, 1.0, mode="wrap"))
