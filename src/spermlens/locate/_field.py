"""The empty slide behind a cell, and how much light each pixel takes away from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spermlens.locate._order import level_above
from spermlens.types import Image

Plane = NDArray[np.float32]  # height x width
Planes = NDArray[np.float32]  # 3 x height x width
Line = NDArray[np.float32]

SAMPLES = 1500  # of the image, from which the slide is estimated
NEAR_THE_SLIDE = 10.0  # grey levels
BINS = 128
FLAT = np.diag([0, 1e-3, 1e-3]).astype(np.float32)  # a slide whose fall cannot be told is flat
COLOURLESS = 6.0  # grey levels between the channels up to which an image counts as grey
DARKEST_SLIDE = 16.0  # grey levels: below, a hair of light would count as many
LEAST_NOISE = 2e-3
STAINED = 0.55  # no unstained cell takes away so much light


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """`density` is the part of the light that is missing, over all channels; 0 on the empty slide.

    `brightness` is what the light gains against the empty slide, as a part of it: above 0 where a halo
    or a phase ring is brighter. `noise` is the spread of the density on the empty slide.
    """

    density: Plane
    brightness: Plane
    noise: float
    stained: bool

    @property
    def shape(self) -> tuple[int, int]:
        height, width = self.density.shape
        return height, width


def field_of(image: Image) -> Field:
    light = _smoothed(image)
    _, height, width = light.shape
    step = max(1, round((height * width / SAMPLES) ** 0.5))
    y, x = (np.arange(side, dtype=np.float32) / side - np.float32(0.5) for side in (height, width))
    sample = light[:, ::step, ::step]
    slide, noise = _slide(sample, y[::step], x[::step])
    gained = np.zeros((height, width), np.float32)
    squares = np.zeros_like(gained)
    for seen, (level, down, right) in zip(light, slide, strict=True):
        lit = seen / np.maximum((level + down * y)[:, None] + right * x, DARKEST_SLIDE)
        gained += lit
        missing = 1 - np.minimum(lit, 1, out=lit)
        squares += np.square(missing, out=missing)
    density = np.sqrt(squares / np.float32(3))
    coloured = float(np.ptp(sample, axis=0).mean()) > COLOURLESS
    return Field(
        density=density,
        brightness=gained / np.float32(3) - np.float32(1),
        noise=max(noise, LEAST_NOISE),
        stained=coloured or _darkest(density) > STAINED,
    )


def _smoothed(image: Image) -> Planes:
    """The light, blurred by 0.7 px: less than any microscope blurs, more than the grain of a sensor."""
    light = np.moveaxis(image, 2, 0).astype(np.float32, order="C")
    for axis in (1, 2):
        light = np.moveaxis(light, axis, 1)
        blurred = 2 * light
        blurred[:, 1:] += light[:, :-1]
        blurred[:, :-1] += light[:, 1:]
        blurred[:, 0] += light[:, 0]
        blurred[:, -1] += light[:, -1]
        light = np.moveaxis(blurred, 1, axis)
    light /= 16
    return light


def _slide(sample: Planes, y: Line, x: Line) -> tuple[Planes, float]:
    """The light of the empty slide, as a plane through what is commonest, and its spread.

    The plane is 3 x 3: for each channel its level in the middle, its rise downwards and to the right.
    """
    light = np.ascontiguousarray(sample).reshape(3, -1)
    places = np.stack([np.ones((y.size, x.size), np.float32), *np.meshgrid(y, x, indexing="ij")]).reshape(
        3, -1
    )
    total = light.sum(axis=0) / 3
    off, slide = np.abs(total - _commonest(total)), np.zeros((3, 3), np.float32)
    near = off < NEAR_THE_SLIDE
    slide[:, 0] = [level_above(seen, 0.5) for seen in light[:, near]]
    for _ in range(3):
        off = np.abs(light - slide @ places).sum(axis=0) / 3
        near = off < max(2.5 * level_above(off[near], 0.5), 2.0)
        if np.count_nonzero(near) < 30:
            break
        own = places[:, near]
        slide = np.linalg.solve(own @ own.T + FLAT, own @ light[:, near].T).T
    noise = level_above(off[near], 0.5) / max(float(slide[:, 0].mean()), DARKEST_SLIDE)
    return slide, noise


def _commonest(values: Line) -> float:
    """The mode, from a smoothed histogram; of several the brightest that is nearly as common."""
    low, high = float(values.min()), float(values.max())
    width = (high - low) / BINS + 1e-6
    counts = np.bincount(((values - low) / width).astype(np.intp), minlength=BINS)
    smooth = ndimage.gaussian_filter1d(counts.astype(float), 2.0, mode="constant")
    best = int(np.flatnonzero(smooth >= 0.6 * smooth.max())[-1])
    return low + (best + 0.5) * width


def _darkest(density: Plane) -> float:
    """The density that the darkest three hundredths of the middle of the image exceed."""
    rows, columns = (slice(side // 4, side - side // 4) for side in density.shape)
    return level_above(density[rows, columns], 0.97)
