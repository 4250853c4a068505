"""How a measure is spread over the cells of one kind, so that a new cell can be placed among them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spermlens.types._demand import demand

LEVELS = (0, 1, *range(5, 100, 5), 99, 100)  # percent of the cells


@dataclass(frozen=True, slots=True)
class Spread:
    """The values that so many percent of n cells stay at or below, for every one of LEVELS."""

    n: int
    quantiles: tuple[float, ...]

    def __post_init__(self) -> None:
        demand(self.n >= 1, f"A spread is that of one cell or more, not of {self.n}.")
        demand(
            len(self.quantiles) == len(LEVELS) and all(map(math.isfinite, self.quantiles)),
            f"A spread has {len(LEVELS)} finite quantiles, but these are {self.quantiles}.",
        )
        demand(all(np.diff(self.quantiles) >= 0), f"Quantiles never fall, but these do: {self.quantiles}.")

    @classmethod
    def of(cls, values: NDArray[np.float64]) -> Spread:
        """That of these values, one a cell."""
        found = np.percentile(values, LEVELS)
        return cls(len(values), tuple(float(value) for value in np.maximum.accumulate(found)))

    def percentile(self, value: float) -> float:
        """How many percent of the cells lie below, those of the same value counted half; 0 to 100."""
        same = [level for level, at in zip(LEVELS, self.quantiles, strict=True) if at == value]
        if same:
            return float(same[0] + same[-1]) / 2
        return float(np.interp(value, self.quantiles, LEVELS))

    def at(self, percent: float) -> float:
        """The value that so many percent of the cells stay at or below."""
        return float(np.interp(percent, LEVELS, self.quantiles))
