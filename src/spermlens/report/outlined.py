"""A cell with the lines around its parts, the axes of its head, and a bar that says how large it is.

Light lines lie on dark ones, so that they are seen on a stained cell and on a bright slide. The colours
differ for people who confuse red and green, too. An outline that should not be relied on is dashed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from spermlens.locate.contour import HEAD_WAVE_PX, THREAD_WAVE_PX, lines_around
from spermlens.types import Axes, Image, Measures, Outline

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

Colour = tuple[int, int, int]
Point = tuple[float, float]

COLOURS: dict[str, Colour] = {
    "tail": (240, 228, 66),
    "midpiece": (0, 200, 150),
    "head": (255, 176, 0),
    "acrosome": (86, 190, 245),
    "vacuole": (255, 120, 190),
}  # drawn in this order
INK, LIGHT = (20, 24, 30), (255, 255, 255)
LEAST, MOST = 400, 640  # pixels of the longer side of what is drawn
FINE = 2  # everything is drawn so many times larger, then made smaller: lines get smooth
BARS_UM = (50.0, 20.0, 10.0, 5.0, 2.0, 1.0)
BARS_PX = (400, 200, 100, 40, 20, 10)
LONGEST_BAR = 0.34  # of the width of the image
DASH = 7.0


def outlined(image: Image, outline: Outline, measures: Measures, reduced: float = 1.0) -> Image:
    """The image enlarged, with what was found on it; `reduced` pixels as read are one of `image`."""
    from PIL import Image as Pillow
    from PIL import ImageDraw

    height, width = image.shape[:2]
    factor = min(max(LEAST / max(height, width), 1.0), MOST / max(height, width))
    size = max(1, round(width * factor)), max(1, round(height * factor))
    large = (size[0] * FINE, size[1] * FINE)
    picture = Pillow.fromarray(image).resize(large, Pillow.Resampling.BICUBIC)
    pen = _Pen(ImageDraw.Draw(picture), factor * FINE, dashed=not outline.reliable)
    for part, colour in COLOURS.items():
        if part in outline.masks and outline.masks[part].any():
            wave = THREAD_WAVE_PX if part in ("tail", "midpiece") else HEAD_WAVE_PX
            for line in lines_around(outline.masks[part], wave):
                pen.line([(z.real, z.imag) for z in (*line, line[0])], colour, 2.2 if part == "head" else 1.6)
    if measures.axes is not None:
        _draw_axes(pen, measures.axes, outline, reduced)
    _draw_bar(pen, width, height, measures.um_per_pixel, reduced)
    return np.asarray(picture.resize(size, Pillow.Resampling.LANCZOS), np.uint8)


class _Pen:
    """Draws at places of the image, however much larger the picture is; widths are those on the page."""

    def __init__(self, on: ImageDraw, factor: float, *, dashed: bool = False) -> None:
        self.on, self.factor, self.dashed = on, factor, dashed

    def line(self, points: Sequence[Point], colour: Colour, width: float) -> None:
        placed = [self.place(point) for point in points]
        for pieces in [placed] if not self.dashed else _dashes(placed, DASH * FINE):
            self.on.line(pieces, INK, round((width + 1.6) * FINE), joint="curve")
            self.on.line(pieces, colour, round(width * FINE), joint="curve")

    def place(self, point: Point) -> Point:
        """(0, 0) is the middle of the first pixel."""
        return (point[0] + 0.5) * self.factor, (point[1] + 0.5) * self.factor


def _dashes(points: Sequence[Point], step: float) -> list[list[Point]]:
    """Every second piece of a line, each about `step` long."""
    x, y = np.array(points).T
    along = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])
    found = []
    for start in np.arange(0, along[-1], 2 * step):
        at = np.linspace(start, min(start + step, along[-1]), 5)
        found.append(list(zip(np.interp(at, along, x), np.interp(at, along, y), strict=True)))
    return found


def _draw_axes(pen: _Pen, axes: Axes, outline: Outline, reduced: float) -> None:
    """Both axes through the middle of the head from edge to edge; a dot at the front where it is known."""
    middle = complex(axes.x + 0.5, axes.y + 0.5) / reduced - complex(0.5, 0.5)
    ahead = complex(*axes.ahead)
    rows, columns = np.nonzero(outline.head)
    seen = (columns + 1j * rows - middle) / ahead
    if not seen.size:
        return
    along, across = seen.real, seen.imag
    widest = middle + ahead * _where_widest(along, across)
    ends = [
        (middle + ahead * (along.min() - 0.5), middle + ahead * (along.max() + 0.5)),
        (widest + 1j * ahead * (across.min() - 0.5), widest + 1j * ahead * (across.max() + 0.5)),
    ]
    for start, stop in ends:
        pen.line([(start.real, start.imag), (stop.real, stop.imag)], LIGHT, 1.4)
    if axes.front_known:
        x, y = pen.place((ends[0][1].real, ends[0][1].imag))
        for radius, colour in ((5.0, INK), (3.8, LIGHT)):
            reach = radius * FINE
            pen.on.ellipse((x - reach, y - reach, x + reach, y + reach), fill=colour)


def _where_widest(along: np.ndarray, across: np.ndarray) -> float:
    """How far ahead of the middle the widest slice lies."""
    slices = np.rint(along / 2.0).astype(int)
    widths = {int(n): float(np.ptp(across[slices == n])) for n in np.unique(slices)}
    most = max(widths.values())
    return 2.0 * float(np.mean([n for n, width in widths.items() if width >= 0.99 * most]))


def _draw_bar(pen: _Pen, width: int, height: int, um_per_pixel: float | None, reduced: float) -> None:
    """A bar of a round length, in micrometres where the size of a pixel is known."""
    from PIL import ImageFont

    lengths, unit, one = (
        (BARS_PX, "px", reduced) if um_per_pixel is None else (BARS_UM, "um", um_per_pixel * reduced)
    )
    fitting = [length for length in lengths if length / one <= LONGEST_BAR * width]
    length = fitting[0] if fitting else lengths[-1]
    edge = 12 * FINE
    left, low = edge, height * pen.factor - edge
    right = left + length / one * pen.factor
    pen.on.rectangle((left - FINE, low - 5 * FINE, right + FINE, low + FINE), fill=INK)
    pen.on.rectangle((left, low - 4 * FINE, right, low), fill=LIGHT)
    pen.on.text(
        (left, low - 10 * FINE),  # clear of the bar
        f"{length:g} {unit}",
        fill=LIGHT,
        font=ImageFont.load_default(15 * FINE),
        anchor="ls",
        stroke_width=2 * FINE,
        stroke_fill=INK,
    )
