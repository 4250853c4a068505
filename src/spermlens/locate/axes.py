"""Which way a head looks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spermlens.locate.shape import Head, thirds
from spermlens.types import Axes, Mask, Outline

Places = NDArray[np.complex128]  # x + iy, in pixels of the image


def axes_of(head: Head, outline: Outline) -> Axes:
    """The long axis of a head, pointing to its front.

    The midpiece tells the front, which lies opposite to it; else the tail, where it comes nearest to the
    head; else the acrosome. Where none is visible, the narrower end is taken for the back: mostly right
    for pears and tapered heads, a guess for ovals, and `front_known` is False.
    """
    front_from, facing = _facing(head, outline)
    turn = head.pixels.turn if facing >= 0 else -head.pixels.turn
    back, front, left, right = head.extents
    return Axes(
        x=head.middle.real,
        y=head.middle.imag,
        ahead=(turn.real, turn.imag),
        length_px=front - back,
        width_px=right - left,
        front_from=front_from,
    )


def _facing(head: Head, outline: Outline) -> tuple[str, float]:
    """What tells the front, and a number above 0 where the axis of the pixels points there."""

    def onwards(places: Places) -> float:
        return float(((places.mean() - head.middle) * head.pixels.turn.conjugate()).real)

    for part in ("midpiece", "tail", "acrosome"):
        places = _places(outline.masks[part]) if part in outline.masks else np.empty(0, complex)
        if places.size:
            if part == "tail":
                places = places[[np.abs(places - head.middle).argmin()]]
            return part, onwards(places) if part == "acrosome" else -onwards(places)
    behind, ahead = thirds(head)
    return "narrower end", ahead - behind


def _places(mask: Mask) -> Places:
    rows, columns = np.nonzero(mask)
    return columns + 1j * rows
