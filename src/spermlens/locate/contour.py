"""The smooth line around a mask: a step between pixels is no corner of the cell.

The line around the pixels runs through the true outline on average, but in steps, which make it up to a
tenth too long. Seen as waves along its length, everything shorter than some pixels is steps; it is left out.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.measure import find_contours

from spermlens.types import Mask

POINTS = 256  # along each line; far more than a line has waves
HEAD_WAVE_PX = 8.0  # the shortest wave kept around a head: finer, steps lengthen it; coarser, tips are lost
THREAD_WAVE_PX = 5.0  # around a thread, whose ends are square

Line = NDArray[np.complex128]  # POINTS of a closed line as x + iy, evenly along it


def box_of(mask: Mask) -> tuple[slice, slice]:
    """Rows and columns that just hold a mask, which must not be empty."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def touches_border(mask: Mask) -> bool:
    return any(bool(edge.any()) for edge in (mask[0], mask[-1], mask[:, 0], mask[:, -1]))


def one_piece(mask: Mask) -> Mask:
    """The largest piece of a mask, without its holes."""
    numbers, count = ndimage.label(mask, np.ones((3, 3)))
    if count > 1:
        mask = numbers == np.bincount(numbers.ravel())[1:].argmax() + 1
    filled: Mask = ndimage.binary_fill_holes(mask)
    return filled


def lines_around(mask: Mask, shortest_wave_px: float) -> list[Line]:
    """A smooth closed line around every piece of a mask and every hole in one.

    Pieces run the way that gives them a positive `area_within`, holes the other way.
    """
    padded = np.zeros((mask.shape[0] + 2, mask.shape[1] + 2))
    padded[1:-1, 1:-1] = mask
    stepped = find_contours(padded, 0.5, fully_connected="high", positive_orientation="low")
    return [_smoothed(points[:, 1] - 1 + 1j * (points[:, 0] - 1), shortest_wave_px) for points in stepped]


def perimeter(line: Line) -> float:
    """Its length in pixels."""
    return float(np.abs(np.diff(line, append=line[:1])).sum())


def area_within(line: Line) -> float:
    """The area that a line goes round, in square pixels; negative for a hole."""
    return float(np.vdot(line, np.append(line[1:], line[0])).imag / 2)


def _smoothed(steps: Line, shortest_wave_px: float) -> Line:
    along = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(steps)))])
    evenly = np.arange(POINTS) * (along[-1] / POINTS)
    waves = np.fft.fft(np.interp(evenly, along, steps))
    most = min(max(3, round(along[-1] / shortest_wave_px)), POINTS // 2 - 1)
    waves[most + 1 : POINTS - most] = 0
    line: Line = np.fft.ifft(waves)
    return line
