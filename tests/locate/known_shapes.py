"""Shapes of which everything is known: digitised ellipses, and drawn cells with the form behind them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import ellipe

from spermlens.datasets._drawing.chance import Chance
from spermlens.datasets._drawing.shape import form_of
from spermlens.datasets.synthetic import Drawing, draw
from spermlens.types import Outline


@dataclass(frozen=True)
class Ellipse:
    """An ellipse and the pixels whose middles lie in it."""

    length: float
    width: float
    angle: float
    mask: np.ndarray

    @property
    def perimeter(self) -> float:
        return float(2 * self.length * ellipe(1 - (self.width / self.length) ** 2))

    @property
    def area(self) -> float:
        return math.pi * self.length * self.width / 4


def ellipse(length: float, width: float, angle: float, offset: tuple[float, float] = (0.0, 0.0)) -> Ellipse:
    side = int(length) + 12
    y, x = np.mgrid[:side, :side] - side / 2
    x, y = x - offset[0], y - offset[1]
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    return Ellipse(length, width, angle, (2 * along / length) ** 2 + (2 * across / width) ** 2 <= 1)


def random_ellipses(count: int, lengths: tuple[float, float], seed: int = 0) -> list[Ellipse]:
    """At any angle, every third along the grid or its diagonal; 1 to 2 times as long as wide."""
    random = np.random.default_rng(seed)
    found = []
    for number in range(count):
        angle = random.uniform(0, np.pi) if number % 3 else number % 4 * np.pi / 4
        length = random.uniform(*lengths)
        offset = tuple(random.uniform(-0.5, 0.5, 2))
        found.append(ellipse(length, length / random.uniform(1, 2), angle, offset))
    return found


def outline_of(drawing: Drawing) -> Outline:
    """The exact masks of a drawing."""
    masks = {part: mask for part, mask in drawing.masks.items() if part != "nucleus"}
    return Outline(masks=masks, reliability=1.0)


def head_only(mask: np.ndarray) -> Outline:
    return Outline(masks={"head": mask}, reliability=1.0)


def blank(mask: np.ndarray) -> np.ndarray:
    """A grey image as large as a mask."""
    return np.full((*mask.shape, 3), 200, np.uint8)


def drawn(index: int, shape: str, **options: object) -> tuple[Drawing, np.ndarray]:
    """A drawing with a head of this shape, and the true outline of the head in um as count x 2 (x, y)."""
    drawing = draw(index, labels={"head_shape": shape}, **options)  # type: ignore[arg-type]
    return drawing, form_of(shape, Chance(0, index)).outline_um()


def polygon(points: np.ndarray) -> dict[str, float]:
    """Area, perimeter, the ellipse of the same moments, and the extents along and across its axes."""
    z = points[:, 0] + 1j * points[:, 1]
    area, centre, _ = _moments(z)
    _, _, spread = _moments(z - centre)
    (short, long), axes = np.linalg.eigh(spread)
    seen = z * complex(axes[0, 1], -axes[1, 1])
    return {
        "area": area,
        "perimeter": float(np.abs(np.diff(np.append(z, z[0]))).sum()),
        "ellipse_length": 4 * math.sqrt(long),
        "ellipse_width": 4 * math.sqrt(short),
        "length": float(np.ptp(seen.real)),
        "width": float(np.ptp(seen.imag)),
    }


def _moments(z: np.ndarray) -> tuple[float, complex, np.ndarray]:
    """By Green's theorem over the edges: area, centre, and second moments about the origin."""
    ahead = np.roll(z, -1)
    x, y, p, q = z.real, z.imag, ahead.real, ahead.imag
    cross = x * q - p * y
    area = cross.sum() / 2
    centre = complex(((x + p) * cross).sum(), ((y + q) * cross).sum()) / (6 * area)
    xx, yy = ((x * x + x * p + p * p) * cross).sum(), ((y * y + y * q + q * q) * cross).sum()
    xy = ((x * q + 2 * x * y + 2 * p * q + p * y) * cross).sum() / 2
    return float(area), centre, np.array([[xx, xy], [xy, yy]]) / (12 * area)
