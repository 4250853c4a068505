"""Average drop and increase (Chattopadhyay et al. 2018, arXiv 1710.11063): is what the map shows enough?

The picture is seen through its map: as it is where the map is 1, replaced where it is 0. The paper
replaces by black; here it is the mean colour, which is less of a stranger.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spermlens.evaluate.reasons import Ask, Maps, Pictures
from spermlens.evaluate.reasons.replacing import Replace, mean_colour
from spermlens.types import Heat, Image, Vector


@dataclass(frozen=True, slots=True)
class Drops:
    """An entry a picture; their means are average drop and average increase."""

    drop: Vector  # the share of the target's probability that is lost, 0..1; nothing lost is 0. Low is good
    increased: NDArray[np.bool_]  # whether it rose. Often is good


def drops(
    ask: Ask, pictures: Pictures, maps: Maps, targets: Sequence[int], replace: Replace = mean_colour
) -> Drops:
    """What becomes of the target's probability when each picture is seen through its map, 0..1."""
    shown = [through(one, heat, replace) for one, heat in zip(pictures, maps, strict=True)]
    which = np.arange(len(pictures)), np.asarray(targets)
    whole, part = (np.asarray(ask(seen), np.float64)[which] for seen in (pictures, np.stack(shown)))
    lost = np.maximum(whole - part, 0) / np.maximum(whole, np.finfo(np.float64).tiny)
    return Drops(lost, part > whole)


def through(image: Image, heat: Heat, replace: Replace = mean_colour) -> Image:
    """The picture where the map is hot, its replacement where it is cold, mixed in between."""
    share = np.clip(heat, 0, 1)[..., None]
    return np.rint(share * image + (1 - share) * replace(image)).astype(np.uint8)
