"""What lies in and at a stained head: the paler acrosome, bright vacuoles, and the thread behind it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spermlens.locate._field import Field, Plane
from spermlens.locate.contour import box_of
from spermlens.locate.shape import Pixels
from spermlens.types import Mask

EDGE_PX = 1.5  # inside an outline the blur of the slide still lightens the stain
TWO_TONES = 0.65  # of the variance inside a head that two tones must explain
PALER = 0.2  # by which part of the nucleus the acrosome must be paler
ACROSOME_SHARES = (0.08, 0.85)  # of the head's area
AT_THE_END = 0.12  # of the head's length from the middle of the head to that of the acrosome

HOLLOW = 0.1  # of the stain around it that a vacuole lacks
HOLE_NOISES = 4.0
LEAST_HOLE_PX = 4
LARGEST_HOLE = 0.3  # of the head's area

THREAD_NOISES = 3.5
THREAD_PART = 0.1  # of the head's density
WIDEST_THREAD_PX = 4.0  # half width
SKIN_PX = 2.5  # around a head its blur and its fringe of colour are no thread
LEAST_REACH_PX = 8.0  # from the head
LEAST_THREAD_PX = 12
MIDPIECE = 1.0  # of the head's length: no stain shows where it ends


def acrosome_of(head: Mask, field: Field) -> Mask | None:
    """The paler end of a head; None where it has not two tones."""
    box = box_of(head)
    own, pixels = head[box], Pixels.of(head[box])
    depth = ndimage.distance_transform_edt(np.pad(own, 1))[1:-1, 1:-1]
    tone = ndimage.gaussian_filter(field.density[box], 1.0)
    inner = depth > min(EDGE_PX, 0.5 * float(depth.max()))
    level, explained, paler = _two_tones(tone[inner])
    if explained < TWO_TONES or paler < PALER:
        return None
    pale = _largest(inner & (tone < level))
    nearest = ndimage.distance_transform_edt(~inner, return_distances=False, return_indices=True)
    spread = ndimage.binary_fill_holes(pale)[tuple(nearest)] & own
    share = np.count_nonzero(spread) / np.count_nonzero(own)
    offset = float(pixels.along[spread[own]].mean()) if spread.any() else 0.0
    if not ACROSOME_SHARES[0] < share < ACROSOME_SHARES[1]:
        return None
    if abs(offset) < AT_THE_END * float(np.ptp(pixels.along)):
        return None
    mask = np.zeros_like(head)
    mask[box] = spread
    return mask


def vacuoles_of(head: Mask, field: Field) -> Mask:
    """Bright spots with darker stain all around them; empty where there are none."""
    from skimage.morphology import reconstruction

    box = box_of(head)
    tone = np.where(head[box], field.density[box], 0)
    walls = np.full_like(tone, tone.max())
    walls[[0, -1]], walls[:, [0, -1]] = tone[[0, -1]], tone[:, [0, -1]]
    level = reconstruction(walls, tone, method="erosion")
    spots = level - tone > np.maximum(HOLLOW * level, HOLE_NOISES * field.noise)
    numbers, count = ndimage.label(spots)
    sizes = np.bincount(numbers.ravel(), minlength=count + 1)
    fits = (sizes >= LEAST_HOLE_PX) & (sizes <= LARGEST_HOLE * np.count_nonzero(head))
    fits[0] = False
    mask = np.zeros_like(head)
    mask[box] = fits[numbers]
    return mask & head


def threads_of(head: Mask, differs: Plane, noise: float, front: complex) -> tuple[Mask, Mask] | None:
    """Midpiece and tail: the thin thing that leaves the head along its axis; None where there is none.

    `front` points from the middle of the head to its tip as far as it is known, else it is 0.
    """
    level = max(THREAD_NOISES * noise, THREAD_PART * float(np.median(differs[head])))
    away = ndimage.distance_transform_edt(~head)
    some = differs > level
    some &= ndimage.distance_transform_edt(some) <= WIDEST_THREAD_PX
    numbers, count = ndimage.label(some & (away > SKIN_PX), np.ones((3, 3)))
    chosen = _leaving(numbers, count, away, (Pixels.of(head), front))
    if not chosen:
        return None
    thread = numbers == chosen
    root = thread & (away <= SKIN_PX + 2)
    thread |= some & (away > 0) & (away <= SKIN_PX) & (ndimage.distance_transform_edt(~root) <= SKIN_PX + 0.5)
    reach = MIDPIECE * float(np.ptp(Pixels.of(head).along))
    pieces, _ = ndimage.label(thread & (away <= reach), np.ones((3, 3)))
    first = np.bincount(pieces[root])
    midpiece = pieces == first.argmax()
    return midpiece, thread & ~midpiece


def _leaving(numbers: NDArray[np.int32], count: int, away: Plane, axis: tuple[Pixels, complex]) -> int:
    """Number of the piece that leaves the head most along its axis and backwards; 0 for none."""
    pixels, front = axis
    roots = np.bincount(numbers[(away <= SKIN_PX + 2) & (numbers > 0)], minlength=count + 1)
    best, found = 0.0, 0
    for number in np.flatnonzero(roots):
        rows, columns = np.nonzero(numbers == number)
        far = float(away[rows, columns].max())
        if len(rows) < LEAST_THREAD_PX or far < LEAST_REACH_PX:
            continue
        near = away[rows, columns] <= SKIN_PX + 3
        start = complex(columns[near].mean(), rows[near].mean()) - pixels.middle
        start /= max(abs(start), 1e-6)
        along = (start * pixels.turn.conjugate()).real ** 2
        backwards = 1 - (start * front.conjugate()).real
        worth = along * backwards * min(far, 30.0)
        if worth > best:
            best, found = worth, int(number)
    return found


def _two_tones(values: Plane) -> tuple[float, float, float]:
    """Otsu's level, the part of the variance that it explains, and how much paler the paler tone is."""
    from skimage.filters import threshold_otsu

    if values.size < 20 or float(np.ptp(values)) < 1e-3:
        return 0.0, 0.0, 0.0
    level = float(threshold_otsu(values, nbins=64))
    pale, dark = values[values < level], values[values >= level]
    if not pale.size or not dark.size:
        return level, 0.0, 0.0
    within = pale.size * float(pale.var()) + dark.size * float(dark.var())
    explained = 1 - within / (values.size * float(values.var()))
    return level, explained, 1 - float(pale.mean()) / float(dark.mean())


def front_of(head: Mask, acrosome: Mask | None) -> complex:
    """From the middle of the head towards that of the acrosome, of length 1; 0 without one."""
    if acrosome is None:
        return 0j
    rows, columns = np.nonzero(acrosome)
    way = complex(columns.mean(), rows.mean()) - Pixels.of(head).middle
    return way / max(abs(way), 1e-6)


def _largest(mask: Mask) -> Mask:
    numbers, count = ndimage.label(mask)
    if count < 2:
        return mask
    return np.asarray(numbers == np.bincount(numbers.ravel())[1:].argmax() + 1)
