"""The head of an unstained cell: a closed ring around which dark turns bright outwards.

Without stain a head is a rim more than a body: dark, bright or both inside, mostly with a halo around. So the
ellipse with the most complete rim is looked for first, then the closed path of the strongest rim near it.
"""

from __future__ import annotations

import math
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spermlens.locate._field import Field, Plane
from spermlens.locate.contour import Line

RIM_BLUR_PX = 1.2
COARSE = 2  # every second pixel is enough to find the ellipse
HALF_LENGTHS_PX = (9.0, 11.5, 14.0, 17.0, 21.0)
ROUNDNESS = (0.5, 0.62, 0.76, 0.92)  # width over length
DIRECTIONS = 8
POINTS_OF_ELLIPSE = 20
SHIFT_PX = 12  # from the middle of the image to the middle of the head, at most
FULL_RIM = 90  # percentile of the slopes that counts as a full rim; steeper is no better
LARGER = 0.02  # worth of a pixel of half length: the outer of two rims as good

SHINING = 0.1  # by how much a bright head in a dark ring must be the better explanation

ANGLES = 64
SCALES = np.linspace(0.6, 1.4, 41)  # of the ellipse
BEND = 0.3  # price of a step between neighbours, in full rims
OFF = 1.0  # price of leaving the ellipse, by the square of the part


class Ellipse(NamedTuple):
    middle: complex
    ahead: complex  # half the long axis
    aside: complex  # half the short one

    def spokes(self, count: int) -> Line:
        turn = 2 * np.pi * np.arange(count) / count
        return self.ahead * np.cos(turn) + self.aside * np.sin(turn)

    def normals(self, count: int) -> Line:
        turn = 2 * np.pi * np.arange(count) / count
        out = self.ahead / abs(self.ahead) * abs(self.aside) * np.cos(turn)
        out = out + self.aside / abs(self.aside) * abs(self.ahead) * np.sin(turn)
        return out / np.abs(out)


class Ring(NamedTuple):
    """A closed line around a head, and what speaks for it."""

    line: Line
    complete: float  # part of the rim that is as steep as a rim is, 0..1
    contrast: float  # median difference of light across the rim
    calm: float  # part of all that differs from the slide, near the ring, that lies inside it


def unstained_head(field: Field) -> Ring:
    light = ndimage.gaussian_filter(field.brightness, RIM_BLUR_PX)
    (dark, ringed), (bright, shining) = (_best_ellipse(sign * light) for sign in (1, -1))
    if shining > ringed + SHINING and _at(light, bright.middle + bright.spokes(ANGLES) / 2).mean() > 0:
        return _ring(-light, bright)
    return _ring(light, dark)


class _Shapes(NamedTuple):
    """Every ellipse that is tried, its points as offsets in coarse pixels, and the normals there."""

    ellipses: tuple[Ellipse, ...]
    rows: NDArray[np.int32]
    columns: NDArray[np.int32]
    normals: NDArray[np.complex64]
    bonus: NDArray[np.float32]


@cache
def _shapes() -> _Shapes:
    ellipses = tuple(
        Ellipse(0j, half * ahead, half * roundness * 1j * ahead)
        for half in HALF_LENGTHS_PX
        for roundness in ROUNDNESS
        for ahead in np.exp(1j * np.pi * np.arange(DIRECTIONS) / DIRECTIONS)
    )
    spokes = np.stack([ellipse.spokes(POINTS_OF_ELLIPSE) for ellipse in ellipses]) / COARSE
    normals = np.stack([ellipse.normals(POINTS_OF_ELLIPSE) for ellipse in ellipses])
    return _Shapes(
        ellipses,
        np.rint(spokes.imag).astype(np.int32),
        np.rint(spokes.real).astype(np.int32),
        normals.astype(np.complex64),
        np.array([LARGER * abs(ellipse.ahead) for ellipse in ellipses], np.float32),
    )


def _best_ellipse(light: Plane) -> tuple[Ellipse, float]:
    """The ellipse with the most complete rim near the middle of the image, and how complete it is."""
    small = light[::COARSE, ::COARSE]
    down, right = np.gradient(small)
    full = float(np.percentile(np.hypot(down, right), FULL_RIM)) + 1e-6
    margin = math.ceil(max(HALF_LENGTHS_PX) / COARSE) + 2
    down, right = (np.pad(slope / full, margin, mode="edge") for slope in (down, right))
    middle = margin + small.shape[1] // 2 + 1j * (margin + small.shape[0] // 2)
    far = min(SHIFT_PX // COARSE, small.shape[0] // 2, small.shape[1] // 2)
    best, where = 0, middle
    for reach, step in ((far, 2), (1, 1)):
        shifts = np.arange(-reach, reach + 1, step)
        middles = (where + shifts[None, :] + 1j * shifts[:, None]).ravel()
        worth = _worth(down, right, middles)
        place, best = np.unravel_index(int(worth.argmax()), worth.shape)
        where = complex(middles[place])
    chosen = _shapes().ellipses[best]
    ellipse = Ellipse((where - margin * (1 + 1j)) * COARSE, chosen.ahead, chosen.aside)
    return ellipse, float(worth.max())


def _worth(down: Plane, right: Plane, middles: Line) -> NDArray[np.float32]:
    """Middles x ellipses: how much of the rim rises outwards, and a little for size."""
    shapes, width = _shapes(), down.shape[1]
    start = (middles.imag * width + middles.real).astype(np.int32)
    places = start[:, None, None] + (shapes.rows * width + shapes.columns)
    rise = right.ravel()[places] * shapes.normals.real + down.ravel()[places] * shapes.normals.imag
    return np.asarray(np.clip(rise, -1, 1, out=rise).mean(axis=2) + shapes.bonus)


def _ring(light: Plane, ellipse: Ellipse) -> Ring:
    spokes, normals = ellipse.spokes(ANGLES), ellipse.normals(ANGLES)
    places = ellipse.middle + spokes[:, None] * SCALES
    rise = _at(light, places + normals[:, None]) - _at(light, places - normals[:, None])
    slopes = np.clip(rise / (np.percentile(np.abs(rise), FULL_RIM) + 1e-6), -1, 1)
    path = _best_path(slopes - OFF * (SCALES - 1) ** 2)
    own = np.arange(ANGLES), path
    scales = ndimage.gaussian_filter1d(SCALES[path], 1.5, mode="wrap")
    around = np.abs(
        _at(light, ellipse.middle + spokes[:, None] * scales[:, None] * np.linspace(0.1, 2.2, 22))
    )
    reach = np.linspace(0.1, 2.2, 22)
    inside = (around * reach)[:, reach <= 1.15].sum() / ((around * reach).sum() + 1e-9)
    return Ring(
        line=ellipse.middle + spokes * scales,
        complete=float((slopes[own] > 0.3).mean()),
        contrast=float(np.median(rise[own])),
        calm=float(inside),
    )


def _at(light: Plane, places: Line) -> NDArray[np.float64]:
    return np.asarray(ndimage.map_coordinates(light, [places.imag, places.real], order=1, mode="nearest"))


def _best_path(worth: NDArray[np.float64]) -> NDArray[np.intp]:
    """The place at each angle: the closed path with most worth that moves a step at a time."""
    twice = np.concatenate([worth, worth])
    best, came = twice[0].copy(), np.zeros(twice.shape, np.int8)
    moves = np.full((3, len(best)), -np.inf)
    row = np.arange(len(best))
    for angle in range(1, len(twice)):
        moves[0, 1:] = best[:-1] - BEND
        moves[1] = best
        moves[2, :-1] = best[1:] - BEND
        step = moves.argmax(axis=0)
        came[angle] = step - 1
        best = moves[step, row] + twice[angle]
    path = np.zeros(len(twice), np.intp)
    path[-1] = best.argmax()
    for angle in range(len(twice) - 1, 0, -1):
        path[angle - 1] = path[angle] + came[angle, path[angle]]
    middle = ANGLES // 2
    return np.concatenate([path[ANGLES : ANGLES + middle], path[middle:ANGLES]])
