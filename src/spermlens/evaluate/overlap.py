"""How far two masks agree, and means, quantiles and ratios of such figures with their intervals.

An interval is a percentile bootstrap over units, as for scores: all images of a unit are drawn together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spermlens.evaluate.intervals import RESAMPLES, describe, percentiles, unit_weights
from spermlens.types import Mask

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with the ends of its 95 % interval, which are None where all images belong to one unit."""

    value: float
    low: float | None
    high: float | None
    interval: str  # how low and high came about
    n_images: int


def dice(found: Mask, truth: Mask) -> float:
    """Twice the common area over the sum of both: 1 for equal ones; NaN where both are empty."""
    total = np.count_nonzero(found) + np.count_nonzero(truth)
    return 2 * np.count_nonzero(found & truth) / total if total else float("nan")


def mean_over(values: Sequence[float], units: Sequence[str], resamples: int = RESAMPLES) -> Estimate:
    """The mean of a value an image; `units` names what each image belongs to."""
    return ratio_over(values, np.ones(len(values)).tolist(), units, resamples)


def ratio_over(
    above: Sequence[float], below: Sequence[float], units: Sequence[str], resamples: int = RESAMPLES
) -> Estimate:
    """The sum of one value over the sum of another, both of the same images."""
    top, bottom = np.array(above, np.float64), np.array(below, np.float64)
    drawn = [(top @ weights) / (bottom @ weights) for weights in _weights(units, resamples)]
    return _estimate(float(top.sum() / bottom.sum()), drawn, units, resamples)


def quantile_over(
    values: Sequence[float], part: float, units: Sequence[str], resamples: int = RESAMPLES
) -> Estimate:
    """The smallest value below or at which `part` (0..1) of the values lie."""
    order = np.argsort(values)
    ordered = np.array(values, np.float64)[order]
    drawn = [_quantiles(ordered, weights[order], part) for weights in _weights(units, resamples)]
    value = _quantiles(ordered, np.ones((len(ordered), 1)), part)[0]
    return _estimate(float(value), drawn, units, resamples)


def _quantiles(ordered: Floats, weights: Floats, part: float) -> Floats:
    """Of each column of weights, how often every value was drawn."""
    below = np.cumsum(weights, axis=0)
    reached = below >= part * below[-1] * (1 - 1e-12)
    found: Floats = ordered[reached.argmax(axis=0)]
    return found


def _weights(units: Sequence[str], resamples: int) -> list[Floats]:
    return list(unit_weights(units, resamples, seed=0)) if len(set(units)) > 1 else []


def _estimate(value: float, drawn: list[Floats], units: Sequence[str], resamples: int) -> Estimate:
    low, high = percentiles(np.concatenate(drawn)) if drawn else (None, None)
    images = [str(number) for number in range(len(units))]
    return Estimate(value, low, high, describe(units, images, resamples), len(units))
