"""From how many sides a cell is looked at: a head has no upright, so its picture may be turned and mirrored.

View `index` of `count` is a turn by a share of the circle, mirrored for the odd ones. A head that is upright
already is turned by shares of a narrow fan instead, as far as its outline may be mistaken; a mirrored view of
it is turned the other way, so that a mirrored cell is answered alike. No torch.
"""

from __future__ import annotations

from dataclasses import dataclass

from spermlens.errors import ConfigError

COUNTS = (1, 2, 4, 8, 16, 32)
FAN_DEGREES = 40.0


def check(count: int) -> None:
    """Refuse a number of views that does not divide the circle."""
    if count not in COUNTS:
        raise ConfigError(f"views must be one of {', '.join(map(str, COUNTS))}, but is {count}.")


@dataclass(frozen=True, slots=True)
class Sides:
    """From how many sides a square is looked at, and whether the framing has aligned its head."""

    count: int = 1
    upright: bool = False  # views are then of another kind

    def __post_init__(self) -> None:
        check(self.count)

    def pose(self, index: int) -> tuple[float, bool]:
        """Degrees of its turn, counter-clockwise, and whether it is then mirrored; the first is neither."""
        if not 0 <= index < self.count:
            raise ValueError(
                f"A view is numbered from 0 to the count less one, but is {index} of {self.count}."
            )
        share, mirrored = index // 2 / max(1, self.count // 2), index % 2 == 1
        if not self.upright:
            return 360.0 * share, mirrored
        degrees = FAN_DEGREES * (share if share <= 0.5 else share - 1)
        return -degrees if mirrored else degrees, mirrored


ONE_SIDE = Sides()
