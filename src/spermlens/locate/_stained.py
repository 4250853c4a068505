"""The head of a stained cell: the thick dark thing near the middle, without what is thin or touches it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spermlens.locate._field import Field, Plane
from spermlens.locate._order import level_above
from spermlens.locate._pixels import deep, eroded, grown
from spermlens.locate.contour import box_of
from spermlens.types import Mask

Place = tuple[int, int]  # row, column

NEAR = 0.25  # of the shorter side: a head that far from the middle counts a third
FULL_DENSITY = 0.45  # darker than that is no better sign of a head
LEVEL = 0.16  # of the head's density: half of the palest acrosome
LEAST_NOISES = 4.0
SMALL_HOLE = 0.12  # of the area around it: a vacuole; more is slide between threads
ONE_HEAD = 0.92  # two lobes are one head when the waist between them is that part of the smaller one
NUCLEUS = 0.7  # of the density that a tenth of the piece exceeds
THIN_NUCLEUS = 0.6  # of the thickest one: what is thinner is a spot
THICK = 0.65  # of the half width: what is thinner is no head unless as dark as one
AS_DARK = 0.7  # of the head's dark part
THREAD_PX = 2.2  # half the width of the thickest tail
THICKER_PX = 5  # than a thread
MARGIN_PX = 8  # around what is thick: no drawn-out end is thin for longer


def stained_head(field: Field) -> Mask:
    """A rough mask of the head near the middle; empty where nothing is thick and dark."""
    seed, peak = _seed(field)
    level = max(LEAST_NOISES * field.noise, LEVEL * min(peak, FULL_DENSITY))
    mask = np.zeros(field.shape, bool)
    numbers, _ = ndimage.label(field.density > level)
    if not numbers[seed]:
        return mask
    box = _thick_box(numbers == numbers[seed])
    numbers, _ = ndimage.label(np.pad(numbers[box] == numbers[seed], 1))
    density, place = np.pad(field.density[box], 1), (seed[0] - box[0].start + 1, seed[1] - box[1].start + 1)
    mask[box] = _one_head(_without_small_holes(numbers == numbers[place]), density, place)[1:-1, 1:-1]
    return mask


def _one_head(piece: Mask, density: Plane, place: Place) -> Mask:
    depth = deep(piece)
    lobe = _one_nucleus(_lobe(piece, depth, place), depth, density, place)
    return _without_threads(lobe, depth if lobe is piece else deep(lobe), density)


def _seed(field: Field) -> tuple[Place, float]:
    """The likeliest place of a head, and its density."""
    thick = ndimage.uniform_filter(field.density, 5)
    reach = NEAR * min(field.shape)
    y, x = (np.exp(-(((np.arange(side) - (side - 1) / 2) / reach) ** 2)) for side in field.shape)
    likely = np.minimum(thick, FULL_DENSITY) * np.outer(y, x)
    row, column = np.unravel_index(int(likely.argmax()), likely.shape)
    return (int(row), int(column)), float(thick[row, column])


def _thick_box(piece: Mask) -> tuple[slice, slice]:
    """The box of what is thicker than a thread, with a margin; of all where nothing is."""
    thick = eroded(piece, THICKER_PX)
    return grown(box_of(thick if thick.any() else piece), MARGIN_PX, piece.shape)


def _without_small_holes(piece: Mask) -> Mask:
    holes, count = ndimage.label(~np.pad(piece, 1))
    if count < 2:
        return piece
    small = np.bincount(holes.ravel()) < SMALL_HOLE * np.count_nonzero(piece)
    small[[0, holes[0, 0]]] = False
    whole: Mask = piece | small[holes[1:-1, 1:-1]]
    return whole


def _lobe(piece: Mask, depth: Plane, seed: Place) -> Mask:
    """The part of a piece that is one head: split where it narrows between two thick lobes."""
    from skimage.segmentation import watershed

    depth = ndimage.gaussian_filter(depth, 0.7)
    summits = (depth == ndimage.maximum_filter(depth, 7)) & (depth > THREAD_PX)
    markers, count = ndimage.label(summits, np.ones((3, 3)))
    if count < 2:
        return piece
    basins = watershed(-depth, markers, mask=piece)
    own = {int(basins[_nearest(basins > 0, seed)])}
    waists, tops = _waists(basins, depth, count), ndimage.maximum(depth, basins, np.arange(count + 1))
    joined = waists >= ONE_HEAD * np.minimum(tops[:, None], tops[None, :])
    joined[0] = joined[:, 0] = False
    while more := {int(k) for o in own for k in np.flatnonzero(joined[o])} - own:
        own |= more
    lobe: Mask = np.isin(basins, list(own))
    return lobe


def _one_nucleus(piece: Mask, depth: Plane, density: Plane, seed: Place) -> Mask:
    """The part of a piece around the nearest of its nuclei, where it has more than one."""
    from skimage.segmentation import watershed

    nuclei, count = ndimage.label(piece & (density > NUCLEUS * level_above(density[piece], 0.9)))
    if count < 2:
        return piece
    tops = ndimage.maximum(deep(nuclei > 0), nuclei, np.arange(count + 1))
    thick = tops >= THIN_NUCLEUS * tops[1:].max(initial=THREAD_PX)
    thick[0] = False
    if thick.sum() < 2:
        return piece
    basins = watershed(-depth, np.where(thick[nuclei], nuclei, 0), mask=piece)
    return np.asarray(basins == basins[_nearest(basins > 0, seed)])


def _waists(basins: NDArray[np.int32], depth: Plane, count: int) -> Plane:
    """How deep the border between every two lobes is at its deepest; 0 where they do not touch."""
    waists = np.zeros((count + 1, count + 1), np.float32)
    for ahead, behind in ((np.s_[1:], np.s_[:-1]), (np.s_[:, 1:], np.s_[:, :-1])):
        one, other = basins[ahead], basins[behind]
        border = one != other
        shallow = np.minimum(depth[ahead], depth[behind])[border]
        np.maximum.at(waists, (one[border], other[border]), shallow)
    return np.maximum(waists, waists.T)


def _without_threads(piece: Mask, depth: Plane, density: Plane) -> Mask:
    """Opened by a disc in proportion to the head; a drawn-out end stays while it is as dark as the head."""
    summit = np.unravel_index(int(depth.argmax()), depth.shape)
    deepest = float(depth[summit])
    cut = max(THREAD_PX, THICK * deepest)
    core = _piece_at(depth > min(cut, 0.8 * deepest), summit)
    dark = density > AS_DARK * level_above(density[core], 0.75)
    necks = _piece_at((depth > THREAD_PX) & dark | core, summit)
    kept = deep(~core) <= cut + 0.7
    kept |= deep(~necks) <= THREAD_PX + 0.7
    return kept & piece


def _piece_at(mask: Mask, place: tuple[np.intp, ...]) -> Mask:
    numbers, _ = ndimage.label(mask)
    own: Mask = numbers == numbers[place]
    return own


def _nearest(mask: Mask, place: Place) -> Place:
    if mask[place]:
        return place
    rows, columns = np.nonzero(mask)
    best = int(np.hypot(rows - place[0], columns - place[1]).argmin())
    return int(rows[best]), int(columns[best])
