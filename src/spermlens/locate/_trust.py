"""How far an outline can be relied on: checks that a person would make, each with its reason."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import ndimage

from spermlens.locate._field import Field
from spermlens.locate._rim import Rim, outward
from spermlens.locate._unstained import Ring
from spermlens.locate.contour import touches_border
from spermlens.types import Mask

BEYOND_PX = (3.0, 4.0, 5.0)


class Check(NamedTuple):
    """A value that is worth nothing at `poor`, all at `good`, and half in between."""

    value: float
    poor: float
    good: float
    reason: str

    @property
    def worth(self) -> float:
        return float(np.clip((self.value - self.poor) / (self.good - self.poor), 0, 1))


def checks(head: Mask, rim: Rim, field: Field) -> list[Check]:
    return [
        Check(_clearance(head), 0.0, 2.0, "The head is cut by the border."),
        Check(_offset(head), 0.3, 0.14, "The object lies far from the middle."),
        Check(float(np.median(rim.heights)) / field.noise, 3.0, 9.0, "It hardly differs from the slide."),
        Check(float(rim.falls.mean()), 0.6, 0.9, "Its rim cannot be seen all around."),
        Check(_like_an_ellipse(head), 0.72, 0.86, "It is not shaped like one head."),
        Check(_freedom(rim, field), 0.55, 0.8, "Something touches it."),
        Check(np.count_nonzero(head) / head.size, 0.004, 0.012, "It is too small for a head."),
        Check(np.count_nonzero(head) / head.size, 0.4, 0.25, "It is too large for a head."),
    ]


def ring_checks(head: Mask, ring: Ring, field: Field) -> list[Check]:
    return [
        Check(_clearance(head), 0.0, 2.0, "The head is cut by the border."),
        Check(_offset(head), 0.3, 0.14, "The object lies far from the middle."),
        Check(ring.contrast / field.noise, 2.0, 5.0, "It hardly differs from the slide."),
        Check(ring.complete, 0.35, 0.7, "Its rim cannot be seen all around."),
        Check(ring.calm, 0.3, 0.6, "There is as much to see outside it as in it."),
    ]


def _clearance(head: Mask) -> float:
    return 0.0 if touches_border(head) else 9.0


def _offset(head: Mask) -> float:
    rows, columns = np.nonzero(head)
    height, width = head.shape
    away = np.hypot(rows.mean() - (height - 1) / 2, columns.mean() - (width - 1) / 2)
    return float(away) / min(height, width)


def _like_an_ellipse(head: Mask) -> float:
    """Overlap (Jaccard) of a mask with the ellipse that has its moments."""
    rows, columns = np.nonzero(head)
    off = np.stack([rows - rows.mean(), columns - columns.mean()])
    inverse = np.linalg.inv(np.cov(off) + np.eye(2) / 12)
    inside = int((np.einsum("ik,ij,jk->k", off, inverse, off) <= 4).sum())
    area = np.pi * 4 / np.sqrt(np.linalg.det(inverse))
    return float(inside / (len(rows) + area - inside))


def _freedom(rim: Rim, field: Field) -> float:
    """Part of the rim beyond which the slide is empty."""
    out = outward(rim.line)
    places = rim.line[:, None] + np.array(BEYOND_PX) * out[:, None]
    beyond = ndimage.map_coordinates(field.density, [places.imag, places.real], order=1, mode="nearest")
    limit = max(0.3 * float(np.median(rim.heights)), 4 * field.noise)
    return float((beyond.min(axis=1) < limit).mean())
