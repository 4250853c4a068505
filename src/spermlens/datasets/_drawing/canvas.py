"""Where things lie: patches of coverage on a canvas, outlines with signed distance, and strands."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spermlens.types import Mask

Plane = NDArray[np.float32]  # height x width
Planes = NDArray[np.float32]  # 3 x height x width: red, green, blue
Points = NDArray[np.float64]  # count x 2, as (x, y)
Shape = tuple[int, int]  # height, width

_BEARINGS = 1024


@dataclass(frozen=True, slots=True)
class Patch:
    """A window of the canvas and how much of each pixel is covered, 0..1."""

    rows: slice
    columns: slice
    cover: Plane

    def mask(self, shape: Shape) -> Mask:
        """The pixels at least half covered, on the whole canvas."""
        canvas = np.zeros(shape, bool)
        canvas[self.rows, self.columns] = self.cover >= 0.5
        return canvas


@dataclass(frozen=True, slots=True)
class Window:
    """Part of the canvas seen from a point: x along an axis, y across it, in pixels."""

    rows: slice
    columns: slice
    x: Plane
    y: Plane

    @classmethod
    def around(cls, centre: tuple[float, float], angle: float, reach: float, shape: Shape) -> Window:
        """All pixels within `reach` of the centre (x, y), turned by `angle`; may be empty at the rim."""
        spans = []
        for middle, side in zip(centre, (shape[1], shape[0]), strict=True):
            low, high = int(np.floor(middle - reach)), int(np.ceil(middle + reach)) + 1
            spans.append(slice(min(max(low, 0), side), min(max(high, 0), side)))
        columns, rows = spans
        right = (np.arange(columns.start, columns.stop) - centre[0]).astype(np.float32)[None, :]
        down = (np.arange(rows.start, rows.stop) - centre[1]).astype(np.float32)[:, None]
        cosine, sine = np.float32(np.cos(angle)), np.float32(np.sin(angle))
        return cls(rows, columns, cosine * right + sine * down, cosine * down - sine * right)

    def patch(self, cover: Plane) -> Patch:
        return Patch(self.rows, self.columns, cover)


class Outline:
    """A closed curve that its origin can see whole, as the radius in each bearing."""

    def __init__(self, points: Points) -> None:
        bearing = np.arctan2(points[:, 1], points[:, 0])
        order = np.argsort(bearing, kind="stable")
        bearing, radius = bearing[order], np.hypot(points[:, 0], points[:, 1])[order]
        grid = np.linspace(-np.pi, np.pi, _BEARINGS, endpoint=False)
        table = np.interp(grid, bearing, radius, period=2 * np.pi)
        slope = (np.roll(table, -1) - np.roll(table, 1)) / (4 * np.pi / _BEARINGS)
        # the distance to a curve r(bearing) is, to first order, (rho - r) times this cosine
        self._cosine = (table / np.hypot(table, slope)).astype(np.float32)
        self.radius: NDArray[np.float32] = table.astype(np.float32)
        self.reach = float(table.max())

    def radius_at(self, bearing: float) -> float:
        return float(self.radius[int((bearing + np.pi) / (2 * np.pi) * _BEARINGS) % _BEARINGS])

    def distance(self, window: Window) -> Plane:
        """Signed distance in pixels, negative inside; exact to first order near the curve."""
        bearing = np.arctan2(window.y, window.x)
        which = ((bearing + np.float32(np.pi)) * np.float32(_BEARINGS / (2 * np.pi))).astype(np.int32)
        which %= _BEARINGS
        away: Plane = np.hypot(window.x, window.y) - self.radius[which]
        distance: Plane = away * self._cosine[which]
        return distance


def coverage(distance: Plane) -> Plane:
    """How much of a pixel lies inside, from the distance of its centre to the edge."""
    cover: Plane = np.clip(np.float32(0.5) - distance, 0, 1)
    return cover


def smooth_step(value: Plane) -> Plane:
    clipped = np.clip(value, 0, 1)
    return clipped * clipped * (3 - 2 * clipped)


def strand(path: Points, widths: NDArray[np.float64], shape: Shape) -> Plane:
    """The cover of a thread along a finely sampled path; where it crosses itself, the covers add."""
    steps = np.diff(path, axis=0)
    length = np.hypot(steps[:, 0], steps[:, 1])
    middle = (path[1:] + path[:-1]) / 2
    across = np.stack([-steps[:, 1], steps[:, 0]], 1) / np.maximum(length, 1e-9)[:, None]
    lanes = max(1, int(np.ceil(widths.max() * 1.5)))
    offsets = ((np.arange(lanes) + 0.5) / lanes - 0.5)[:, None, None] * across * widths[:-1, None]
    points = (middle + offsets).reshape(-1, 2)
    weight = np.tile(length * widths[:-1] / lanes, lanes)
    return _deposit(points, weight, shape)


def _deposit(points: Points, weight: NDArray[np.float64], shape: Shape) -> Plane:
    """Each point shared between the four pixels around it."""
    height, width = shape
    corner = np.floor(points).astype(np.int64)
    inside = (
        (corner[:, 0] >= 0) & (corner[:, 0] < width - 1) & (corner[:, 1] >= 0) & (corner[:, 1] < height - 1)
    )
    corner, weight = corner[inside], weight[inside]
    right, down = (points[inside] - corner).T
    first = corner[:, 1] * width + corner[:, 0]
    where = np.concatenate([first, first + 1, first + width, first + width + 1])
    share = np.concatenate([(1 - right) * (1 - down), right * (1 - down), (1 - right) * down, right * down])
    summed = np.bincount(where, share * np.tile(weight, 4), minlength=height * width)
    return summed.reshape(shape).astype(np.float32)
