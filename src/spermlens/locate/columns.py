"""What can be told of many cells without a network, as columns to learn from.

SHAPE is the head's outline alone: turned, mirrored or larger, a head has the same values. ALL adds its
size, its acrosome, vacuoles and midpiece, and its stain. What cannot be told is NaN, never 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spermlens.locate import descriptors
from spermlens.locate.definitions import DEFINITIONS, POWERS
from spermlens.locate.descriptors import STAINS, describe
from spermlens.locate.measure import measure
from spermlens.locate.segment import outline
from spermlens.types import Image, Measures, Outline

Floats = NDArray[np.float64]

STAIN_KINDS = ("grey", "density")  # and the columns of STAINS and the hue

SHAPE = tuple(name for name in descriptors.NAMES if name not in STAINS)
_MEASURES = tuple(one.column(in_um=False) for one in DEFINITIONS)
_STAIN = {
    one.column(in_um=False) for one in DEFINITIONS if one.kind in STAIN_KINDS or one.name in (*STAINS, "hue")
}
ALL = (*SHAPE, *(name for name in _MEASURES if name not in SHAPE))
UNSTAINED = tuple(name for name in ALL if name not in _STAIN)  # no grey level, density or colour


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Columns:
    """n cells x columns; NaN where a value cannot be told."""

    names: tuple[str, ...]
    values: Floats

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or self.values.shape[1] != len(self.names):
            raise ValueError(f"{len(self.names)} columns are named, but the values are {self.values.shape}.")

    def only(self, names: Sequence[str]) -> Columns:
        where = [self.names.index(name) for name in names]
        return Columns(names=tuple(names), values=self.values[:, where])


def columns_of(images: Iterable[Image]) -> tuple[Columns, NDArray[np.bool_]]:
    """ALL of each image, and whether its outline can be relied on; where no head is found, a row of NaN."""
    rows, reliable = [], []
    for image in images:
        found = outline(image)
        rows.append(row_of(found, image, measure(found, image)))
        reliable.append(found.reliable)
    values = np.array(rows, np.float64).reshape(len(rows), len(ALL))
    return Columns(names=ALL, values=values), np.array(reliable, bool)


def row_of(
    outline: Outline, image: Image, measures: Measures, um_per_pixel: float | None = None
) -> list[float]:
    """A value for each of ALL from a cell that is outlined and measured already.

    Lengths are in pixels of the image; or in pixels of `um_per_pixel`, where the image's own are known too.
    """
    shape = describe(outline, image) if outline.head.any() else {}
    told = {**_in_pixels(measures, um_per_pixel), **{name: shape.get(name) for name in SHAPE}}
    return [_told(name, told[name]) for name in ALL]


def _in_pixels(measures: Measures, um_per_pixel: float | None) -> Mapping[str, float | None]:
    own = measures.um_per_pixel
    if own is None:
        return measures.values
    pixel, found = um_per_pixel or own, {}
    for one in DEFINITIONS:
        value = measures.values[one.column(in_um=True)]
        found[one.column(in_um=False)] = None if value is None else value / pixel ** POWERS.get(one.kind, 0)
    return found


def _told(name: str, value: float | None) -> float:
    """A mirrored cell must have the same columns, so of the midpiece's turn only the size counts."""
    if value is None:
        return float("nan")
    return abs(value) if name == "midpiece_angle_deg" else value
