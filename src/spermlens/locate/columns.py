"""What can be told of many cells without a network, as columns to learn from.

SHAPE is the head's outline alone: turned, mirrored or larger, a head has the same values. ALL adds its
size, its acrosome, vacuoles and midpiece, and its stain. What cannot be told is NaN, never 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spermlens.locate import descriptors
from spermlens.locate.definitions import DEFINITIONS
from spermlens.locate.descriptors import STAINS, describe
from spermlens.locate.measure import measure
from spermlens.locate.segment import outline
from spermlens.types import Image

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
        shape = describe(found, image) if found.head.any() else {}
        told = {**measure(found, image).values, **{name: shape.get(name) for name in SHAPE}}
        rows.append([_told(name, told[name]) for name in ALL])
        reliable.append(found.reliable)
    values = np.array(rows, np.float64).reshape(len(rows), len(ALL))
    return Columns(names=ALL, values=values), np.array(reliable, bool)


def _told(name: str, value: float | None) -> float:
    """A mirrored cell must have the same columns, so of the midpiece's turn only the size counts."""
    if value is None:
        return float("nan")
    return abs(value) if name == "midpiece_angle_deg" else value
