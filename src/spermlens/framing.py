"""How an image becomes what a network sees: one scale for all, the aspect ratio never changed.

The length of a head over its width *is* the diagnosis, so an image is never stretched: it is resized
by one constant factor, and what is missing around it is filled by reflection. Pillow and NumPy only;
training, prediction and export all come through here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spermlens.types import Heat, Image


@dataclass(frozen=True, slots=True, kw_only=True)
class Framing:
    """A square of `field_px` source pixels becomes `size` network pixels.

    Where the framing and an image both know their um per pixel, the image is first brought to the
    framing's: a cell of 5 um then has the same size in every network input.
    """

    size: int
    field_px: float
    um_per_pixel: float | None = None

    def __post_init__(self) -> None:
        if not 8 <= self.size <= 1024:
            raise ValueError(f"size must be 8 to 1024 pixels, but is {self.size}.")
        if self.field_px <= 0:
            raise ValueError(f"field_px must be positive, but is {self.field_px}.")

    def scale(self, um_per_pixel: float | None = None) -> float:
        """Network pixels per source pixel."""
        same_unit = self.um_per_pixel is not None and um_per_pixel is not None
        ratio = um_per_pixel / self.um_per_pixel if same_unit else 1.0  # type: ignore[operator]
        return self.size / self.field_px * ratio

    def square(self, image: Image, um_per_pixel: float | None = None) -> Image:
        """The image as size x size x 3 uint8, centred."""
        height, width = self._scaled_shape(image.shape[:2], um_per_pixel)
        fitted = _resize_rgb(image, height, width)
        for axis in (0, 1):
            fitted = _centre(fitted, axis, self.size)
        return np.ascontiguousarray(fitted)

    def unsquare(
        self, heat: NDArray[np.floating], shape: tuple[int, ...], um_per_pixel: float | None = None
    ) -> Heat:
        """A size x size map laid back over the image of `shape`; 0 where the network saw nothing."""
        height, width = self._scaled_shape(shape[:2], um_per_pixel)
        canvas = np.zeros((height, width), np.float32)
        (top, seen_top, rows), (left, seen_left, columns) = (
            _overlap(height, self.size),
            _overlap(width, self.size),
        )
        canvas[top : top + rows, left : left + columns] = heat[
            seen_top : seen_top + rows, seen_left : seen_left + columns
        ]
        return _resize_grey(canvas, shape[0], shape[1])

    def _scaled_shape(self, shape: tuple[int, ...], um_per_pixel: float | None) -> tuple[int, int]:
        scale = self.scale(um_per_pixel)
        return max(1, round(shape[0] * scale)), max(1, round(shape[1] * scale))


def field_that_holds(sides: Iterable[int]) -> float:
    """The field for images whose longest sides are given: 19 of 20 fit whole."""
    return float(np.percentile(list(sides), 95))


def _overlap(length: int, size: int) -> tuple[int, int, int]:
    """Start in the image, start in the square, and length of the part they share."""
    if length >= size:
        return (length - size) // 2, 0, size
    return 0, (size - length) // 2, length


def _centre(image: Image, axis: int, size: int) -> Image:
    length = image.shape[axis]
    start, before, shared = _overlap(length, size)
    if length >= size:
        return image.take(range(start, start + size), axis=axis)
    padding = [(0, 0)] * image.ndim
    padding[axis] = (before, size - shared - before)
    return np.pad(image, padding, mode="reflect" if length > 1 else "edge")


def _resize_rgb(image: Image, height: int, width: int) -> Image:
    from PIL import Image as Pillow

    if image.shape[:2] == (height, width):
        return image
    picture = Pillow.fromarray(image).resize((width, height), Pillow.Resampling.BICUBIC)
    return np.asarray(picture)


def _resize_grey(values: Heat, height: int, width: int) -> Heat:
    from PIL import Image as Pillow

    if values.shape == (height, width):
        return values
    picture = Pillow.fromarray(values).resize((width, height), Pillow.Resampling.BILINEAR)
    return np.clip(np.asarray(picture, dtype=np.float32), 0, 1)
