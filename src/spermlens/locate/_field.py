"""The empty slide behind a cell, and how much light each pixel takes away from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spermlens.types import Image

Plane = NDArray[np.float32]  # height x width
Samples = NDArray[np.float32]  # places x channels, or one value a place

SAMPLES = 1600  # of the image, from which the slide is estimated
COLOURLESS = 6.0  # grey levels between the channels up to which an image counts as grey
DARKEST_SLIDE = 16.0  # grey levels: below, a hair of light would count as many
LEAST_NOISE = 2e-3
STAINED = 0.45  # no unstained cell takes away so much light


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
    height, width = light.shape[:2]
    step = max(1, round((height * width / SAMPLES) ** 0.5))
    y, x = (np.arange(side, dtype=np.float32) / side - 0.5 for side in (height, width))
    sample = light[::step, ::step].reshape(-1, 3)
    slide, noise = _slide(sample, y[::step], x[::step])
    gained = np.zeros((height, width), np.float32)
    squares = np.zeros_like(gained)
    for channel, (level, down, right) in enumerate(slide.T):
        empty = np.maximum((level + y * down)[:, None] + x * right, DARKEST_SLIDE)
        missing = 1 - light[..., channel] / empty
        gained -= missing
        squares += np.square(np.maximum(missing, 0, out=missing), out=missing)
    density = np.sqrt(squares / 3)
    coloured = float(np.ptp(sample, axis=1).mean()) > COLOURLESS
    return Field(
        density=density,
        brightness=gained / 3,
        noise=max(noise, LEAST_NOISE),
        stained=coloured or _darkest(density) > STAINED,
    )


def _smoothed(image: Image) -> NDArray[np.float32]:
    """The light, blurred by 0.7 px: less than any microscope blurs, more than the grain of a sensor."""
    light = image.astype(np.float32)
    for axis in (0, 1):
        light = np.moveaxis(light, axis, 0)
        blurred = 2 * light
        blurred[1:] += light[:-1]
        blurred[:-1] += light[1:]
        blurred[0] += light[0]
        blurred[-1] += light[-1]
        light = np.moveaxis(blurred, 0, axis)
    light /= 16
    return light


def _slide(sample: Samples, y: Samples, x: Samples) -> tuple[NDArray[np.float32], float]:
    """The light of the empty slide, as a plane through what is commonest, and its spread.

    The plane is 3 x 3: for each channel its level in the middle, its rise downwards and to the right.
    """
    places = np.stack([np.ones((y.size, x.size)), *np.meshgrid(y, x, indexing="ij")], axis=-1).reshape(-1, 3)
    light = sample.astype(np.float64)
    total = light.mean(axis=1)
    near = np.abs(total - _commonest(total)) < 10
    plane = np.zeros((3, 3))
    plane[0] = np.median(light[near], axis=0)
    for _ in range(3):
        off = np.abs(light - places @ plane).mean(axis=1)
        near = off < max(2.5 * float(np.median(off[near])), 2.0)
        if near.sum() < 30:
            break
        own = places[near]
        plane = np.linalg.solve(own.T @ own + np.diag([0, 1e-6, 1e-6]), own.T @ light[near])
    noise = float(np.median(off[near]) / plane[0].mean())
    return plane.astype(np.float32), noise


def _commonest(values: NDArray[np.float64]) -> float:
    """The mode, from a smoothed histogram; of several the brightest that is nearly as common."""
    counts, edges = np.histogram(values, bins=128)
    smooth = ndimage.gaussian_filter1d(counts.astype(float), 2.0, mode="constant")
    best = int(np.flatnonzero(smooth >= 0.6 * smooth.max())[-1])
    return float((edges[best] + edges[best + 1]) / 2)


def _darkest(density: Plane) -> float:
    """The density that the darkest three hundredths of the middle of the image exceed."""
    rows, columns = (slice(side // 4, side - side // 4) for side in density.shape)
    return float(np.percentile(density[rows, columns], 97))
