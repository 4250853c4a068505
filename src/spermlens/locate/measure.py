"""From an outline to numbers: `measure(outline, image, um_per_pixel)`.

What each number means stands in `definitions`.
"""

from __future__ import annotations

import cmath
import math

import numpy as np
from scipy import ndimage

from spermlens.locate.axes import axes_of
from spermlens.locate.contour import touches_border
from spermlens.locate.definitions import DEFINITIONS
from spermlens.locate.shape import Head, ratios, sizes
from spermlens.locate.stain import stain
from spermlens.locate.thread import heading, ribbon
from spermlens.types import PARTS, Axes, Image, Measures, Outline

LARGE_VACUOLE = 0.04  # part of the head's area; WHO says "large" and gives no figure

Values = dict[str, float | None]


def measure(outline: Outline, image: Image, um_per_pixel: float | None = None) -> Measures:
    """A value for every definition, None where the part is not visible or cannot be measured.

    Of a head in several pieces the largest counts, with its holes filled. A head that the border cuts has
    no size and no shape: only its stain is told. Of threads that the border cuts, what is visible is told.
    An outline with a reason against it is measured all the same, and the reason goes along.
    """
    if image.shape[:2] != outline.head.shape:
        raise ValueError(f"The image is {image.shape[:2]} pixels, its outline {outline.head.shape}.")
    parts = tuple(part for part in PARTS if part in outline.masks and outline.masks[part].any())
    cut = tuple(part for part in parts if touches_border(outline.masks[part]))
    values: Values = {}
    axes = None
    if "head" in parts:
        head = Head.of(outline.head)
        values |= stain(outline, image, head.mask, head.box)
        if "head" not in cut:
            axes = axes_of(head, outline)
            values |= _head(head, axes) | _inside(head, outline)
    values |= _threads(outline, parts, axes)
    return Measures(
        values=_columns(values, um_per_pixel),
        axes=axes,
        um_per_pixel=um_per_pixel,
        parts=parts,
        cut=cut,
        reason=outline.reason,
    )


def _head(head: Head, axes: Axes) -> Values:
    size = sizes(head)
    ahead = (complex(*axes.ahead) * head.pixels.turn.conjugate()).real > 0
    return {**size, **ratios(head, size, front_is_ahead=ahead)}


def _inside(head: Head, outline: Outline) -> Values:
    """Acrosome and vacuoles against the head; none where they could not be told apart from it."""
    values: Values = {}
    box, area = head.box, head.pixels.along.size
    if "acrosome" in outline.masks:
        values["acrosome_share"] = np.count_nonzero(outline.masks["acrosome"][box] & head.mask) / area
    if "vacuole" in outline.masks:
        numbers, count = ndimage.label(outline.masks["vacuole"][box] & head.mask, np.ones((3, 3)))
        shares = np.bincount(numbers.ravel(), minlength=count + 1)[1:] / area
        values["vacuoles"] = float(count)
        values["large_vacuoles"] = float(np.count_nonzero(shares > LARGE_VACUOLE))
        values["vacuole_share"] = float(shares.sum())
    return values


def _threads(outline: Outline, parts: tuple[str, ...], axes: Axes | None) -> Values:
    values: Values = {}
    midpiece = outline.masks["midpiece"] & ~outline.head if "midpiece" in parts else None
    if midpiece is not None and midpiece.any():
        values["midpiece_length"], values["midpiece_width"] = ribbon(midpiece)
        if axes is not None:
            turn = heading(midpiece, complex(axes.x, axes.y)) / -complex(*axes.ahead)
            values["midpiece_angle"] = math.degrees(cmath.phase(turn))
    if "tail" in parts:
        values["tail_length"], _ = ribbon(outline.masks["tail"])
    return values


def _columns(values: Values, um_per_pixel: float | None) -> Values:
    """Every column in the order of the definitions, in pixels or in micrometres."""
    scale = 1.0 if um_per_pixel is None else um_per_pixel
    factors = {"length": scale, "area": scale**2}
    columns: Values = {}
    for definition in DEFINITIONS:
        value = values.get(definition.name)
        column = definition.column(in_um=um_per_pixel is not None)
        columns[column] = None if value is None else value * factors.get(definition.kind, 1.0)
    return columns
