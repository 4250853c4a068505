"""The empty slide behind a cell, and how much light each pixel takes away from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spermlens.types import Image

Plane = NDArray[np.float32]  # height x width

SMOOTHING = 0.7  # px: below the blur of any microscope, above the grain of a sensor
COLOURLESS = 6.0  # grey levels between the channels up to which an image counts as grey
STAINED = 0.45  # no unstained cell takes away so much light


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """`density` is the light that is missing, as natural logarithm over all channels; 0 on the empty slide.

    `brightness` is the signed logarithm of the light against the empty slide: above 0 where a halo
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
    light = image.astype(np.float32)
    slide, noise = _slide(light)
    missing = ndimage.gaussian_filter(1 - light / slide, (SMOOTHING, SMOOTHING, 0))
    density = np.sqrt((np.maximum(missing, 0) ** 2).mean(axis=2))
    brightness = -missing.mean(axis=2)
    rows, columns = (slice(side // 4, side - side // 4) for side in image.shape[:2])
    darkest = float(np.percentile(density[rows, columns], 97))
    channels = image.reshape(-1, 3)[:: max(1, image.shape[0] * image.shape[1] // 4096)].astype(np.int16)
    coloured = float(np.ptp(channels, axis=1).mean()) > COLOURLESS
    return Field(
        density=density, brightness=brightness, noise=max(noise, 2e-3), stained=coloured or darkest > STAINED
    )


def _slide(light: Plane) -> tuple[Plane, float]:
    """Height x width x 3: the light of the empty slide, as a plane through what is commonest."""
    height, width = light.shape[:2]
    step = max(1, round((height * width / 4000) ** 0.5))
    smooth = ndimage.uniform_filter(light, (3, 3, 0))
    rows, columns = np.mgrid[0:height:step, 0:width:step]
    design = np.stack([np.ones(rows.size), rows.ravel() / height - 0.5, columns.ravel() / width - 0.5], 1)
    sample = smooth[::step, ::step].reshape(-1, 3).astype(np.float64)
    total = sample.mean(axis=1)
    level = _commonest(total)
    near = np.abs(total - level) < 10
    plane = np.zeros((3, 3))
    plane[0] = np.median(sample[near], axis=0)
    for _ in range(3):
        off = np.abs(sample - design @ plane).mean(axis=1)
        near = off < max(2.5 * float(np.median(off[near])), 2.0)
        if near.sum() < 30:
            break
        plane = np.linalg.lstsq(design[near], sample[near], rcond=None)[0]
    y = (np.arange(height) / height - 0.5)[:, None, None]
    x = (np.arange(width) / width - 0.5)[None, :, None]
    noise = float(np.median(off[near]) / plane[0].mean())
    return np.maximum(plane[0] + y * plane[1] + x * plane[2], 16).astype(np.float32), noise


def _commonest(values: NDArray[np.float64]) -> float:
    """The mode, from a smoothed histogram; of several the brightest that is nearly as common."""
    counts, edges = np.histogram(values, bins=128)
    smooth = ndimage.gaussian_filter1d(counts.astype(float), 2.0, mode="constant")
    best = int(np.flatnonzero(smooth >= 0.6 * smooth.max())[-1])
    return float((edges[best] + edges[best + 1]) / 2)
