"""One random stream for each aspect of a drawing, so that a change in one never shifts another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

Aspect = Literal[
    "plan", "place", "stain", "camera", "noise",
    "head", "tapered", "pyriform", "amorphous",
    "acrosome", "acrosome defect", "vacuole",
    "midpiece", "tail", "tail defect",
    "light", "neighbours", "threads", "specks", "residue", "object",
]  # fmt: skip

_NUMBER = {aspect: number for number, aspect in enumerate(get_args(Aspect))}


@dataclass(frozen=True, slots=True)
class Chance:
    """Where drawing `index` of the set `seed` gets its random numbers."""

    seed: int
    index: int

    def of(self, aspect: Aspect) -> np.random.Generator:
        """The same numbers from the start, each time it is asked for."""
        sequence = np.random.SeedSequence(self.seed, spawn_key=(self.index, _NUMBER[aspect]))
        return np.random.Generator(np.random.SFC64(sequence))
