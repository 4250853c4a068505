"""The shape of a head: its long axis, its extents, and the ratios that follow from them.

Length and width are extents, as an eye measures them. They are taken on the smooth line around the head,
because the extent of the pixels themselves is up to a pixel too long or too short. The ellipse with the
same moments is steadier still, but shorter than a pear or a pointed head: it must not be held against
limits for a length. Pixels are taken as samples of the head, whose moments they then give without bias;
adding 1/12, as for pixels that are little squares of head, would make every ellipse too long.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spermlens.locate.contour import (
    HEAD_WAVE_PX,
    Line,
    box_of,
    lines_around,
    one_piece,
    perimeter,
)
from spermlens.types import Mask

SLICE_PX = 2.5  # a slice across a head is this thick, so that steps between pixels even out in it

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pixels:
    """The pixels of a head seen from its middle: along its long axis and across it, in pixels.

    `moments` are the variances along and across, `turn` is the unit vector of the axis as x + iy.
    """

    middle: complex
    turn: complex
    moments: tuple[float, float]
    along: Values
    across: Values

    @classmethod
    def of(cls, head: Mask) -> Pixels:
        """The pixels of a mask that is not empty; which way the axis points is left to chance."""
        rows, columns = np.nonzero(head)
        x, y = columns - columns.mean(), rows - rows.mean()
        xx, yy, xy = float(x @ x) / x.size, float(y @ y) / x.size, float(x @ y) / x.size
        apart = math.hypot((xx - yy) / 2, xy)
        angle = math.atan2(2 * xy, xx - yy) / 2
        cosine, sine = math.cos(angle), math.sin(angle)
        mean = (xx + yy) / 2
        return cls(
            middle=complex(columns.mean(), rows.mean()),
            turn=complex(cosine, sine),
            moments=(mean + apart, max(mean - apart, 0.0)),
            along=cosine * x + sine * y,
            across=cosine * y - sine * x,
        )


@dataclass(frozen=True, slots=True)
class Head:
    """One head in one piece: its mask in a box, its pixels, and the smooth line around it.

    Places are in pixels of the box, whose top left pixel is at `corner` of the image. `extents` reach from
    the middle to back, front, left and right, along the axis and across it as it points.
    """

    mask: Mask
    corner: complex
    pixels: Pixels
    line: Line
    extents: tuple[float, float, float, float]

    @classmethod
    def of(cls, mask: Mask) -> Head:
        """The largest piece of a mask that is not empty, its holes filled."""
        rows, columns = box_of(mask)
        inner = mask[rows, columns]
        lines = lines_around(inner, HEAD_WAVE_PX)
        if len(lines) > 1:
            inner = one_piece(inner)
            lines = lines_around(inner, HEAD_WAVE_PX)
        pixels = Pixels.of(inner)
        seen = (lines[0] - pixels.middle) * pixels.turn.conjugate()
        along, across = seen.real, seen.imag
        extents = (float(along.min()), float(along.max()), float(across.min()), float(across.max()))
        return cls(inner, complex(columns.start, rows.start), pixels, lines[0], extents)

    @property
    def middle(self) -> complex:
        """The centre of its area, in pixels of the image, as x + iy."""
        return self.corner + self.pixels.middle

    @property
    def box(self) -> tuple[slice, slice]:
        """The rows and columns of the image that `mask` is."""
        height, width = self.mask.shape
        top, left = int(self.corner.imag), int(self.corner.real)
        return slice(top, top + height), slice(left, left + width)


def thirds(head: Head) -> tuple[float, float]:
    """Area of the back third and of the front third of a head's length, the axis taken as it points."""
    back, front, _, _ = head.extents
    along, third = head.pixels.along, (front - back) / 3
    behind = np.clip(back + third - along + 0.5, 0, 1).sum()
    ahead = np.clip(along - front + third + 0.5, 0, 1).sum()
    return float(behind), float(ahead)


def sizes(head: Head) -> dict[str, float]:
    """Lengths in pixels and the area in square pixels; an ellipse of a single row has no width."""
    back, front, left, right = head.extents
    long, short = head.pixels.moments
    return {
        "length": front - back,
        "width": right - left,
        "area": float(head.pixels.along.size),
        "perimeter": perimeter(head.line),
        "ellipse_length": 4 * math.sqrt(long),
        "ellipse_width": 4 * math.sqrt(short),
    }


def ratios(head: Head, size: dict[str, float], *, front_is_ahead: bool = True) -> dict[str, float | None]:
    """Numbers without a unit; `size` is that of the same head."""
    length, width, area = size["length"], size["width"], size["area"]
    behind, ahead = thirds(head)
    narrow = size["ellipse_width"]
    sides, ends = _symmetries(head)
    taper = ahead / behind if behind and ahead else None
    return {
        "length_over_width": length / width,
        "ellipticity": size["ellipse_length"] / narrow if narrow > 1e-6 else None,
        "elongation": (length - width) / (length + width),
        "regularity": math.pi * length * width / (4 * area),
        "rugosity": 4 * math.pi * area / size["perimeter"] ** 2,
        "side_symmetry": sides,
        "end_symmetry": ends,
        "taper": taper if taper is None or front_is_ahead else 1 / taper,
    }


def _symmetries(head: Head) -> tuple[float, float]:
    """How much of the head is its own mirror image: side to side, and end to end."""
    back, front, _, _ = head.extents
    count = min(max(round((front - back) / SLICE_PX), 4), 24)
    place = np.clip((head.pixels.along - back) / (front - back) * count - 0.5, 0, count - 1)
    lower = np.minimum(place.astype(np.intp), count - 2)
    upward = place - lower
    right = np.clip(head.pixels.across + 0.5, 0, 1)  # a pixel on the axis belongs to both sides
    slices = []
    for weight in (np.ones_like(right), right):
        low = np.bincount(lower, weight * (1 - upward), minlength=count)
        slices.append(low + np.bincount(lower + 1, weight * upward, minlength=count))
    whole, half = slices
    area = whole.sum()
    sides = 1 - np.abs(2 * half - whole).sum() / area
    ends = 1 - np.abs(whole - whole[::-1]).sum() / (2 * area)
    return float(sides), float(ends)
