"""The arrays of the house, by what they mean."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]  # height x width x 3
Heat = NDArray[np.float32]  # height x width, 0..1
Mask = NDArray[np.bool_]  # height x width
Vector = NDArray[np.float64]
