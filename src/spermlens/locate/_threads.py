"""The thread behind a head: the midpiece as far as no stain tells it from the tail, then the tail."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spermlens.locate._field import Field
from spermlens.locate._found import Found
from spermlens.locate._order import level_above
from spermlens.locate._pixels import Box, deep, eroded, grown
from spermlens.types import Mask

THREAD_NOISES = 3.5
THREAD_PART = 0.1  # of the head's density
WIDEST = 0.4  # of the head's width: what is wider is no thread
SKIN_PX = 2.5  # around a head its blur and its fringe of colour are no thread
ROOT_PX = SKIN_PX + 2
LEAST_REACH_PX = 8.0  # from the head
MOST_REACH_PX = 30.0  # a longer thread is no likelier to be the own one
LEAST_THREAD_PX = 12
MIDPIECE = 1.0  # of the head's length: no stain shows where it ends
SLANTED = math.sqrt(2) - 1  # of the steps of a way
TOUCHING = np.ones((3, 3), bool)

Numbers = NDArray[np.int32]


def threads_of(head: Found, field: Field, front: complex) -> dict[str, Mask]:
    """Midpiece and tail, as far as there are any: the thin thing that leaves the head along its axis.

    Threads are darker than the slide; a bright halo around an unstained head is none.
    `front` points from the middle of the head to its tip as far as it is known, else it is 0.
    """
    level = max(THREAD_NOISES * field.noise, THREAD_PART * level_above(field.density[head.mask], 0.5))
    some = field.density > level
    near = grown(head.box, round(ROOT_PX) + 1, some.shape)
    away = deep(~head.mask[near])
    free = some.copy()
    free[near] &= away > SKIN_PX
    numbers, _ = ndimage.label(_thin(free, max(3, round(WIDEST * float(head.depth.max())))), TOUCHING)
    chosen = _leaving(numbers, near, away, (head, front))
    if not chosen:
        return {}
    thread = numbers == chosen
    root = thread[near] & (away <= ROOT_PX)
    thread[near] |= some[near] & (away > 0) & (away <= SKIN_PX) & (deep(~root) <= SKIN_PX + 0.5)
    midpiece = _first(thread, near, away, MIDPIECE * head.length)
    parts = {"midpiece": midpiece, "tail": thread & ~midpiece}
    return {part: mask for part, mask in parts.items() if mask.any()}


def _thin(mask: Mask, half: int) -> Mask:
    """A mask without its pieces that are wider than twice the half and a pixel, and without their seams."""
    around = half + 1
    clear = np.pad(~eroded(mask, 2 * half + 1), around, constant_values=True)
    return mask & eroded(clear, 2 * around + 1)[around:-around, around:-around]


def _leaving(numbers: Numbers, near: Box, away: NDArray[np.float32], axis: tuple[Found, complex]) -> int:
    """Number of the piece that leaves the head most along its axis and backwards; 0 for none."""
    head, front = axis
    rooted = np.where(away <= ROOT_PX + 1, numbers[near], 0)
    best, found = 0.0, 0
    for number in np.unique(rooted[away <= ROOT_PX])[1:]:
        places = _places(numbers == number) - head.middle
        far = float(head.beyond(places).max())
        if places.size < LEAST_THREAD_PX or far < LEAST_REACH_PX:
            continue
        start = _places(rooted == number).mean() + complex(near[1].start, near[0].start) - head.middle
        start /= max(abs(start), 1e-6)
        along = (start * head.pixels.turn.conjugate()).real ** 2
        backwards = 1 - (start * front.conjugate()).real
        worth = along * backwards * min(far, MOST_REACH_PX)
        if worth > best:
            best, found = worth, int(number)
    return found


def _first(thread: Mask, near: Box, away: NDArray[np.float32], reach: float) -> Mask:
    """What lies within a way along the thread from where it touches the head.

    Steps to all eight neighbours and steps to four, as many of each as go about as far in every direction.
    """
    window = grown(near, round(reach), thread.shape)
    reached = np.zeros_like(thread)
    reached[near] = thread[near] & (away <= max(1.5, float(away[thread[near]].min())))
    free, grew = thread[window], reached[window]
    slanted = round(SLANTED * reach)
    for around, steps in ((TOUCHING, slanted), (None, round(reach) - slanted)):
        if steps:
            grew = ndimage.binary_dilation(grew, around, iterations=steps, mask=free)
    reached[window] = grew
    return reached


def _places(mask: Mask) -> NDArray[np.complex128]:
    rows, columns = np.nonzero(mask)
    return columns + 1j * rows
