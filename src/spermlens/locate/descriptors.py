"""The shape of a head as numbers to learn from: `describe(outline, image)`.

Shifted, turned, mirrored or larger, a head has the same description, up to its pixels: left and right
cannot be told apart, nor can front and back. All values are finite, for every mask; an outline without a
head is described by zeros.
"""

from __future__ import annotations

import math

import numpy as np

from spermlens.locate.contour import Line
from spermlens.locate.shape import Head, Pixels, ratios, sizes
from spermlens.locate.stain import stain
from spermlens.types import Image, Outline

WAVES = (*range(-8, 0), *range(2, 9))  # 0 is the place of the outline, 1 its size
RATIOS = (
    "length_over_width",
    "ellipticity",
    "elongation",
    "regularity",
    "rugosity",
    "side_symmetry",
    "end_symmetry",
)
STAINS = ("contrast", "stain", "saturation")
NAMES = (
    *RATIOS,
    "taper_either_way",
    *(f"wave_{'minus' if wave < 0 else 'plus'}_{abs(wave)}" for wave in WAVES),
    *(f"log_hu_{number}" for number in range(1, 8)),
    *STAINS,
)
_LEAST = 1e-12  # moments below are those of rounding


def describe(outline: Outline, image: Image) -> dict[str, float]:
    """A value for each of NAMES, in their order; what cannot be told is 0."""
    if not outline.head.any():
        return dict.fromkeys(NAMES, 0.0)
    head = Head.of(outline.head)
    told = {**ratios(head, sizes(head)), **stain(outline, image, head.mask, head.box)}
    taper = told["taper"]
    told["taper_either_way"] = abs(math.log(taper)) if taper else None
    shape = [told[name] or 0.0 for name in (*RATIOS, "taper_either_way")]
    dye = [told[name] or 0.0 for name in STAINS]
    values = [*shape, *outline_waves(head.line), *log_hu(head.pixels), *dye]
    return dict(zip(NAMES, values, strict=True))


def outline_waves(line: Line) -> list[float]:
    """How strongly each of WAVES shapes a line, against the circle in it.

    Wave -1 makes an ellipse of the circle, 2 and -2 an egg or a bean, 3 and -3 a corner at each third.
    """
    waves = np.abs(np.fft.fft(line))
    return [float(waves[wave] / waves[1]) if waves[1] > 0 else 0.0 for wave in WAVES]


def log_hu(pixels: Pixels) -> list[float]:
    """Hu's seven moments of a mask as the logarithms of their sizes, larger for a stronger departure.

    The sign of the seventh, which tells a shape from its mirror image, is left out. Where a moment is
    nil, as the third ones of an ellipse are, its logarithm is that of 1e-12.
    """
    x, y, count = pixels.along, pixels.across, float(pixels.along.size)
    xx, yy = x * x, y * y
    n20, n02, n11 = (float(total) / count**2 for total in (xx.sum(), yy.sum(), x @ y))
    n30, n21, n12, n03 = (float(total) / count**2.5 for total in (xx @ x, xx @ y, yy @ x, yy @ y))
    a, b = n30 + n12, n21 + n03
    c, d = n30 - 3 * n12, 3 * n21 - n03
    moments = (
        n20 + n02,
        (n20 - n02) ** 2 + 4 * n11**2,
        c**2 + d**2,
        a**2 + b**2,
        c * a * (a**2 - 3 * b**2) + d * b * (3 * a**2 - b**2),
        (n20 - n02) * (a**2 - b**2) + 4 * n11 * a * b,
        d * a * (a**2 - 3 * b**2) - c * b * (3 * a**2 - b**2),
    )
    return [math.log10(max(abs(moment), _LEAST)) for moment in moments]
