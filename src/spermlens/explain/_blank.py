"""The picture without its cell: what a method compares with that asks what would be said otherwise.

Black is no absence under a bright field: it is a stain. So what stands for nothing is the colour of the slide
in the picture itself.
"""

from __future__ import annotations

import torch
from torch import Tensor


def blank(squares: Tensor) -> Tensor:
    """(batch, 3, 1, 1): the median colour along the border of each picture."""
    top, bottom = squares[:, :, 0, :], squares[:, :, -1, :]
    left, right = squares[:, :, 1:-1, 0], squares[:, :, 1:-1, -1]
    border = torch.cat([top, bottom, left, right], 2)
    return border.median(2).values[:, :, None, None]
