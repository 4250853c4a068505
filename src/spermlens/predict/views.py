"""Looking at a cell from several sides: a head has no upright, so its picture may be turned and mirrored.

View `index` of `count` is a turn by a share of the circle, mirrored for the odd ones. Turns by right
angles move whole pixels; others interpolate and reflect at the border. A head that is upright already is
turned by shares of a narrow fan instead, as far as its outline may be mistaken; a mirrored view of it is
turned the other way, so that a mirrored cell is answered alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

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

    def view(self, squares: Tensor, index: int) -> Tensor:
        """The batch as seen in one view; in the first it is as it came."""
        return view(squares, index, self.count, upright=self.upright)


ONE_SIDE = Sides()


def view(squares: Tensor, index: int, count: int, *, upright: bool = False) -> Tensor:
    """The batch (batch, channels, size, size) as seen in one view."""
    degrees, mirrored = _pose(index, count, upright)
    turned = turn(squares, degrees)
    return turned.flip(3) if mirrored else turned


def undo(maps: Tensor, index: int, count: int, *, upright: bool = False) -> Tensor:
    """Maps (batch, channels, size, size) found in a view, laid back over the unturned picture."""
    degrees, mirrored = _pose(index, count, upright)
    return turn(maps.flip(3) if mirrored else maps, -degrees)


def turn(squares: Tensor, degrees: float) -> Tensor:
    """Turned counter-clockwise about the centre."""
    quarters = degrees / 90
    if quarters == int(quarters):
        return torch.rot90(squares, int(quarters), (2, 3))
    angle = torch.tensor(degrees, device=squares.device).deg2rad()
    cosine, sine = angle.cos(), angle.sin()
    matrix = torch.stack([cosine, -sine, cosine * 0, sine, cosine, cosine * 0]).view(1, 2, 3)
    shape = list(squares.shape)
    grid = torch.nn.functional.affine_grid(matrix.expand(len(squares), 2, 3), shape, align_corners=False)
    return torch.nn.functional.grid_sample(
        squares, grid.to(squares.dtype), padding_mode="reflection", align_corners=False
    )


def _pose(index: int, count: int, upright: bool) -> tuple[float, bool]:
    check(count)
    if not 0 <= index < count:
        raise ValueError(f"A view is numbered from 0 to the count less one, but is {index} of {count}.")
    share, mirrored = index // 2 / max(1, count // 2), index % 2 == 1
    if not upright:
        return 360.0 * share, mirrored
    degrees = FAN_DEGREES * (share if share <= 0.5 else share - 1)
    return -degrees if mirrored else degrees, mirrored
