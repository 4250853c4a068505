"""From optical density to grey levels: light, optics, the camera's sharpening, and its noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.ndimage import correlate1d, uniform_filter

from spermlens.datasets._drawing.canvas import Plane, Planes
from spermlens.datasets._drawing.look import Look, take
from spermlens.types import Image

SHARPENING_WINDOW = 7  # pixels: a camera compares each with the mean around it

Exposure = Planes  # grey levels before noise


@dataclass(frozen=True, slots=True)
class Camera:
    """The optics and the sensor of one picture."""

    blur: float
    fringe: tuple[float, float]  # red lies so far (x, y) from green, blue as far the other way
    sharpening: float
    read_noise: float
    shot_noise: float
    colour_noise: float
    halved_colour: bool

    @classmethod
    def drawn(cls, look: Look, random: Generator) -> Camera:
        way = random.uniform(0, 2 * np.pi)
        far = take(random, look.colour_fringe_px)
        return cls(
            blur=take(random, look.blur_px),
            fringe=(far * float(np.cos(way)), far * float(np.sin(way))),
            sharpening=take(random, look.sharpening),
            read_noise=take(random, look.read_noise),
            shot_noise=take(random, look.shot_noise),
            colour_noise=take(random, look.colour_noise),
            halved_colour=bool(random.random() < look.halved_colour),
        )

    def expose(self, density: Planes, light: Planes) -> Exposure:
        """What the sensor is to see, without noise; the same for every picture of the same slide."""
        seen = np.exp(-density)
        seen *= light
        for plane, sign in zip(seen, (1.0, 0.0, -1.0), strict=True):
            for axis, shift in ((1, self.fringe[0]), (0, self.fringe[1])):
                correlate1d(plane, _kernel(self.blur, sign * shift), axis, output=plane, mode="nearest")
        if self.sharpening:
            grey = seen.mean(axis=0)
            wide = uniform_filter(grey, SHARPENING_WINDOW, mode="nearest")
            seen += np.float32(self.sharpening) * (grey - wide)
        seen = _halve_colour(seen) if self.halved_colour else seen
        return np.clip(seen, 0, 255, out=seen)

    def record(self, exposure: Exposure, random: Generator) -> Image:
        """The exposure with the sensor's noise, as uint8. The same stream gives the same grain."""
        _, height, width = exposure.shape
        # the difference of two even numbers: to the eye as good as a bell curve, and drawn twice as fast
        first, second = random.random((2, height, width), np.float32)
        grain = (first - second) * np.float32(np.sqrt(6))
        blotch = random.random((3, (height + 1) // 2, (width + 1) // 2), np.float32)
        read, shot = np.float32(self.read_noise**2), np.float32(self.shot_noise**2)
        bright = np.maximum(exposure[1], 0)  # green counts most for brightness
        noisy = exposure + np.sqrt(read + shot * bright) * grain
        blotch -= blotch.mean(axis=0)  # colour only, no brightness
        blotch *= np.float32(
            self.colour_noise * np.sqrt(12)
        )  # even numbers from 0 to 1 deviate by 1 / root 12
        noisy += blotch.repeat(2, axis=1)[:, :height].repeat(2, axis=2)[:, :, :width]
        noisy += np.float32(0.5)  # the cast cuts off
        levels = np.clip(noisy, 0, 255, out=noisy).astype(np.uint8)
        return np.ascontiguousarray(np.moveaxis(levels, 0, -1))


def _halve_colour(exposure: Exposure) -> Exposure:
    """Colour averaged over blocks of two by two pixels, brightness as it was: what JPEG and video do."""
    grey: Plane = exposure.mean(axis=0)
    colour = exposure - grey
    even = colour[:, : grey.shape[0] // 2 * 2, : grey.shape[1] // 2 * 2]
    mean = (even[:, ::2, ::2] + even[:, 1::2, ::2] + even[:, ::2, 1::2] + even[:, 1::2, 1::2]) / 4
    even[:] = mean.repeat(2, axis=1).repeat(2, axis=2)
    return grey + colour


def _kernel(blur: float, shift: float) -> NDArray[np.float64]:
    reach = int(np.ceil(2.4 * blur + abs(shift)))
    weights = np.exp(-0.5 * ((np.arange(-reach, reach + 1) - shift) / blur) ** 2)
    kernel: NDArray[np.float64] = weights / weights.sum()
    return kernel
