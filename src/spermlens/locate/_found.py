"""A head that was found, with what its parts and its checks both ask of it, worked out once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from spermlens.locate._field import Plane
from spermlens.locate._pixels import Box, deep
from spermlens.locate.contour import box_of
from spermlens.locate.shape import Pixels
from spermlens.types import Mask


@dataclass(frozen=True)
class Found:
    """The mask of a head in its image, which is not empty, and the box that just holds it."""

    mask: Mask
    box: Box

    @classmethod
    def of(cls, mask: Mask) -> Found:
        return cls(mask, box_of(mask))

    @property
    def own(self) -> Mask:
        """The mask in its box."""
        return self.mask[self.box]

    @property
    def corner(self) -> complex:
        """The top left pixel of the box, as x + iy."""
        return complex(self.box[1].start, self.box[0].start)

    @cached_property
    def depth(self) -> Plane:
        """How deep the pixels of the box lie in the head."""
        return deep(np.pad(self.own, 1))[1:-1, 1:-1]

    @cached_property
    def pixels(self) -> Pixels:
        """Its pixels, the middle in pixels of the box."""
        return Pixels.of(self.own)

    @property
    def middle(self) -> complex:
        return self.corner + self.pixels.middle

    @property
    def area(self) -> int:
        return self.pixels.along.size

    @property
    def length(self) -> float:
        """From its first to its last pixel along its axis."""
        return float(np.ptp(self.pixels.along))

    def in_image(self, part: Mask) -> Mask:
        """A mask of the box as one of the image."""
        mask = np.zeros_like(self.mask)
        mask[self.box] = part
        return mask

    def beyond(self, places: NDArray[np.complex128]) -> NDArray[np.float64]:
        """How far places, seen from its middle, lie outside the ellipse with its moments."""
        long, short = (max(2 * moment**0.5, 0.5) for moment in self.pixels.moments)
        seen = places * self.pixels.turn.conjugate()
        radii = np.hypot(seen.real / long, seen.imag / short)
        return np.asarray(np.abs(places) * (1 - 1 / np.maximum(radii, 1e-6)))
