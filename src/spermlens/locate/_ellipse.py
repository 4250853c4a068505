"""The ellipse with the most complete rim near the middle of an image: all of some hundred are tried."""

from __future__ import annotations

import math
from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spermlens.locate._field import Plane
from spermlens.locate._order import level_above
from spermlens.locate.contour import Line

COARSE = 2  # pixels that are seen as one
HALF = (COARSE - 1) / 2 * (1 + 1j)  # from the first of them to their middle
NEIGHBOURS = np.array([-1, 0, 1])  # between two places that are tried
HALF_LENGTHS_PX = (9.0, 11.5, 14.0, 17.0, 21.0)
ROUNDNESS = (0.5, 0.62, 0.76, 0.92)  # width over length
DIRECTIONS = 8
POINTS = 16
SLOPES = 16  # directions in which the slope is worked out
SHIFT_PX = 12  # from the middle of the image to the middle of the head, at most
FULL_RIM = 0.9  # of the slopes are less than what counts as a full rim; steeper is no better
LARGER = 0.02  # worth of a pixel of mean radius: the outer of two rims as good

Worths = NDArray[np.float32]


class Ellipse(NamedTuple):
    """Places and ways are x + iy in pixels."""

    middle: complex
    ahead: complex  # half the long axis
    aside: complex  # half the short one

    def spokes(self, count: int) -> Line:
        turn = 2 * np.pi * np.arange(count) / count
        return np.asarray(self.ahead * np.cos(turn) + self.aside * np.sin(turn))

    def normals(self, count: int) -> Line:
        turn = 2 * np.pi * np.arange(count) / count
        out = self.ahead / abs(self.ahead) * abs(self.aside) * np.cos(turn)
        out = out + self.aside / abs(self.aside) * abs(self.ahead) * np.sin(turn)
        return np.asarray(out / np.abs(out))


def like(line: Line) -> Ellipse:
    """The ellipse that is the first wave of a closed line, whose points run around it once."""
    waves = np.fft.fft(line) / line.size
    onwards, back = complex(waves[1]), complex(waves[-1])
    turn = np.exp(0.5j * (np.angle(onwards) + np.angle(back)))
    long, short = abs(onwards) + abs(back), abs(abs(onwards) - abs(back))
    return Ellipse(complex(waves[0]), long * turn, max(short, 1.0) * 1j * turn)


class Rims(NamedTuple):
    """The best ellipse around which the light rises outwards, and the best around which it falls."""

    rising: tuple[Ellipse, float]
    falling: tuple[Ellipse, float]


def best_ellipses(light: Plane) -> Rims:
    """Each with how complete its rim is: 1 is a full rim all around, and large ones get a little more."""
    small = _small(light)
    height, width = small.shape
    margin = math.ceil(max(HALF_LENGTHS_PX) / COARSE) + 3
    slopes = _slopes(small, margin)
    across, down = (_spread(length, margin) for length in (width, height))
    middles = (across + 1j * down[:, None]).ravel()
    found, bonus = _rise(slopes, middles), _bonus()
    best = []
    for sign in (1, -1):
        near, _, _ = _most(sign * found + bonus, middles)
        close = (near + NEIGHBOURS + 1j * NEIGHBOURS[:, None]).ravel()
        place, shape, worth = _most(sign * _rise(slopes, close) + bonus, close)
        chosen = _shapes()[shape]
        best.append((Ellipse((place - margin * (1 + 1j)) * COARSE + HALF, chosen.ahead, chosen.aside), worth))
    return Rims(*best)


@cache
def _shapes() -> tuple[Ellipse, ...]:
    return tuple(
        Ellipse(0j, half * ahead, half * roundness * 1j * ahead)
        for half in HALF_LENGTHS_PX
        for roundness in ROUNDNESS
        for ahead in np.exp(1j * np.pi * np.arange(DIRECTIONS) / DIRECTIONS)
    )


@cache
def _bonus() -> Worths:
    sizes = [math.sqrt(abs(ellipse.ahead) * abs(ellipse.aside)) for ellipse in _shapes()]
    return (LARGER * np.array(sizes)).astype(np.float32)


@lru_cache(8)
def _offsets(height: int, width: int) -> NDArray[np.intp]:
    """Ellipses x points: where in flat slopes of that size the slope along the normal stands."""
    spokes = np.stack([ellipse.spokes(POINTS) for ellipse in _shapes()]) / COARSE
    normals = np.stack([ellipse.normals(POINTS) for ellipse in _shapes()])
    places = np.rint(spokes.imag) * width + np.rint(spokes.real)
    direction = np.rint(np.angle(normals) / (2 * np.pi) * SLOPES) % SLOPES
    offsets: NDArray[np.intp] = (direction * height * width + places).astype(np.intp)
    return offsets


def _small(light: Plane) -> Plane:
    """Means of two by two pixels; an odd last row or column is left out."""
    height, width = (length // COARSE * COARSE for length in light.shape)
    blocks = light[:height, :width].reshape(height // COARSE, COARSE, width // COARSE, COARSE)
    return np.asarray(blocks.mean(axis=(1, 3)))


def _slopes(light: Plane, margin: int) -> Plane:
    """Directions x height x width: how light rises that way, -1..1, with a margin around the image."""
    down, right = np.gradient(light)
    full = level_above(np.hypot(down, right), FULL_RIM) + 1e-6
    ways = np.exp(2j * np.pi * np.arange(SLOPES // 2) / SLOPES).astype(np.complex64)[:, None, None] / full
    half = np.clip(ways.real * right + ways.imag * down, -1, 1).astype(np.float32)
    return np.pad(np.concatenate([half, -half]), ((0, 0), (margin, margin), (margin, margin)), mode="edge")


def _spread(length: int, margin: int) -> NDArray[np.intp]:
    """Every third place near the middle of a side, alike to both sides of it."""
    most = min(SHIFT_PX // COARSE, (length - 1) // 2)
    first = margin + (length - 1) / 2 - (most // 3 * 3 if length % 2 else (most // 3 - 0.5) * 3)
    return np.arange(math.ceil(first), margin * 2 + length - math.ceil(first), 3)


def _rise(slopes: Plane, middles: Line) -> Worths:
    """Middles x ellipses: mean rise of the light outwards along the rim."""
    _, height, width = slopes.shape
    start = (middles.imag * width + middles.real).astype(np.intp)
    seen = slopes.ravel().take(start[:, None, None] + _offsets(height, width))
    return np.asarray(seen.mean(axis=2))


def _most(worth: Worths, middles: Line) -> tuple[complex, int, float]:
    place, shape = np.unravel_index(int(worth.argmax()), worth.shape)
    return complex(middles[place]), int(shape), float(worth[place, shape])
