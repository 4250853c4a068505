"""Pictures and maps as a view turns and mirrors them, as tensors.

Turns by right angles move whole pixels; others interpolate and reflect at the border.
"""

from __future__ import annotations

import torch
from torch import Tensor

from spermlens.predict.sides import Sides


def view(squares: Tensor, index: int, count: int, *, upright: bool = False) -> Tensor:
    """The batch (batch, channels, size, size) as seen in one view."""
    degrees, mirrored = Sides(count, upright).pose(index)
    turned = turn(squares, degrees)
    return turned.flip(3) if mirrored else turned


def undo(maps: Tensor, index: int, count: int, *, upright: bool = False) -> Tensor:
    """Maps (batch, channels, size, size) found in a view, laid back over the unturned picture."""
    degrees, mirrored = Sides(count, upright).pose(index)
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
