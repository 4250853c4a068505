"""What an image is like in numbers, and which of many are odd.

Grey is 0.299 R + 0.587 G + 0.114 B, 0..255. All shares lie in 0..1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import NDArray

from spermlens.types import Image

Grey = NDArray[np.float32]

_GREY = np.array([0.299, 0.587, 0.114], np.float32)
_TO_SD = 1.4826  # a median absolute deviation times this is a normal spread's standard deviation
FULL, EMPTY = 255, 2  # from here on a pixel is saturated; down to here it is black
LEAST_SIDE = 32  # pixels; below, a head has too few to judge its outline


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """One decoded image.

    width, height   pixels
    mean, spread    of grey: mean and standard deviation, grey levels
    saturated       share of pixels with a channel at 255
    black           share of pixels with no channel above 2
    focus           mean squared Laplacian of grey over its mean squared gradient, 1/px²: how steep edges
                    are for their height. Blur lowers it, light, contrast and dark fields leave it, noise
                    raises it
    snr             mean grey of the background over the noise; no unit
    cnr             mean grey of the background less that of the foreground, over the noise; no unit
    The foreground is what is darker than Otsu's threshold, the background the rest. The noise is the
    standard deviation of grey from pixel to pixel, from the median absolute diagonal difference of 2 x 2
    blocks, at least 0.5 grey levels (what rounding leaves open).
    """

    width: int
    height: int
    mean: float
    spread: float
    saturated: float
    black: float
    focus: float
    snr: float
    cnr: float


@dataclass(frozen=True, slots=True)
class Rule:
    """When an image is called odd beside the others of its set."""

    flag: str
    words: str
    measure: Callable[[Measures], float]
    odd: Callable[[float, float, float], bool]  # value, median, robust spread of the set
    least_spread: float  # a set of nearly equal images has hardly any: then small differences are not odd


def _log_side(m: Measures) -> float:
    return log(min(m.width, m.height))


RULES = (
    Rule(
        "dark",
        "mean grey more than 5 spreads (at least 4 grey levels each) below the median",
        lambda m: m.mean,
        lambda value, middle, spread: value < middle - 5 * spread,
        4.0,
    ),
    Rule(
        "blurred",
        "logarithm of focus more than 4 spreads (at least 0.15 each) below the median",
        lambda m: log(max(m.focus, 1e-6)),
        lambda value, middle, spread: value < middle - 4 * spread,
        0.15,
    ),
    Rule(
        "saturated",
        "more than 1 % of the pixels saturated, and that more than 5 spreads (at least 0.2 % each) "
        "above the median",
        lambda m: m.saturated,
        lambda value, middle, spread: value > max(0.01, middle + 5 * spread),
        0.002,
    ),
    Rule(
        "tiny",
        f"shorter side below {LEAST_SIDE} px, or its logarithm more than 4 spreads (at least 0.1 each) "
        "below the median",
        _log_side,
        lambda value, middle, spread: value < max(log(LEAST_SIDE), middle - 4 * spread),
        0.1,
    ),
)


def grey_of(image: Image) -> Grey:
    """Height x width, float32, 0..255."""
    return np.asarray(image.astype(np.float32) @ _GREY, np.float32)


def measure(image: Image) -> Measures:
    """The measures of one image; milliseconds for a patch of 200 x 200."""
    grey = grey_of(image)
    noise = _noise(grey)
    foreground = grey < _otsu(grey)
    light = float(grey[~foreground].mean())
    dark = float(grey[foreground].mean()) if foreground.any() else light
    return Measures(
        width=image.shape[1],
        height=image.shape[0],
        mean=float(grey.mean()),
        spread=float(grey.std()),
        saturated=float((image.max(2) >= FULL).mean()),
        black=float((image.max(2) <= EMPTY).mean()),
        focus=_focus(grey),
        snr=light / noise,
        cnr=(light - dark) / noise,
    )


def flags(measures: Sequence[Measures]) -> list[tuple[str, ...]]:
    """Of each image the names of the rules by which it is odd beside the others.

    A spread is 1.4826 times the median absolute deviation from the median of the set.
    """
    found: list[list[str]] = [[] for _ in measures]
    for rule in RULES if measures else ():
        values = np.array([rule.measure(m) for m in measures])
        middle = float(np.median(values))
        spread = max(_TO_SD * float(np.median(np.abs(values - middle))), rule.least_spread)
        for place, value in enumerate(values.tolist()):
            if rule.odd(value, middle, spread):
                found[place].append(rule.flag)
    return [tuple(names) for names in found]


def _focus(grey: Grey) -> float:
    from scipy.ndimage import laplace

    down, across = np.gradient(grey)
    steepness = float((down**2 + across**2).mean())
    return float((laplace(grey) ** 2).mean()) / steepness if steepness > 1e-6 else 0.0


def _otsu(grey: Grey) -> float:
    from skimage.filters import threshold_otsu

    return float(threshold_otsu(grey)) if np.ptp(grey) > 0 else 0.0


def _noise(grey: Grey) -> float:
    even = grey[: grey.shape[0] // 2 * 2, : grey.shape[1] // 2 * 2]
    diagonal = even[::2, ::2] - even[1::2, ::2] - even[::2, 1::2] + even[1::2, 1::2]
    return max(0.5, _TO_SD * float(np.median(np.abs(diagonal))) / 2)
