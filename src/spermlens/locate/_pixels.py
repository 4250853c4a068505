"""How deep the pixels of a mask lie in it, and which piece of it they belong to."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from spermlens.locate._field import Plane
from spermlens.types import Mask

Box = tuple[slice, slice]


def deep(mask: Mask) -> Plane:
    """Distance of each pixel of a mask to the nearest one outside it, in pixels; 0 outside."""
    return np.asarray(ndimage.distance_transform_edt(mask), np.float32)


def grown(box: Box, margin: int, shape: tuple[int, ...]) -> Box:
    """A box with a margin, as far as the image reaches."""
    rows, columns = (
        slice(max(0, side.start - margin), min(length, side.stop + margin))
        for side, length in zip(box, shape, strict=True)
    )
    return rows, columns


def eroded(mask: Mask, side: int) -> Mask:
    """Where all of a square of an odd number of pixels lies in the mask and in the image."""
    half = side // 2
    height, width = mask.shape
    kept = np.zeros_like(mask)
    if min(height, width) < side:
        return kept
    rows = mask[: height - 2 * half].copy()
    for shift in range(1, side):
        rows &= mask[shift : height - 2 * half + shift]
    inner = rows[:, : width - 2 * half].copy()
    for shift in range(1, side):
        inner &= rows[:, shift : width - 2 * half + shift]
    kept[half : height - half, half : width - half] = inner
    return kept


def largest(mask: Mask) -> Mask:
    """The largest piece of a mask; what only touches at corners is not joined. Holes stay."""
    numbers, count = ndimage.label(mask)
    if count < 2:
        return mask
    own: Mask = numbers == np.bincount(numbers.ravel())[1:].argmax() + 1
    return own
