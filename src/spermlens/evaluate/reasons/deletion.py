"""Deletion and insertion (Petsiuk et al. 2018, RISE, arXiv 1806.07421): does the answer follow the map?

Pixels go, or come, in the order of the map, and the probability of the class is asked for again. What
counts is the area under that curve over the share of pixels, 0..1. RISE's replacements are kept: deletion
leaves one colour, insertion begins with a blurred picture.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from spermlens.evaluate.reasons import Ask, Maps, Pictures
from spermlens.evaluate.reasons.replacing import Replace, blurred, mean_colour
from spermlens.types import Image, Vector

STEPS = 32  # pictures asked for beyond the first


def deletion(
    ask: Ask, pictures: Pictures, maps: Maps, targets: Sequence[int], replace: Replace = mean_colour
) -> Vector:
    """The area under the probability of the target as the hottest pixels are replaced first. Low is good."""
    return _areas(ask, [(one, replace(one)) for one in pictures], maps, targets)


def insertion(
    ask: Ask, pictures: Pictures, maps: Maps, targets: Sequence[int], replace: Replace = blurred
) -> Vector:
    """The area under the probability of the target as the hottest pixels come back first. High is good."""
    return _areas(ask, [(replace(one), one) for one in pictures], maps, targets)


def ranks(heat: NDArray[np.floating]) -> NDArray[np.float64]:
    """Of each pixel its place in the order of the map, hottest first, over the number of pixels: 0..1.

    Pixels that are equally hot come in an order drawn by lot, the same each time: in the order of rows
    they would wipe the picture from above.
    """
    lot = np.random.default_rng(0).permutation(heat.size)
    order = np.lexsort((lot, -heat.ravel()))
    place = np.empty(heat.size)
    place[order] = np.arange(heat.size) / heat.size
    return place.reshape(heat.shape)


def _areas(ask: Ask, changes: Sequence[tuple[Image, Image]], maps: Maps, targets: Sequence[int]) -> Vector:
    found = []
    for (before, after), heat, target in zip(changes, maps, targets, strict=True):
        place = ranks(heat)[..., None]
        shares = np.linspace(0, 1, STEPS + 1)
        said = ask(np.stack([np.where(place < share, after, before) for share in shares]))
        found.append(np.trapezoid(np.asarray(said, np.float64)[:, target], shares))
    return np.array(found, np.float64)
