"""How far an outline can be relied on: checks that a person would make, each with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from scipy import ndimage

from spermlens.locate._field import Field
from spermlens.locate._found import Found
from spermlens.locate._order import level_above
from spermlens.locate._pixels import deep, eroded, grown
from spermlens.locate._rim import Rim, outward
from spermlens.locate._unstained import Ring
from spermlens.locate.contour import touches_border
from spermlens.types import Mask

BEYOND_PX = (3.0, 4.0, 5.0)
CLOSE_PX = (3.0, 12.0)  # from a ring: up to here its own blur, from there to here what it may have left out
DARK_NOISES = 3.0
BESIDE_PX = 8.0  # so close a neck or a second head begins
AS_DARK = 0.6  # of the head's dark part
THICKER_PX = 5  # than a thread


class Check(NamedTuple):
    """A value that is worth nothing at `poor`, all at `good`, and half in between."""

    value: float
    poor: float
    good: float
    reason: str

    @property
    def worth(self) -> float:
        return float(np.clip((self.value - self.poor) / (self.good - self.poor), 0, 1))


def checks(head: Found, rim: Rim, field: Field) -> list[Check]:
    share = head.area / head.mask.size
    return [
        *_of_place(head),
        Check(level_above(rim.heights, 0.5) / field.noise, 3.0, 9.0, "It hardly differs from the slide."),
        Check(float(rim.falls.mean()), 0.6, 0.9, "Its rim cannot be seen all around."),
        Check(_like_an_ellipse(head), 0.72, 0.86, "It is not shaped like one head."),
        Check(_freedom(rim, field), 0.55, 0.8, "Something touches it."),
        Check(_dark_beside(head, field), 0.14, 0.03, "Something as dark and thick touches it."),
        Check(share, 0.004, 0.012, "It is too small for a head."),
        Check(share, 0.4, 0.25, "It is too large for a head."),
    ]


def ring_checks(head: Found, ring: Ring, field: Field) -> list[Check]:
    return [
        *_of_place(head),
        Check(ring.contrast / field.noise, 2.0, 5.0, "It hardly differs from the slide."),
        Check(ring.complete, 0.35, 0.7, "Its rim cannot be seen all around."),
        Check(ring.calm, 0.3, 0.6, "There is as much to see outside it as in it."),
        Check(_darkness_within(head, field), 0.72, 0.92, "It is only a part of something dark."),
    ]


def end_checks(head: Found, front: complex, threads: Mapping[str, Mask]) -> list[Check]:
    """Whether the acrosome and the thread lie at two ends, where both are seen."""
    seen = threads.get("midpiece")
    if seen is None or not front:
        return []
    rows, columns = np.nonzero(seen)
    way = complex(columns.mean(), rows.mean()) - head.middle
    turned = (way * front.conjugate()).real / max(abs(way), 1e-6)
    return [Check(turned, 0.7, 0.2, "Its pale end and its tail lie on one side.")]


def _of_place(head: Found) -> list[Check]:
    height, width = head.mask.shape
    offset = abs(head.middle - complex(width - 1, height - 1) / 2) / min(height, width)
    return [
        Check(not touches_border(head.mask), 0.0, 1.0, "The head is cut by the border."),
        Check(offset, 0.3, 0.14, "The object lies far from the middle."),
    ]


def _like_an_ellipse(head: Found) -> float:
    """Overlap (Jaccard) of a mask with the ellipse that has its moments."""
    pixels = head.pixels
    long, short = (moment + 1 / 12 for moment in pixels.moments)
    inside = int(np.count_nonzero(pixels.along**2 / long + pixels.across**2 / short <= 4))
    area = 4 * np.pi * float(np.sqrt(long * short))
    return inside / (head.area + area - inside)


def _dark_beside(head: Found, field: Field) -> float:
    """Area of what is nearly as dark as a head, thicker than a thread and close to it, over the head's."""
    near = grown(head.box, round(BESIDE_PX) + THICKER_PX, head.mask.shape)
    own = head.mask[near]
    level = AS_DARK * level_above(field.density[head.mask], 0.75)
    thick = eroded(field.density[near] > level, THICKER_PX) & ~own
    return float(np.count_nonzero(thick & (deep(~own) <= BESIDE_PX))) / head.area


def _darkness_within(head: Found, field: Field) -> float:
    """Part of all that is darker than the slide, in the head and close to it, that lies in it."""
    near = grown(head.box, round(CLOSE_PX[1]) + 1, head.mask.shape)
    away = deep(~head.mask[near])
    dark = np.maximum(-field.brightness[near] - DARK_NOISES * field.noise, 0)
    own, close = float(dark[away <= CLOSE_PX[0]].sum()), float(dark[away <= CLOSE_PX[1]].sum())
    return own / close if close else 0.0


def _freedom(rim: Rim, field: Field) -> float:
    """Part of the rim beyond which the slide is empty."""
    out = outward(rim.line)
    places = rim.line[:, None] + np.array(BEYOND_PX) * out[:, None]
    beyond = ndimage.map_coordinates(field.density, [places.imag, places.real], order=1, mode="nearest")
    limit = max(0.3 * level_above(rim.heights, 0.5), 4 * field.noise)
    return float((beyond.min(axis=1) < limit).mean())
