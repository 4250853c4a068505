"""Stability: a cell has no right way up, so the map of a turned picture should be the map, turned."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spermlens.evaluate.reasons import Explain, Pictures
from spermlens.evaluate.reasons.likeness import likeness
from spermlens.types import Vector

Turn = tuple[int, bool]  # quarters counter-clockwise, and whether it is mirrored before
TURNS: tuple[Turn, ...] = tuple((quarter, mirrored) for mirrored in (False, True) for quarter in range(4))


def stability(explain: Explain, pictures: Pictures, turns: Sequence[Turn] = TURNS[1:]) -> Vector:
    """The mean likeness of a picture's map to those of its turns and mirrors, turned back; -1 to 1.

    All seven are asked for if nothing is said: the first of TURNS is the picture as it is.
    The class must stay the same in all: what `explain` asks is up to the caller. NaN where the map or all
    of the others are flat.
    """
    plain = explain(pictures)
    found = np.stack([likeness(plain, _turned_map(explain, pictures, *turn)) for turn in turns])
    known = np.isfinite(found)
    total, count = np.where(known, found, 0).sum(0), known.sum(0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _turned_map(explain: Explain, pictures: Pictures, quarter: int, mirrored: bool) -> np.ndarray:
    seen = pictures[:, :, ::-1] if mirrored else pictures
    maps = explain(np.ascontiguousarray(np.rot90(seen, quarter, (1, 2))))
    back = np.rot90(maps, -quarter, (1, 2))
    return back[:, :, ::-1] if mirrored else back
