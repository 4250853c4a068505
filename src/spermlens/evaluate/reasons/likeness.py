"""How alike two maps of one picture are.

Between a network and one that learned nothing, or learned shuffled labels, or was told another class, a map
that explains should differ. Between a picture and its mirror image it should not.
"""

from __future__ import annotations

import numpy as np

from spermlens.evaluate.class_similarity import class_similarity
from spermlens.evaluate.reasons import Maps
from spermlens.types import Vector


def likeness(first: Maps, second: Maps) -> Vector:
    """The correlation (Pearson) of both maps of each picture, -1 to 1; NaN where one of them is flat."""
    return class_similarity(np.stack((first, second), 1))
