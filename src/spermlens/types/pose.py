"""Where a head lies in its image and which way it looks."""

from __future__ import annotations

import math
from dataclasses import dataclass

from spermlens.types._demand import demand


@dataclass(frozen=True, slots=True, kw_only=True)
class Pose:
    """The middle of a head and the way to its front, in pixels of its image.

    (0, 0) is the middle of the top left pixel, x runs to the right and y downwards.
    """

    x: float
    y: float
    ahead: tuple[float, float]  # unit vector (x, y) to the front

    def __post_init__(self) -> None:
        demand(
            math.isfinite(self.x) and math.isfinite(self.y), f"A pose has a place, not ({self.x}, {self.y})."
        )
        demand(
            abs(math.hypot(*self.ahead) - 1) < 1e-6, f"A pose has a direction of length 1, not {self.ahead}."
        )
