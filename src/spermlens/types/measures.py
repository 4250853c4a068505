"""What was measured on one cell: where its axes lie, and a value for every column, or none."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from spermlens.types._demand import demand

FRONTS = ("midpiece", "tail", "acrosome", "narrower end")  # what tells the front, surest first


@dataclass(frozen=True, slots=True, kw_only=True)
class Axes:
    """The long axis of a head, pointing to its front, in pixels of its image.

    (0, 0) is the middle of the top left pixel, x runs to the right and y downwards. `length_px` is the
    extent along the axis and `width_px` the greatest extent across it.
    """

    x: float
    y: float
    ahead: tuple[float, float]  # unit vector (x, y) to the front, the end opposite to the midpiece
    length_px: float
    width_px: float
    front_from: str  # one of FRONTS

    def __post_init__(self) -> None:
        demand(
            abs(math.hypot(*self.ahead) - 1) < 1e-6, f"Axes need a direction of length 1, not {self.ahead}."
        )
        demand(self.front_from in FRONTS, f"A front is told by one of {FRONTS}, not by '{self.front_from}'.")
        demand(
            0 < self.length_px < math.inf and 0 < self.width_px < math.inf,
            f"Length and width of a head are positive, but are {self.length_px} and {self.width_px}.",
        )

    @property
    def front_known(self) -> bool:
        """False where the front is only taken to be the wider end."""
        return self.front_from != "narrower end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """Every column has a value or None: the part is not visible, or cannot be measured.

    The unit stands in the column's name; lengths and areas are in micrometres where the size of a pixel
    is known and in pixels elsewhere, never in both.
    """

    values: Mapping[str, float | None]
    axes: Axes | None  # None where no whole head is in the image
    um_per_pixel: float | None
    parts: tuple[str, ...]  # those that can be seen
    cut: tuple[str, ...] = ()  # those that the border of the image cuts
    reason: str = ""  # why the outline, and so all of this, should not be relied on

    def __post_init__(self) -> None:
        scale = self.um_per_pixel
        demand(scale is None or 0 < scale < 100, f"um per pixel must lie between 0 and 100, but is {scale}.")
        foreign = ("_px", "_px2") if scale is not None else ("_um", "_um2")
        mixed = [name for name in self.values if name.endswith(foreign)]
        demand(not mixed, f"Pixels and micrometres are never mixed, but here are {mixed}.")
        endless = [
            name for name, value in self.values.items() if value is not None and not math.isfinite(value)
        ]
        demand(not endless, f"A measure is a finite number or None, which these are not: {endless}.")
        demand(
            set(self.cut) <= set(self.parts), f"Cut parts {self.cut} must be among those seen {self.parts}."
        )
