"""Dyes and light: each dye takes its share of each colour, and shares multiply (Beer and Lambert)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from spermlens.datasets._drawing.canvas import Patch, Plane, Planes, Shape
from spermlens.datasets._drawing.look import Look, take

Colour = NDArray[np.float32]  # 3 x 1 x 1: red, green, blue

# Each row: the empty slide in grey levels, then optical densities of nucleus, acrosome and thread.
_SMEARS = np.array(
    [
        [[247, 166, 199], [1.15, 1.75, 1.00], [0.36, 0.74, 0.40], [0.40, 0.60, 0.36]],  # rose
        [[228, 158, 168], [1.05, 1.05, 0.78], [0.24, 0.60, 0.28], [0.42, 0.44, 0.30]],  # salmon
        [[205, 197, 187], [1.20, 1.90, 0.32], [0.42, 0.72, 0.10], [0.42, 0.44, 0.18]],  # grey, violet dye
        [[238, 236, 238], [0.98, 1.38, 0.52], [0.20, 0.36, 0.14], [0.40, 0.44, 0.26]],  # white, lilac dye
        [[212, 224, 234], [1.70, 1.15, 0.55], [0.55, 0.34, 0.14], [0.50, 0.36, 0.20]],  # pale blue, toluidine
        [[226, 178, 208], [1.00, 1.35, 0.62], [0.34, 0.58, 0.24], [0.38, 0.46, 0.24]],  # lilac
    ]
)


@dataclass(frozen=True, slots=True)
class Stain:
    """The colours of one smear."""

    light: Colour  # grey levels where nothing lies
    nucleus: Colour  # optical densities
    acrosome: Colour
    thread: Colour

    @classmethod
    def drawn(cls, look: Look, random: Generator) -> Stain:
        """A blend of known smears, then a little away from it."""
        spread = look.colour_spread
        share = random.dirichlet(np.full(len(_SMEARS), 0.3))
        even = np.full(len(_SMEARS), 1 / len(_SMEARS))
        near = np.clip(even + (share - even) * min(spread, 1), 0, 1)
        blend = np.tensordot(near, _SMEARS, 1)
        light = np.clip(blend[0] * np.exp(spread * random.normal(0, 0.035, 3)), 60, 252)
        strength = take(random, look.stain) * np.exp(spread * random.normal(0, 0.1, (3, 3)))
        strength[1] *= np.exp(spread * random.uniform(-0.45, 0.3))
        strength[2] *= np.exp(spread * random.uniform(-0.7, 0.4))
        nucleus, acrosome, thread = (blend[1:] * strength).astype(np.float32)[..., None, None]
        return cls(light.astype(np.float32)[:, None, None], nucleus, acrosome, thread)


class Layers:
    """Optical density of everything that lies on the slide, 3 x height x width."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.density: Planes = np.zeros((3, *shape), np.float32)

    def copy(self) -> Layers:
        twin = Layers(self.shape)
        twin.density[:] = self.density
        return twin

    def add(self, amount: Plane, dye: Colour) -> None:
        self.density += amount * dye

    def add_patch(self, patch: Patch, dye: Colour | Planes) -> None:
        """Dye as far as the patch covers: one for all, or the patch's own in each pixel."""
        self.density[:, patch.rows, patch.columns] += patch.cover * dye
