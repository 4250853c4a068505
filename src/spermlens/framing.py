"""How an image becomes what a network sees: one scale for all, the aspect ratio never changed.

The length of a head over its width *is* the diagnosis, so an image is never stretched: it is resized
by one constant factor about its centre, without rounding to whole pixels, and what is missing around it
is filled by reflection. So framing a mirrored image is mirroring the framed one. Where a framing aligns
heads, the head's middle takes the place of the image's, and its front is turned up by the same resampling.
Pillow and NumPy only; training, prediction and export all come through here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spermlens.types import Heat, Image, Pose

ALIGNMENTS = ("none", "head")
FINEST = 32  # samples along a pixel of the image, at most: a pixel may dwarf the square
WIDEST_ALIGNED_PX = 2048  # a wider field shows no single head, and would take much memory to turn


class _Span(NamedTuple):
    """What the square shows along one axis."""

    start: float  # in source pixels; below 0 where it begins before the image
    stop: float
    before: int  # network pixels to be filled in front
    shown: int  # network pixels from start to stop


@dataclass(frozen=True, slots=True, kw_only=True)
class Framing:
    """A square of `field_px` source pixels becomes `size` network pixels.

    Where the framing and an image both know their um per pixel, the image is first brought to the
    framing's: a cell of 5 um then has the same size in every network input.
    """

    size: int
    field_px: float
    um_per_pixel: float | None = None
    align: str = "none"  # head: the middle of the head in the middle, its front up

    def __post_init__(self) -> None:
        if not 8 <= self.size <= 1024:
            raise ValueError(f"size must be 8 to 1024 pixels, but is {self.size}.")
        if not 0 < self.field_px < math.inf:
            raise ValueError(f"field_px must be positive, but is {self.field_px}.")
        if self.um_per_pixel is not None and not 0 < self.um_per_pixel < 100:
            raise ValueError(f"um_per_pixel must lie between 0 and 100, but is {self.um_per_pixel}.")
        if self.align not in ALIGNMENTS:
            raise ValueError(f"align must be one of {', '.join(ALIGNMENTS)}, but is {self.align!r}.")

    @property
    def aligns(self) -> bool:
        """Whether it wants to know the pose of a head."""
        return self.align == "head"

    @property
    def told(self) -> str:
        """In words."""
        aligned = ", heads upright" if self.aligns else ""
        return f"{self.size} px square, {self.field_px:g} source px across{aligned}"

    def scale(self, um_per_pixel: float | None = None) -> float:
        """Network pixels per source pixel."""
        same_unit = self.um_per_pixel is not None and um_per_pixel is not None
        ratio = um_per_pixel / self.um_per_pixel if same_unit else 1.0  # type: ignore[operator]
        return self.size / self.field_px * ratio

    def square(self, image: Image, um_per_pixel: float | None = None, pose: Pose | None = None) -> Image:
        """The image as size x size x 3 uint8, about its centre, or about a head with its front up."""
        scale = self.scale(um_per_pixel)
        if pose is not None and self.size / scale <= WIDEST_ALIGNED_PX:
            return _posed(image, pose, self.size, scale)
        rows, columns = self._spans(image.shape, um_per_pixel)
        box = (columns.start, rows.start, columns.stop, rows.stop)
        seen = _resized(image, box, (rows.shown, columns.shown), "reflect")
        for axis, span in enumerate((rows, columns)):
            seen = _filled(seen, axis, span.before)
        return np.ascontiguousarray(seen)

    def unsquare(
        self,
        heat: NDArray[np.floating],
        shape: tuple[int, ...],
        um_per_pixel: float | None = None,
        pose: Pose | None = None,
    ) -> Heat:
        """A size x size map laid back over the image of `shape`; 0 where the network saw nothing.

        `pose` is the one with which the square was made.
        """
        canvas = np.zeros(shape[:2], np.float32)
        scale = self.scale(um_per_pixel)
        if pose is not None and self.size / scale <= WIDEST_ALIGNED_PX:
            _lay_back(np.asarray(heat, np.float32), canvas, pose, scale)
            return canvas.clip(0, 1, out=canvas)
        slots, ends = [], []
        for span, length in zip(self._spans(shape, um_per_pixel), shape[:2], strict=True):
            first, last = max(0, math.floor(span.start)), min(length, math.ceil(span.stop))
            slots.append(slice(first, last))
            reach = [span.before + (at - span.start) * scale for at in (first, last)]
            ends.append(
                [min(max(at, -self.size), 2 * self.size) for at in reach]
            )  # a pixel may dwarf the square
        (top, bottom), (left, right) = ends
        part = canvas[slots[0], slots[1]]
        part[:] = _resized(np.asarray(heat, np.float32), (left, top, right, bottom), part.shape, "edge")
        return canvas.clip(0, 1, out=canvas)

    def _spans(self, shape: tuple[int, ...], um_per_pixel: float | None) -> tuple[_Span, _Span]:
        scale = self.scale(um_per_pixel)
        rows, columns = (_span(length, scale, self.size) for length in shape[:2])
        return rows, columns


def field_that_holds(sides: Iterable[int]) -> float:
    """The field for images whose longest sides are given: 19 of 20 fit whole."""
    return float(np.percentile(list(sides), 95))


def _span(length: int, scale: float, size: int) -> _Span:
    shown = math.ceil(round(length * scale, 6))
    shown = min(size, shown + (size - shown) % 2)  # as much to fill in front as behind
    half = min(shown / scale / 2, 1.5 * length)  # an image smaller than a network pixel fills it
    return _Span(round(length / 2 - half, 6), round(length / 2 + half, 6), (size - shown) // 2, shown)


def _posed(image: Image, pose: Pose, size: int, scale: float) -> Image:
    """The square about a head, its front up. Where it shrinks, fine samples are averaged."""
    fine = max(1, math.ceil(round(1 / scale, 6)))
    step, half = 1 / (scale * fine), size / scale / 2
    (right_x, right_y), (down_x, down_y) = _directions(pose)
    x, y = pose.x + 0.5, pose.y + 0.5
    columns = _reflected(x, half * (abs(right_x) + abs(down_x)), image.shape[1])
    rows = _reflected(y, half * (abs(right_y) + abs(down_y)), image.shape[0])
    around = image[rows.inside[:, None], columns.inside]
    across = (right_x * step, down_x * step, x - columns.first - half * (right_x + down_x))
    along = (right_y * step, down_y * step, y - rows.first - half * (right_y + down_y))
    return _sampled(around, (*across, *along), (size, size), fine)


def _lay_back(heat: NDArray[np.float32], canvas: Heat, pose: Pose, scale: float) -> None:
    """A map of a posed square, into the pixels of the image that it covers."""
    size, fine = heat.shape[0], max(1, min(FINEST, math.ceil(scale)))
    half = size / scale / 2
    right, down = _directions(pose)
    x, y = pose.x + 0.5, pose.y + 0.5
    reach_x, reach_y = (half * (abs(right[n]) + abs(down[n])) for n in (0, 1))
    left, top = max(0, math.floor(x - reach_x)), max(0, math.floor(y - reach_y))
    part = canvas[top : max(top, math.ceil(y + reach_y)), left : max(left, math.ceil(x + reach_x))]
    if not part.size:
        return
    ways = []
    for way_x, way_y in (right, down):
        begin = size / 2 + scale * ((left - x) * way_x + (top - y) * way_y)
        ways += [scale * way_x / fine, scale * way_y / fine, begin]
    part[:] = _sampled(heat, tuple(ways), part.shape, fine)


def _directions(pose: Pose) -> tuple[tuple[float, float], tuple[float, float]]:
    """Unit vectors in the image that point right and down in the square."""
    x, y = pose.ahead
    return (-y, x), (-x, -y)


class _Inside(NamedTuple):
    """Places along one axis, those beyond the image reflected into it."""

    first: int
    inside: NDArray[np.intp]


def _reflected(middle: float, reach: float, length: int) -> _Inside:
    first, last = math.floor(middle - reach) - 2, math.ceil(middle + reach) + 2  # 2: what bicubic looks at
    period = max(1, 2 * (length - 1))
    at = np.arange(first, last) % period
    return _Inside(first, np.minimum(at, period - at))


def _sampled(
    array: NDArray[Any], affine: tuple[float, ...], shape: tuple[int, ...], fine: int
) -> NDArray[Any]:
    """An array seen through an affine from fine places to its own, `fine` x `fine` of them averaged."""
    from PIL import Image as Pillow

    kind = Pillow.Resampling.BICUBIC if array.ndim == 3 else Pillow.Resampling.BILINEAR
    wide, high = shape[1] * fine, shape[0] * fine
    seen = Pillow.fromarray(array).transform((wide, high), Pillow.Transform.AFFINE, affine, kind)
    return np.asarray(seen.reduce(fine) if fine > 1 else seen)


def _filled(image: Image, axis: int, before: int) -> Image:
    if not before:
        return image
    padding = [(0, 0)] * image.ndim
    padding[axis] = (before, before)
    return np.pad(image, padding, mode="reflect" if image.shape[axis] > 1 else "edge")


def _resized(
    array: NDArray[Any],
    box: tuple[float, float, float, float],
    shape: tuple[int, ...],
    beyond: Literal["reflect", "edge"],
) -> NDArray[Any]:
    """The part of an array inside a box of left, top, right, bottom, at a new height and width."""
    from PIL import Image as Pillow

    left, top, right, bottom = box
    height, width = array.shape[:2]
    ahead = max(0, math.ceil(-top)), max(0, math.ceil(-left))
    behind = max(0, math.ceil(bottom - height)), max(0, math.ceil(right - width))
    if any((*ahead, *behind)):
        around = [(ahead[0], behind[0]), (ahead[1], behind[1]), *[(0, 0)] * (array.ndim - 2)]
        array = np.pad(array, around, mode=beyond if min(height, width) > 1 else "edge")
    inner = (left + ahead[1], top + ahead[0], right + ahead[1], bottom + ahead[0])
    kind = Pillow.Resampling.BICUBIC if array.ndim == 3 else Pillow.Resampling.BILINEAR
    return np.asarray(Pillow.fromarray(array).resize((shape[1], shape[0]), kind, inner))
