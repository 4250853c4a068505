"""Midpiece and tail as ribbons: as long and as wide as their area and outline say.

A ribbon of length l and width w has the area l w and the outline 2 l + 2 w, however it is bent. Solved for
l and w this is truer than a count along the middle line, which is short at the ends and long in the steps.
Where a tail crosses itself, the area counted once makes it shorter than it is.
"""

from __future__ import annotations

import math

import numpy as np

from spermlens.locate.contour import THREAD_WAVE_PX, area_within, box_of, lines_around, perimeter
from spermlens.locate.shape import Pixels
from spermlens.types import Mask


def ribbon(mask: Mask) -> tuple[float, float]:
    """Length and mean width, in pixels, of all pieces of a mask that is not empty."""
    inner = mask[box_of(mask)]
    lines = lines_around(inner, THREAD_WAVE_PX)
    pieces = sum(area_within(line) > 0 for line in lines)
    around = sum(perimeter(line) for line in lines)
    area = float(np.count_nonzero(inner))
    length = (around + math.sqrt(max(around**2 - 16 * pieces * area, 0.0))) / 4
    return length, area / length


def heading(mask: Mask, away_from: complex) -> complex:
    """Unit vector, as x + iy, along the long axis of a mask that is not empty, pointing away from a place."""
    rows, columns = box_of(mask)
    pixels = Pixels.of(mask[rows, columns])
    offset = pixels.middle + complex(columns.start, rows.start) - away_from
    onwards = (offset * pixels.turn.conjugate()).real
    return pixels.turn if onwards >= 0 else -pixels.turn
