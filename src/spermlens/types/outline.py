"""Where the parts of one cell lie in its image, and how far that can be relied on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from spermlens.types._demand import demand
from spermlens.types.arrays import Mask

PARTS = ("head", "acrosome", "vacuole", "midpiece", "tail")  # acrosome and vacuole lie inside the head


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """A mask for each part that could be told apart; a part that could not is not in `masks`.

    The head is always there; its mask is empty where no head was found. `reliability` is 0..1;
    `reason` says why an outline should not be relied on, and is empty where it can be.
    """

    masks: Mapping[str, Mask]
    reliability: float
    reason: str = ""

    def __post_init__(self) -> None:
        demand("head" in self.masks, f"An outline has a head, this one only: {sorted(self.masks)}.")
        unknown = sorted(set(self.masks) - set(PARTS))
        demand(not unknown, f"An outline has no part {unknown}; its parts are {PARTS}.")
        for part, mask in self.masks.items():
            demand(
                mask.dtype == np.bool_ and mask.ndim == 2 and mask.shape == self.head.shape,
                f"The mask of the {part} must be bool and as large as the head's, "
                f"but is {mask.dtype} {mask.shape}.",
            )
        for part in ("acrosome", "vacuole"):
            inside = part not in self.masks or not (self.masks[part] & ~self.head).any()
            demand(inside, f"The {part} must lie inside the head.")
        demand(0 <= self.reliability <= 1, f"Reliability lies in 0..1, but is {self.reliability}.")
        demand(bool(self.reason) or bool(self.head.any()), "An outline without a head must say why.")

    @property
    def head(self) -> Mask:
        return self.masks["head"]

    @property
    def reliable(self) -> bool:
        return not self.reason
