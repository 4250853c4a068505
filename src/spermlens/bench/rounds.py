"""Works timed by turns, and what a figure of them is worth.

In each round everything is timed once, so that what slows the machine for a while slows all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray

INTERVAL = "bootstrap of rounds"
DRAWS = 2000

Seconds = NDArray[np.float64]  # one a round
Work = Callable[[], object]
Clock = Callable[[], float]
Figure = Callable[[NDArray[np.intp]], float]  # from the rounds of these numbers


def timed(works: Mapping[str, Work], rounds: int, clock: Clock) -> dict[str, Seconds]:
    """Seconds of each work in each round; who begins changes from round to round."""
    names = list(works)
    found = {name: np.zeros(rounds) for name in names}
    for number in range(-1, rounds):  # the first warms up
        first = number % len(names)
        for name in names[first:] + names[:first]:
            start = clock()
            works[name]()
            taken = clock() - start
            if number >= 0:
                found[name][number] = taken
    return found


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Torch works with so many threads inside."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def median(values: Seconds) -> float:
    return float(np.median(values))


def median_of(values: Seconds) -> Figure:
    return lambda of: median(values[of])


def with_interval(figure: Figure, rounds: int) -> tuple[float, float, float]:
    """Low, value and high; 95 of 100 figures of rounds drawn anew lie between."""
    chance = np.random.default_rng(0)
    drawn = [figure(chance.integers(0, rounds, rounds)) for _ in range(DRAWS)]
    value = figure(np.arange(rounds))
    low, high = np.percentile(drawn, (2.5, 97.5))
    return min(float(low), value), value, max(float(high), value)
