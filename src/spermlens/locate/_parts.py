"""What lies in a stained head: the paler acrosome and bright vacuoles."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spermlens.locate._field import Field
from spermlens.locate._found import Found
from spermlens.locate._pixels import largest
from spermlens.types import Mask

Tones = NDArray[np.float32]

EDGE_PX = 1.5  # inside an outline the blur of the slide still lightens the stain
TWO_TONES = 0.65  # of the variance inside a head that two tones must explain
PALER = 0.2  # by which part of the nucleus the acrosome must be paler
ACROSOME_SHARES = (0.08, 0.85)  # of the head's area
AT_THE_END = 0.12  # of the head's length from the middle of the head to that of the acrosome

HOLLOW = 0.1  # of the stain around it that a vacuole lacks
HOLE_NOISES = 4.0
LEAST_HOLE_PX = 4
LARGEST_HOLE = 0.3  # of the head's area


def acrosome_of(head: Found, field: Field) -> Mask | None:
    """The paler end of a head; None where it has not two tones."""
    tone = ndimage.gaussian_filter(field.density[head.box], 1.0)
    inner = head.depth > min(EDGE_PX, 0.5 * float(head.depth.max()))
    level, explained, paler = _two_tones(tone[inner])
    if explained < TWO_TONES or paler < PALER:
        return None
    pale = ndimage.binary_fill_holes(largest(inner & (tone < level)))
    nearest = ndimage.distance_transform_edt(~inner, return_distances=False, return_indices=True)
    spread = pale[tuple(nearest)] & head.own
    share = np.count_nonzero(spread) / head.area
    if not ACROSOME_SHARES[0] < share < ACROSOME_SHARES[1]:
        return None
    if abs(head.pixels.along[spread[head.own]].mean()) < AT_THE_END * head.length:
        return None
    return head.in_image(spread)


def front_of(head: Found, acrosome: Mask | None) -> complex:
    """From the middle of the head towards that of the acrosome, of length 1; 0 without one."""
    if acrosome is None:
        return 0j
    rows, columns = np.nonzero(acrosome[head.box])
    way = complex(columns.mean(), rows.mean()) - head.pixels.middle
    return way / max(abs(way), 1e-6)


def vacuoles_of(head: Found, field: Field) -> Mask:
    """Bright spots with darker stain all around them; empty where there are none."""
    from skimage.morphology import reconstruction

    tone = np.where(head.own, field.density[head.box], 0)
    walls = np.full_like(tone, tone.max())
    walls[[0, -1]], walls[:, [0, -1]] = tone[[0, -1]], tone[:, [0, -1]]
    level = reconstruction(walls, tone, method="erosion")
    spots = level - tone > np.maximum(HOLLOW * level, HOLE_NOISES * field.noise)
    numbers, count = ndimage.label(spots)
    sizes = np.bincount(numbers.ravel(), minlength=count + 1)
    fits = (sizes >= LEAST_HOLE_PX) & (sizes <= LARGEST_HOLE * head.area)
    fits[0] = False
    return head.in_image(fits[numbers] & head.own)


def _two_tones(values: Tones) -> tuple[float, float, float]:
    """Otsu's level, the part of the variance that it explains, and how much paler the paler tone is."""
    ordered = np.sort(values.astype(np.float64))
    count, total = ordered.size, ordered.sum()
    if count < 20 or ordered[-1] - ordered[0] < 1e-3:
        return 0.0, 0.0, 0.0
    below = np.arange(1, count)
    pale = ordered.cumsum()[:-1] / below
    dark = (total - pale * below) / (count - below)
    between = (dark - pale) ** 2 * below * (count - below)
    best = int(between.argmax())
    explained = between[best] / (count**2 * ordered.var())
    return float(ordered[best + 1]), float(explained), float(1 - pale[best] / dark[best])
