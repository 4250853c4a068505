"""From values as stored to uint8 RGB.

Deeper than 8 bits: values are divided by the largest value of the camera's bit depth. The depth is
the one the file states (PNG sBIT, TIFF BitsPerSample and MaxSampleValue, OME SignificantBits); where it
states none, it is the smallest of 8, 10, 12, 14 and 16 bits that holds the largest value of the file, all
pages together. So a 12-bit camera in a 16-bit file does not turn black, and pages stay comparable.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spermlens.errors import BadImage
from spermlens.types import Image

MAX_PIXELS = 64_000_000  # a 200 MB field of view; a head is 0.02 of one million
MAX_BYTES = 8 * MAX_PIXELS  # that many pixels, uncompressed, 16 bits deep, with alpha
MAX_PAGES = 10_000
DEPTHS = (8, 10, 12, 14, 16)


class Page(NamedTuple):
    """A page as stored, its values not yet brought to 8 bits."""

    colour: NDArray[Any]  # height x width x 1 or 3
    alpha: NDArray[Any] | None = None  # height x width x 1
    premultiplied: bool = False  # colour already holds its product with alpha
    inverted: bool = False  # 0 is white


def check_size(width: int, height: int, name: str) -> None:
    if width < 1 or height < 1:
        raise BadImage(f"{name}: the header says {width}x{height} pixels. Copy it again from its source.")
    if width * height > MAX_PIXELS:
        raise BadImage(
            f"{name}: {width}x{height} pixels, expected at most {MAX_PIXELS:,} in one file. "
            "Cut it into smaller images."
        )


def upright(array: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Turned and mirrored as EXIF and TIFF orientations 1 to 8 ask."""
    if orientation in (5, 6, 7, 8):
        array = array.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        array = array[:, ::-1]
    if orientation in (3, 4, 7, 8):
        array = array[::-1]
    return np.ascontiguousarray(array)


def to_rgb_pages(pages: list[Page], stated_depth: int | None, name: str) -> list[Image]:
    kinds = {page.colour.dtype for page in pages}
    largest = {
        kind: _largest_value([p.colour for p in pages if p.colour.dtype == kind], stated_depth, name)
        for kind in kinds
    }
    return [_to_rgb(page, largest[page.colour.dtype], name) for page in pages]


def _largest_value(arrays: list[NDArray[Any]], stated_depth: int | None, name: str) -> float:
    """The value that becomes 255, for arrays of one type."""
    kind, size = arrays[0].dtype.kind, arrays[0].dtype.itemsize
    if kind == "b":
        return 1.0
    if kind == "f" and not all(np.isfinite(array).all() for array in arrays):
        raise BadImage(
            f"{name}: holds NaN or infinite values, expected numbers. Export it with 8 or 16 bits."
        )
    low = min(float(array.min()) for array in arrays)
    high = max(float(array.max()) for array in arrays)
    if kind == "f":
        limit = 1.0 if high <= 1 else 255.0
    elif stated_depth and stated_depth <= 16 and high < 2**stated_depth and (size > 1 or stated_depth < 8):
        limit = 2.0**stated_depth - 1
    else:
        limit = next((2.0**bits - 1 for bits in DEPTHS if high < 2**bits), 0.0) if size > 1 else 255.0
    if low < 0 or high > limit:
        raise BadImage(
            f"{name}: values from {low:g} to {high:g}, expected those of a camera of 8 to 16 bits. "
            "Export it with 8 or 16 bits."
        )
    return limit


def _to_rgb(page: Page, largest: float, name: str) -> Image:
    eight = _to_eight_bits(page.colour, largest)
    if page.inverted:
        eight = 255 - eight
    rgb = np.broadcast_to(eight, (*eight.shape[:2], 3))
    if page.alpha is None:
        return np.ascontiguousarray(rgb)
    alpha = _to_eight_bits(page.alpha, _largest_value([page.alpha], None, name)).astype(np.float32) / 255
    over: NDArray[Any] = (rgb if page.premultiplied else rgb * alpha) + 255 * (1 - alpha)  # alpha over white
    blended: Image = np.rint(over.clip(0, 255)).astype(np.uint8)
    return blended


def _to_eight_bits(array: NDArray[Any], largest: float) -> Image:
    scaled: Image
    if array.dtype.kind in "ui":
        scaled = np.rint(np.arange(largest + 1) / largest * 255).astype(np.uint8)[array]
    else:
        scaled = np.rint(array.astype(np.float32) / largest * 255).astype(np.uint8)
    return scaled
