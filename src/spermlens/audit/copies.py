"""Images that are there twice: the same pixels, or nearly the same, also mirrored or turned by quarters.

An image becomes a grey 64 x 64 thumbnail. The signs of the 16 x 16 lowest frequencies of its cosine transform
are its hash (256 bits, the constant left out); mirroring an image only changes signs and turning it swaps the
axes, so the hashes of all eight positions come from one transform. Pairs whose hashes are near are compared
by the correlation of their thumbnails' fine detail, that is without what a blur of 2 pixels leaves: heads of
one shape lie over each other in the coarse, but only pictures of one and the same head do in the fine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spermlens.types import Image

Thumbnail = NDArray[np.float32]  # 64 x 64, grey
Hashes = NDArray[np.uint64]  # ... x 4

SIDE, LOWEST = 64, 16
DETAIL = 2.0  # standard deviation, in thumbnail pixels, of the blur that is taken away
# Of 255 bits. Among all pairs above NEAR in HuSHeM, SMIDS and MHSMA, found without hashes, none has over 41.
FARTHEST = 64
# In these sets no two heads look alike, mirrored or turned, beyond 0.868, so what is above and upright is no
# chance. In HuSHeM pictures of one head have 0.87 and more, different heads at most 0.78.
NEAR = 0.87
POSITIONS = (
    "as it is",
    "mirrored left to right",
    "mirrored top to bottom",
    "turned by 180 degrees",
    "mirrored on the diagonal",
    "turned by 90 degrees clockwise",
    "turned by 90 degrees anticlockwise",
    "mirrored on the other diagonal",
)
_BLOCK = 256  # images compared with all others at a time


@dataclass(frozen=True, slots=True)
class Pair:
    """Two places in a list of images, the earlier first."""

    first: int
    second: int
    exact: bool
    correlation: float  # of the fine detail; 1 for the same pixels
    position: str  # how the second lies on the first


def thumbnail(image: Image) -> Thumbnail:
    """64 x 64, stretched, every pixel the mean of what it covers."""
    from PIL import Image as Pillow

    from spermlens.audit.look import grey_of

    small = Pillow.fromarray(grey_of(image)).resize((SIDE, SIDE), Pillow.Resampling.BOX)
    return np.asarray(small, np.float32)


def find_pairs(digests: Sequence[str], thumbnails: Sequence[Thumbnail]) -> list[Pair]:
    """Each image with the first of the same pixels, and the nearly identical among the different ones."""
    first: dict[str, int] = {}
    exact = []
    for place, digest in enumerate(digests):
        if digest in first:
            exact.append(Pair(first[digest], place, True, 1.0, POSITIONS[0]))
        else:
            first[digest] = place
    alone = np.array(list(first.values()), np.int64)
    return exact + _near(alone, thumbnails)


def families(count: int, pairs: Sequence[Pair]) -> NDArray[np.int64]:
    """The number of each image's family: all that hang together by pairs."""
    return components(count, [(pair.first, pair.second) for pair in pairs])


def components(count: int, links: Sequence[tuple[int, int]]) -> NDArray[np.int64]:
    """The number of the connected part that each of `count` places belongs to."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    ends = np.array(links, np.int64).reshape(-1, 2).T
    graph = coo_array((np.ones(len(links)), (ends[0], ends[1])), shape=(count, count))
    return np.asarray(connected_components(graph, directed=False)[1], np.int64)


def contradicting(labels: Sequence[Mapping[str, int | None]]) -> tuple[str, ...]:
    """The tasks to which images that are copies of each other are given different answers."""
    tasks = dict.fromkeys(task for answers in labels for task in answers)
    return tuple(task for task in tasks if len({a[task] for a in labels if a.get(task) is not None}) > 1)


def _near(places: NDArray[np.int64], thumbnails: Sequence[Thumbnail]) -> list[Pair]:
    if len(places) < 2:
        return []
    stack = np.stack([thumbnails[place] for place in places])
    fine, flat = _fine_detail(stack)
    best: dict[tuple[int, int], tuple[float, int]] = {}
    for position, rows, columns in _candidates(_hashes(stack)):
        moved = _POSITION[position](fine)
        for part in range(0, len(rows), 4096):
            a, b = rows[part : part + 4096], columns[part : part + 4096]
            values = np.einsum("nij,nij->n", fine[a], moved[b])
            for k in np.flatnonzero((values >= NEAR) & ~flat[a] & ~flat[b]):
                pair = int(a[k]), int(b[k])
                best[pair] = max(best.get(pair, (-1.0, 0)), (float(values[k]), -position))
    return [
        Pair(int(places[a]), int(places[b]), False, min(value, 1.0), POSITIONS[-position])
        for (a, b), (value, position) in sorted(best.items())
    ]


def _candidates(hashes: Hashes) -> Iterator[tuple[int, NDArray[np.int64], NDArray[np.int64]]]:
    """Position, and the places of the pairs whose hashes are near when the second is moved to it."""
    plain = np.ascontiguousarray(hashes[:, 0])
    for position in range(len(POSITIONS)):
        moved = np.ascontiguousarray(hashes[:, position])
        for start in range(0, len(plain), _BLOCK):
            apart = sum(
                np.bitwise_count(
                    plain[start : start + _BLOCK, None, word] ^ moved[None, start:, word]
                ).astype(np.uint16)
                for word in range(plain.shape[1])
            )
            rows, columns = np.nonzero(np.asarray(apart) <= FARTHEST)
            later = columns > rows
            yield position, rows[later] + start, columns[later] + start


def _fine_detail(stack: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Thumbnails without their coarse part, mean 0 and length 1; and which have next to no detail."""
    from scipy.ndimage import gaussian_filter

    fine = stack - gaussian_filter(stack, (0, DETAIL, DETAIL))
    fine -= fine.mean((1, 2), keepdims=True)
    length = np.sqrt((fine**2).sum((1, 2), keepdims=True))
    flat = length[:, 0, 0] < 0.1 * SIDE  # a tenth of a grey level a pixel: rounding, no picture
    return fine / np.maximum(length, 1e-6), flat


def _hashes(stack: NDArray[np.float32]) -> Hashes:
    """n x 8 positions x 4 words."""
    from scipy.fft import dctn

    low = dctn(stack, axes=(1, 2), norm="ortho")[:, :LOWEST, :LOWEST].copy()
    low[:, 0, 0] = 0
    sign = (-1.0) ** np.arange(LOWEST)
    down, across = sign[:, None], sign[None, :]
    turned = low.transpose(0, 2, 1)
    moved = [part * f for part in (low, turned) for f in (1.0, across, down, down * across)]
    bits = np.packbits(np.stack(moved, 1) > 0, axis=-1).reshape(len(stack), len(POSITIONS), -1)
    return np.ascontiguousarray(bits).view(np.uint64)


_Move = Callable[[NDArray[np.float32]], NDArray[np.float32]]
_POSITION: tuple[_Move, ...] = (  # in the order of POSITIONS and of the hashes
    lambda x: x,
    lambda x: x[:, :, ::-1],
    lambda x: x[:, ::-1],
    lambda x: x[:, ::-1, ::-1],
    lambda x: x.transpose(0, 2, 1),
    lambda x: x.transpose(0, 2, 1)[:, :, ::-1],
    lambda x: x.transpose(0, 2, 1)[:, ::-1],
    lambda x: x.transpose(0, 2, 1)[:, ::-1, ::-1],
)
