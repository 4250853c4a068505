"""The head of an unstained cell: a closed ring around which dark turns bright outwards.

Without stain a head is a rim more than a body: dark, bright or both inside, mostly with a halo around. So the
ellipse with the most complete rim is looked for first, then the closed path of the strongest rim near it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spermlens.locate._ellipse import Ellipse, best_ellipses, like
from spermlens.locate._field import Field, Plane
from spermlens.locate._order import level_above
from spermlens.locate.contour import Line

RIM_BLUR_PX = 1.2
SHINING = 0.1  # by how much a bright head in a dark ring must be the better explanation

ANGLES = 48
SCALES = np.linspace(0.6, 1.4, 41)  # of the ellipse
BEND = 0.15  # price of a step between neighbours, in full rims
OFF = 1.0  # price of leaving the ellipse, by the square of the part
FULL_RIM = 0.9  # of the rises near an ellipse are less than what counts as a full rim
SEEN = 0.3  # of a full rim
AROUND = np.linspace(0.1, 2.2, 22)  # from the middle of a ring outwards, the ring at 1
WITHIN = 1.15

Worths = NDArray[np.float64]


class Ring(NamedTuple):
    """A closed line around a head, and what speaks for it."""

    line: Line
    complete: float  # part of the rim that is as steep as a rim is, 0..1
    contrast: float  # median difference of light across the rim
    calm: float  # part of all that differs from the slide, near the ring, that lies inside it


def unstained_head(field: Field) -> Ring:
    light = ndimage.gaussian_filter(field.brightness, RIM_BLUR_PX)
    (dark, ringed), (bright, shining) = best_ellipses(light)
    if shining > ringed + SHINING and _at(light, bright.middle + bright.spokes(ANGLES) / 2).mean() > 0:
        return _ring(-light, like(_ring(-light, bright).line))
    return _ring(light, like(_ring(light, dark).line))


def _ring(light: Plane, ellipse: Ellipse) -> Ring:
    spokes, normals = ellipse.spokes(ANGLES), ellipse.normals(ANGLES)
    places = ellipse.middle + spokes[:, None] * SCALES
    rise = _at(light, places + normals[:, None]) - _at(light, places - normals[:, None])
    slopes = np.clip(rise / (level_above(np.abs(rise), FULL_RIM) + 1e-6), -1, 1)
    path = _best_path(slopes - OFF * (SCALES - 1) ** 2)
    own = np.arange(ANGLES), path
    spokes *= ndimage.gaussian_filter1d(SCALES[path], 1.1, mode="wrap")
    around = np.abs(_at(light, ellipse.middle + spokes[:, None] * AROUND)) * AROUND
    return Ring(
        line=ellipse.middle + spokes,
        complete=float((slopes[own] > SEEN).mean()),
        contrast=level_above(rise[own], 0.5),
        calm=float(around[:, AROUND <= WITHIN].sum() / (around.sum() + 1e-9)),
    )


def _at(light: Plane, places: Line) -> Worths:
    return np.asarray(ndimage.map_coordinates(light, [places.imag, places.real], order=1, mode="nearest"))


def _best_path(worth: Worths) -> NDArray[np.intp]:
    """The place at each angle: the closed path with most worth that moves a step at a time."""
    half = ANGLES // 2
    longer = np.concatenate([worth, worth[:half]])
    best = np.full((len(longer), worth.shape[1] + 2), -np.inf)  # a column on each side that no path takes
    best[0, 1:-1] = longer[0]
    for before, now, gain in zip(best[:-1], best[1:, 1:-1], longer[1:], strict=True):
        np.maximum(before[:-2], before[2:], out=now)
        now -= BEND
        np.maximum(now, before[1:-1], out=now)
        now += gain
    path = [int(best[-1].argmax())]
    for row in best[-2::-1]:
        last = path[-1]
        below, same, above = row[last - 1 : last + 2].tolist()
        path.append(last if same >= max(below, above) - BEND else last + (1 if above > below else -1))
    line = np.array(path[::-1]) - 1
    return np.concatenate([line[ANGLES:], line[half:ANGLES]])
