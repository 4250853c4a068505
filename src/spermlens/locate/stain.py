"""Grey levels and dye: how dark the head is against the slide, in what colour, and where."""

from __future__ import annotations

import colorsys

import numpy as np
from numpy.typing import NDArray

from spermlens.types import Image, Mask, Outline

LUMA = np.array([0.299, 0.587, 0.114])  # what an eye makes of red, green and blue
_LOG = np.log10(np.maximum(np.arange(256), 1))  # black is taken for grey level 1: no density is endless
_COLOURS = ("red", "green", "blue")

Colours = NDArray[np.uint8]  # count x 3


def stain(outline: Outline, image: Image, head: Mask, box: tuple[slice, slice]) -> dict[str, float | None]:
    """Every grey and stain measure; `head` is the head's mask in its box of the image.

    Where the parts leave no slide to be seen, what compares the two is None.
    """
    seen = image[box]
    inside = seen[head]
    grey = inside @ LUMA
    mean = inside.mean(axis=0)
    hue, saturation, _ = colorsys.rgb_to_hsv(*(mean / 255))
    values: dict[str, float | None] = {
        "head_mean": float(grey.mean()),
        "head_sd": float(grey.std()),
        "hue": float(hue) * 360,
        "saturation": float(saturation),
        "nucleus_over_acrosome": _between_parts(outline, seen, head, box),
    }
    return values | _against_slide(inside, float(grey.mean()), _slide(outline, image, box))


def _slide(outline: Outline, image: Image, box: tuple[slice, slice]) -> Colours:
    """The pixels around the head that belong to no part: light and slide change with the place."""
    reach = max(side.stop - side.start for side in box) // 2
    around = tuple(slice(max(side.start - reach, 0), side.stop + reach) for side in box)
    cell = np.logical_or.reduce([mask[around] for mask in outline.masks.values()])
    slide: Colours = image[around].reshape(-1, 3)[np.flatnonzero(~cell)]
    return slide


def _against_slide(inside: Colours, head_mean: float, slide: Colours) -> dict[str, float | None]:
    if not slide.size:
        names = ("background_median", "background_sd", "contrast", "stain", *map("stain_{}".format, _COLOURS))
        return dict.fromkeys(names)
    low, (middle, *light), high = _percentiles(slide)
    dye = np.log10(np.maximum(light, 1)) - _LOG[inside].mean(axis=0)
    return {
        "background_median": middle,
        "background_sd": (high - low) / 2,
        "contrast": 1 - head_mean / middle if middle > 0 else None,
        "stain": float(dye.mean()),
        **{f"stain_{colour}": float(amount) for colour, amount in zip(_COLOURS, dye, strict=True)},
    }


def _between_parts(outline: Outline, seen: Image, head: Mask, box: tuple[slice, slice]) -> float | None:
    """None where the acrosome is not visible or leaves no nucleus."""
    if "acrosome" not in outline.masks:
        return None
    cap = outline.masks["acrosome"][box] & head
    nucleus = head & ~cap
    if not cap.any() or not nucleus.any():
        return None
    return float(_LOG[seen[cap]].mean() - _LOG[seen[nucleus]].mean())


def _percentiles(slide: Colours) -> tuple[float, list[float], float]:
    """Of the grey levels the 16th percentile; the medians of grey, red, green and blue; the 84th of grey.

    A level stands for half a level either way. Levels are counted, which is quicker than sorting pixels.
    """
    planes = np.empty((4, len(slide)), np.intp)
    planes[0] = slide @ LUMA + 0.5
    planes[1:] = slide.T
    planes += 256 * np.arange(4)[:, None]
    below = np.cumsum(np.bincount(planes.ravel(), minlength=1024))

    def level(plane: int, share: float) -> float:
        rank = (plane + share) * len(slide)
        at = int(np.searchsorted(below, rank))
        before = int(below[at - 1]) if at else 0
        return at - 256 * plane + (rank - before) / (int(below[at]) - before) - 0.5

    return level(0, 0.1587), [level(plane, 0.5) for plane in range(4)], level(0, 0.8413)
