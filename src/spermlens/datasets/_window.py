"""Crops of a large field, each around something in it: neither filled in beyond the field nor stretched."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from spermlens.types import Image, Mask


@dataclass(frozen=True, slots=True)
class Window:
    """What a crop shows of its field."""

    box: tuple[float, float, float, float]  # left, top, right, bottom, in pixels of the field
    size: tuple[int, int]  # width and height, in pixels of the crop

    @classmethod
    def around(cls, thing: Mask, side: int, scale: float) -> Self:
        """`side` pixels about the middle of a mask as large as the field, each 1 / `scale` pixels of it.

        Where the field ends the window is shorter by whole pixels, and the thing not in its middle.
        """
        left, right, width = _span(np.flatnonzero(thing.any(axis=0)), thing.shape[1], side, scale)
        top, bottom, height = _span(np.flatnonzero(thing.any(axis=1)), thing.shape[0], side, scale)
        return cls((left, top, right, bottom), (width, height))

    def image(self, field: Image) -> Image:
        """The field as the crop shows it, without aliases."""
        from PIL import Image as Pillow

        seen = Pillow.fromarray(field).resize(self.size, Pillow.Resampling.BICUBIC, box=self.box)
        return np.array(seen)

    def share(self, mask: Mask) -> NDArray[np.float32]:
        """How much of each pixel of the crop a mask of the field covers, 0..1."""
        from PIL import Image as Pillow

        left, top, right, bottom = self.box
        x, y = math.floor(left), math.floor(top)
        part = Pillow.fromarray(mask[y : math.ceil(bottom), x : math.ceil(right)].astype(np.float32))
        box = (left - x, top - y, right - x, bottom - y)
        return np.array(part.resize(self.size, Pillow.Resampling.BOX, box=box))


def _span(inside: NDArray[np.intp], length: int, side: int, scale: float) -> tuple[float, float, int]:
    """Along one axis: where the crop begins and ends in the field, and its length in pixels of its own."""
    start = round(float(inside[0] + inside[-1] + 1) / 2 - side / scale / 2)
    before = max(0, math.ceil(round(-start * scale, 6)))
    behind = max(0, math.ceil(round(side - (length - start) * scale, 6)))
    return start + before / scale, start + (side - behind) / scale, side - before - behind
