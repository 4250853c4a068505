"""The size of a pixel, from something of known size in a picture: a scale bar or round beads."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spermlens.errors import DataError, UsageError
from spermlens.locate.contour import touches_border
from spermlens.locate.shape import Head, sizes
from spermlens.locate.stain import LUMA
from spermlens.types import Image, Mask

Box = tuple[int, int, int, int]  # left, top, right, bottom in pixels; the last two are just outside
Grey = NDArray[np.float64]

LEVELS = (0.8, 0.6, 0.4)  # how far from the background to the extreme a bar may lie, tried in turn
LEAST_BAR_PX = 15  # shorter bars tell the scale to worse than some percent
BAR_RATIO = 3.0  # a bar is at least so many times as long as high
BAR_FILL = 0.85  # of the box around it
LEAST_BEAD_PX = 10
ROUND = 1.08  # long over short axis of a bead, at most
SAME_SIZE = 1.05  # largest over smallest of several beads, at most


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Micrometres per pixel, how far off they may be, and what was taken for the thing of known size."""

    um_per_pixel: float
    error: float  # micrometres per pixel: half a pixel at each end of a bar, or the spread of the beads
    boxes: tuple[Box, ...]


def scale_from_bar(image: Image, length_um: float, box: Box | None = None) -> Scale:
    """From a horizontal bar of known length; `box` says where to look, else all of the image is searched.

    The ends are where the grey level, averaged over the bar's height, is half way to what lies beyond:
    a soft edge costs nothing. Raises `DataError` where no bar is found, or more than one.
    """
    _demand_size(length_um, "length of the bar")
    grey, left, top = _grey(image, box)
    bars = _bars(grey)
    if len(bars) != 1:
        what = "No scale bar" if not bars else f"{len(bars)} things that may be the scale bar"
        raise DataError(
            f"{what} in {_where(box)}. Expected one plain horizontal bar, {LEAST_BAR_PX} pixels or longer, "
            "that touches neither the border nor its label: give a box around the bar alone."
        )
    rows, columns = bars[0]
    length = _bar_length(grey, rows, columns)
    found = (left + columns.start, top + rows.start, left + columns.stop, top + rows.stop)
    return Scale(um_per_pixel=length_um / length, error=length_um / length / length, boxes=(found,))


def scale_from_beads(image: Image, diameter_um: float, box: Box | None = None) -> Scale:
    """From round beads of known diameter, darker or brighter than what is around them.

    A bead is as wide as the circle of its area. Raises `DataError` where no round thing is found, or where
    several differ in size.
    """
    _demand_size(diameter_um, "diameter of the bead")
    grey, left, top = _grey(image, box)
    beads = _beads(grey)
    if not beads:
        raise DataError(
            f"No bead in {_where(box)}. Expected a round thing, {LEAST_BEAD_PX} pixels or wider, that does "
            "not touch the border and stands out from its surroundings: give a box around one bead."
        )
    across = np.array([2 * math.sqrt(bead.pixels.along.size / math.pi) for bead in beads])
    if across.max() > SAME_SIZE * across.min():
        raise DataError(
            f"Round things of {across.min():.0f} to {across.max():.0f} pixels in {_where(box)}, but beads "
            "of one diameter are of one size: give a box around one bead."
        )
    each = diameter_um / across
    error = float(max(each.std(), each.mean() * 0.5 / across.mean()))
    boxes = tuple(
        (left + bead.box[1].start, top + bead.box[0].start, left + bead.box[1].stop, top + bead.box[0].stop)
        for bead in beads
    )
    return Scale(um_per_pixel=float(each.mean()), error=error, boxes=boxes)


def _demand_size(size_um: float, noun: str) -> None:
    if not 0 < size_um < math.inf:
        raise UsageError(f"The {noun} must be a positive number of micrometres, but is {size_um}.")


def _grey(image: Image, box: Box | None) -> tuple[Grey, int, int]:
    """Grey levels inside a box, and its left and top."""
    height, width = image.shape[:2]
    left, top, right, bottom = box or (0, 0, width, height)
    if not (0 <= left < right <= width and 0 <= top < bottom <= height):
        raise UsageError(f"The box must lie in the image of {width} x {height} pixels, but is {box}.")
    return image[top:bottom, left:right] @ LUMA, left, top


def _where(box: Box | None) -> str:
    return "the image" if box is None else f"the box {box}"


def _bars(grey: Grey) -> list[tuple[slice, slice]]:
    """Boxes of what may be a bar, at the first level at which anything may."""
    background = float(np.median(grey))
    for level in LEVELS:
        found = []
        for extreme in (float(grey.min()), float(grey.max())):
            if abs(extreme - background) > 20:  # grey levels: less is noise
                cut = background + level * (extreme - background)
                mask = grey < cut if extreme < background else grey > cut
                found += [box for box in _boxes(mask) if _is_bar(mask[box], box, grey.shape)]
        if found:
            return found
    return []


def _boxes(mask: Mask) -> list[tuple[slice, slice]]:
    numbers, _ = ndimage.label(mask)
    found: list[tuple[slice, slice]] = ndimage.find_objects(numbers)
    return found


def _is_bar(inside: Mask, box: tuple[slice, slice], shape: tuple[int, ...]) -> bool:
    height, width = inside.shape
    whole = all(side.start > 0 and side.stop < end for side, end in zip(box, shape, strict=True))
    return whole and width >= max(LEAST_BAR_PX, BAR_RATIO * height) and bool(inside.mean() > BAR_FILL)


def _bar_length(grey: Grey, rows: slice, columns: slice) -> float:
    """From half height to half height of the profile along the bar, in pixels."""
    reach = min(6, columns.start, grey.shape[1] - columns.stop)
    inner = slice(rows.start + 1, rows.stop - 1) if rows.stop - rows.start > 2 else rows
    profile = grey[inner, columns.start - reach : columns.stop + reach].mean(axis=0)
    middle = float(np.median(profile[reach:-reach]))
    ends = []
    for side in (profile, profile[::-1]):
        half = (middle + float(side[: max(reach - 2, 1)].mean())) / 2
        inside = (side - half) * np.sign(middle - half) > 0
        first = int(inside.argmax())
        before = side[max(first - 1, 0)]
        part = (half - before) / (side[first] - before) if side[first] != before else 0.0
        ends.append(first - 1 + float(part))
    return len(profile) - 1 - ends[0] - ends[1]


def _beads(grey: Grey) -> list[Head]:
    """Round things in one piece, on the side of the threshold on which the background is not."""
    from skimage.filters import threshold_otsu

    soft = ndimage.gaussian_filter(grey, 1.0)
    if np.ptp(soft) < 20:  # grey levels: less is noise
        return []
    cut = float(threshold_otsu(soft))
    darker = bool(np.median(soft) >= cut)
    inside = soft < cut if darker else soft > cut
    half = float(np.median(soft[inside]) + np.median(soft[~inside])) / 2  # where an edge really is
    mask = soft < half if darker else soft > half
    numbers, count = ndimage.label(mask)
    found = [numbers == number for number in range(1, count + 1)]
    heads = [Head.of(one) for one in found if not touches_border(one)]
    return [head for head in heads if _is_round(head)]


def _is_round(head: Head) -> bool:
    size = sizes(head)
    if size["area"] < math.pi / 4 * LEAST_BEAD_PX**2 or size["ellipse_width"] == 0:
        return False
    full = 4 * math.pi * size["area"] / size["perimeter"] ** 2
    return size["ellipse_length"] / size["ellipse_width"] < ROUND and full > 0.93
