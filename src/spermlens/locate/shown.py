"""A picture of which only a part is shown, to ask what a network can learn from that part alone.

What is hidden becomes the same grey in every picture. A colour taken from the picture itself would say
something of what is hidden; one grey says nothing. What cannot be hidden is the edge between grey and
picture: the outline itself stays visible unless a form is laid over it that is wider than the head.
"""

from __future__ import annotations

import math

import numpy as np

from spermlens.locate.segment import outline
from spermlens.types import Image, Mask

GREY = 128
MARGIN = 1.15  # of the disc, beyond the head's farthest pixel: a stain's rim is wider than the outline
MIDDLE = 0.3  # radius over the shorter side of the disc that stands for a head nobody finds
SHOWN = ("whole", "head", "background", "head_erased")


def shown(image: Image, head: Mask, what: str) -> Image:
    """The picture with all but a part of it grey.

    head: all but the head. background: all but what surrounds it, whose inner edge still has the head's
    form. head_erased: the same with the disc that holds the head erased, which leaves only its length.
    """
    match what:
        case "whole":
            return image
        case "head":
            hidden = ~head
        case "background":
            hidden = head
        case "head_erased":
            hidden = disc_around(head)
        case _:
            raise ValueError(f"What is shown must be one of {', '.join(SHOWN)}, but is {what!r}.")
    return np.where(hidden[..., None], np.uint8(GREY), image)


def head_in(image: Image) -> Mask:
    """The head as outlined, reliably or not; where none is found, a disc in the middle, as heads lie there.

    So every picture has one, and accuracies with and without a part are of the same pictures.
    """
    head = outline(image).head
    if head.any():
        return head
    height, width = head.shape
    return _disc(head.shape, ((height - 1) / 2, (width - 1) / 2), MIDDLE * min(height, width))


def disc_around(head: Mask) -> Mask:
    """A disc about the middle of the head's extent that holds all of it, with a margin; empty for no head.

    A disc, because an ellipse or a wider outline would still tell the head's form.
    """
    rows, columns = np.nonzero(head)
    if not rows.size:
        return np.zeros_like(head)
    middle = (rows.min() + rows.max()) / 2, (columns.min() + columns.max()) / 2
    farthest = math.sqrt(((rows - middle[0]) ** 2 + (columns - middle[1]) ** 2).max())
    return _disc(head.shape, middle, MARGIN * (farthest + 1))


def _disc(shape: tuple[int, ...], middle: tuple[float, float], radius: float) -> Mask:
    rows, columns = np.indices(shape)
    inside: Mask = (rows - middle[0]) ** 2 + (columns - middle[1]) ** 2 <= radius**2
    return inside
