"""Order statistics of many small arrays: what NumPy's own take longer to prepare than to find."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def level_above(values: NDArray[Any], share: float) -> float:
    """The smallest of the values that at least `share` of them, 0..1, do not exceed; values is not empty."""
    last = values.size - 1
    place = min(last, max(0, -int(-share * values.size // 1) - 1))
    return float(np.partition(values, place, axis=None)[place])
