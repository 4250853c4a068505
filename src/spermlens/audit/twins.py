"""One cell photographed twice: in other focus, another white balance, or a little beside, but upright.

A cell taken again looks different, and cells of one shape look alike. What tells is what lies around: debris,
other cells and tails come back at the same places with the same cell, and with no other. So of each image
the middle is kept at half its size, a blur is taken away, and what lies around the head must correlate. The
head must lie over the head at the same shift, and all together correlate, too: a dark edge that runs the same
way is not enough. Nor is the cell's own tail, which on a clean slide is all there is: it leaves in one
direction, so what lies in the others must still correlate when any one is left out.

Which pairs are held over each other so is chosen by a coarse copy of the surroundings: of each image the
three among the later ones that are most like it at any shift.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spermlens.audit.copies import Pair
from spermlens.types import Image

Middle = NDArray[np.float32]  # height x width, at most 80 x 80, grey
Stack = NDArray[np.float32]  # n x height x width

SIDE = 80  # of the middle, which is 160 px of most images
LARGE = 320  # px; where the shorter side has as many, an image is halved once more, and so on
HEAD = 20.0  # radius that is left out around the middle
LEAST = 1000  # pixels of the surroundings that must lie over each other, of some 5000
SHIFT = 8  # at most, down and across
SAME = 2  # by as many pixels the shift of the surroundings and that of the whole may differ
FINE, COARSE = (0.7, 3.5), (1.5, 6.0)  # standard deviations of the blurs between which detail is kept
CLIP = {FINE: 4.0, COARSE: 3.0}  # in standard deviations: no single dark edge decides alone
BIN, NEAREST = 4, 3  # of the coarse copy: pixels in one; how many of the later images are looked at
WORTH = 0.5  # a correlation of the surroundings below is not looked into, coarse or fine
SECTORS, TAIL = 24, 4  # directions of 15 degrees; how many side by side are left out at once, 60 degrees
# Chosen by eye, around and whole on SMIDS (experiments/results/smids-twins.csv): all of 56 pairs above both
# showed one cell, of which 54 are above all three. Of 80 pairs there that are near copies by their finest
# detail, which had no say in this, 77 are. Elsewhere was chosen with MHSMA, clean slides: 343 pairs are above
# the first two, nearly all by their tails; 5 are above all three, and they look like one cell each.
AROUND, WHOLE, ELSEWHERE = 0.7, 0.8, 0.45
BESIDE = "moved a little"  # how the second lies on the first
_BLOCK = 256  # images compared with all later ones at a time


@dataclass(frozen=True, slots=True)
class Likeness:
    """Two places in a list of images, the earlier first, and how alike the images are there."""

    first: int
    second: int
    around: float  # correlation of the surroundings at their best shift
    whole: float  # of the whole middle at its own
    apart: int  # pixels of the middle by which these shifts differ
    elsewhere: float  # as around, at the same shift, without the direction that says most for one cell

    @property
    def agrees(self) -> bool:
        """Whether head and surroundings lie over the other's at one shift."""
        return self.apart <= SAME

    @property
    def one_cell(self) -> bool:
        """Whether all that must be alike is."""
        alike = self.around >= AROUND and self.whole >= WHOLE and self.elsewhere >= ELSEWHERE
        return alike and self.agrees


def middle(image: Image) -> Middle:
    """The middle of an image at half its size, of large ones at a quarter, and so on."""
    from PIL import Image as Pillow

    from spermlens.audit.look import grey_of

    factor = 2
    while min(image.shape[:2]) * 2 >= LARGE * factor:
        factor *= 2
    small = np.asarray(Pillow.fromarray(grey_of(image)).reduce(factor), np.float32)
    top, left = (max(0, (length - SIDE) // 2) for length in small.shape)
    return small[top : top + SIDE, left : left + SIDE].copy()


def find_twins(digests: Sequence[str], middles: Sequence[Middle], known: Sequence[Pair]) -> list[Pair]:
    """Pairs of one cell that are not among the known ones; identical pixels are told once."""
    alone = sorted({digest: place for place, digest in reversed(list(enumerate(digests)))}.values())
    there = {(pair.first, pair.second) for pair in known}
    found = []
    for one in likenesses([middles[place] for place in alone]):
        pair = alone[one.first], alone[one.second]
        if one.one_cell and pair not in there:
            found.append(Pair(*pair, False, min(one.around, 1.0), BESIDE))
    return found


def likenesses(middles: Sequence[Middle]) -> Iterator[Likeness]:
    """What fine detail says of the pairs whose surroundings are worth a look, in order."""
    for first, second in _worth_a_look(middles):
        around, beside = _best(middles[first], middles[second], ring=True)
        if around >= WORTH:
            whole, at = _best(middles[first], middles[second], ring=False)
            apart = max(abs(a - b) for a, b in zip(beside, at, strict=True))
            elsewhere = _elsewhere(middles[first], middles[second], beside)
            yield Likeness(first, second, around, whole, apart, elsewhere)


def _worth_a_look(middles: Sequence[Middle]) -> list[tuple[int, int]]:
    if len(middles) < 2:
        return []
    drawn = [_binned(*_detail(one, COARSE, ring=True)) for one in middles]
    detail, seen = (np.stack(part) for part in zip(*drawn, strict=True))
    found = []
    for start in range(0, len(middles), _BLOCK):
        alike = _coarse(detail[start:], seen[start:], min(_BLOCK, len(middles) - start))
        alike[np.tril_indices(len(alike), 0, alike.shape[1])] = -1  # itself, and what was its first before
        best = np.argsort(-alike, axis=1, kind="stable")[:, :NEAREST]
        rows, columns = np.nonzero(np.take_along_axis(alike, best, 1) > WORTH)
        found += [(start + int(row), start + int(best[row, k])) for row, k in zip(rows, columns, strict=True)]
    return sorted(found)


def _coarse(detail: Stack, seen: Stack, count: int) -> NDArray[np.float32]:
    """count x n: the highest correlation of each of the first `count` with each image, at any shift."""
    best = np.full((count, len(detail)), -1, np.float32)
    here, mask = (part[:count].reshape(count, -1) for part in (detail, seen))
    reach = SHIFT // BIN
    for down in range(-reach, reach + 1):
        for across in range(-reach, reach + 1):
            there, visible = (_moved(part, down, across).reshape(len(part), -1) for part in (detail, seen))
            power = (here**2 @ visible.T) * (mask @ (there**2).T)
            np.maximum(best, here @ there.T / np.sqrt(np.maximum(power, 1)), out=best)
    return best


def _moved(stack: Stack, down: int, across: int) -> Stack:
    """Every picture moved, with nothing where nothing was."""
    moved, (height, width) = np.zeros_like(stack), stack.shape[1:]
    to = slice(max(0, down), height + min(0, down)), slice(max(0, across), width + min(0, across))
    of = slice(max(0, -down), height + min(0, -down)), slice(max(0, -across), width + min(0, -across))
    moved[:, to[0], to[1]] = stack[:, of[0], of[1]]
    return moved


def _detail(one: Middle, blurs: tuple[float, float], *, ring: bool) -> tuple[Middle, Middle]:
    """80 x 80: what lies between two blurs, in standard deviations; and 1 where there is a picture.

    ring: without the head in the middle.
    """
    from scipy.ndimage import gaussian_filter

    detail, seen = np.zeros((2, SIDE, SIDE), np.float32)
    top, left = ((SIDE - length) // 2 for length in one.shape)
    place = slice(top, top + one.shape[0]), slice(left, left + one.shape[1])
    detail[place] = gaussian_filter(one, blurs[0]) - gaussian_filter(one, blurs[1])
    seen[place] = 1
    away = np.arange(SIDE) - SIDE / 2 + 0.5
    outside = (away[:, None] ** 2 + away**2 > HEAD**2) * seen
    # a tenth of a grey level is rounding, no picture
    spread = max(0.1, float(np.sqrt((detail**2 * outside).sum() / max(1.0, float(outside.sum())))))
    seen = np.asarray(outside if ring else seen, np.float32)
    return np.clip(detail / spread, -CLIP[blurs], CLIP[blurs]) * seen, seen


def _binned(detail: Middle, seen: Middle) -> tuple[Middle, Middle]:
    """20 x 20 means, in standard deviations of the means; and 1 where something was seen."""
    shape = (SIDE // BIN, BIN, SIDE // BIN, BIN)
    small, share = (part.reshape(shape).mean((1, 3)) for part in (detail, seen))
    return small, np.asarray(share > 0, np.float32)


def _best(first: Middle, second: Middle, *, ring: bool) -> tuple[float, tuple[int, int]]:
    """The highest correlation of the fine detail within reach, and at which shift (down, across)."""
    from scipy.fft import irfft2, rfft2

    room = (SIDE + 2 * SHIFT,) * 2
    spectra = []
    for one in (first, second):
        detail, seen = _detail(one, FINE, ring=ring)
        spectra.append(rfft2(np.stack([detail, detail**2, seen]), s=room))
    (a, aa, am), (b, bb, bm) = spectra[0], spectra[1].conj()
    products = np.stack([a * b, a * bm, am * b, aa * bm, am * bb, am * bm])
    reach = np.arange(-SHIFT, SHIFT + 1)
    alike = _correlation(*irfft2(products, s=room)[:, reach[:, None], reach])
    down, across = divmod(int(alike.argmax()), len(reach))
    return float(alike[down, across]), (down - SHIFT, across - SHIFT)


def _elsewhere(first: Middle, second: Middle, shift: tuple[int, int]) -> float:
    """The lowest correlation of the fine detail around, at this shift, when a tail's width is left out."""
    a, am = _detail(first, FINE, ring=True)
    b, bm = _moved(np.stack(_detail(second, FINE, ring=True)), *shift)
    away = np.arange(SIDE) - SIDE / 2 + 0.5
    turn = np.arctan2(away[:, None], away) / (2 * np.pi) + 0.5
    sector = (turn * SECTORS).astype(int).ravel() % SECTORS
    products = (a * b, a * bm, am * b, a**2 * bm, am * b**2, am * bm)
    sums = np.stack([np.bincount(sector, product.ravel(), SECTORS) for product in products])
    left_out = sum(np.roll(sums, step, axis=1) for step in range(TAIL))
    return float(_correlation(*(sums.sum(1, keepdims=True) - left_out)).min())


def _correlation(*sums: NDArray[np.floating]) -> NDArray[np.floating]:
    """From the sums of products, values and squares, and of pixels; -1 where too few lie over each other."""
    both, of_a, of_b, power_a, power_b, shared = sums
    count = np.maximum(shared, 1)
    power = (power_a - of_a**2 / count).clip(1e-3) * (power_b - of_b**2 / count).clip(1e-3)
    return np.where(shared >= LEAST, (both - of_a * of_b / count) / np.sqrt(power), -1)
