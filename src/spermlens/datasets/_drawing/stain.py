"""Dyes and light: each dye takes its share of each colour, and shares multiply (Beer and Lambert)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from spermlens.datasets._drawing.canvas import Patch, Plane, Planes, Shape, Window
from spermlens.datasets._drawing.look import Look, take

Colour = NDArray[np.float32]  # 3 x 1 x 1: red, green, blue

# Each row: the empty slide in grey levels, then optical densities of nucleus, acrosome and thread.
_SMEARS = np.array(
    [
        [[247, 166, 199], [1.10, 1.80, 0.95], [0.34, 0.82, 0.40], [0.26, 0.42, 0.24]],  # rose
        [[230, 158, 168], [1.05, 1.15, 0.78], [0.22, 0.70, 0.28], [0.32, 0.36, 0.24]],  # salmon
        [[205, 197, 187], [1.25, 1.90, 0.30], [0.36, 0.85, 0.10], [0.28, 0.32, 0.14]],  # grey, violet dye
        [
            [208, 202, 186],
            [1.35, 1.70, 0.25],
            [0.16, 0.80, 0.06],
            [0.28, 0.32, 0.16],
        ],  # sand, blue and magenta
        [[238, 236, 238], [0.98, 1.38, 0.52], [0.20, 0.42, 0.14], [0.30, 0.34, 0.20]],  # white, lilac dye
        [[212, 224, 234], [1.70, 1.15, 0.55], [0.55, 0.34, 0.14], [0.40, 0.30, 0.16]],  # pale blue, toluidine
        [[226, 178, 208], [1.00, 1.45, 0.62], [0.32, 0.66, 0.24], [0.28, 0.36, 0.18]],  # lilac
    ]
)
_OFTEN = np.array([0.6, 0.4, 0.5, 0.4, 0.15, 0.1, 0.35])  # the Dirichlet weight of each


@dataclass(frozen=True, slots=True)
class Stain:
    """The colours of one smear."""

    light: Colour  # grey levels where nothing lies
    nucleus: Colour  # optical densities
    acrosome: Colour
    thread: Colour
    rim: float  # optical density that a nucleus gains at its edge
    halo: float  # optical density that the slide loses around a head

    @classmethod
    def drawn(cls, look: Look, random: Generator) -> Stain:
        """A blend of known smears, then a little away from it."""
        spread = look.colour_spread
        share = random.dirichlet(_OFTEN)
        even = _OFTEN / _OFTEN.sum()
        near = np.clip(even + (share - even) * min(spread, 1), 0, 1)
        blend = np.tensordot(near, _SMEARS, 1)
        light = np.clip(blend[0] * np.exp(spread * random.normal(0, 0.035, 3)), 60, 252)
        strength = take(random, look.stain) * np.exp(spread * random.normal(0, 0.12, (3, 3)))
        strength[1] *= np.exp(spread * random.uniform(-0.45, 0.3))
        strength[2] *= np.exp(spread * random.uniform(-0.8, 0.35))
        nucleus, acrosome, thread = (blend[1:] * strength).astype(np.float32)[..., None, None]
        acrosome = np.minimum(
            acrosome, np.float32(0.72) * nucleus
        )  # the cap is the paler part, or none is seen
        rim, halo = take(random, look.rim), take(random, look.halo)
        return cls(light.astype(np.float32)[:, None, None], nucleus, acrosome, thread, rim, halo)


class Layers:
    """Optical density of everything that lies on the slide, 3 x height x width."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.density: Planes = np.zeros((3, *shape), np.float32)

    def copy(self) -> Layers:
        twin = Layers(self.shape)
        twin.density = self.density.copy()
        return twin

    def add(self, amount: Plane, dye: Colour) -> None:
        self.density += amount * dye

    def add_window(self, window: Window, density: Planes) -> None:
        self.density[:, window.rows, window.columns] += density

    def add_patch(self, patch: Patch, dye: Colour | Planes) -> None:
        """Dye as far as the patch covers: one for all, or the patch's own in each pixel."""
        self.density[:, patch.rows, patch.columns] += patch.cover * dye
