"""Quantiles that are kept place a value as the values themselves would."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import percentileofscore

from spermlens.types import Spread


def test_places_agree_with_those_among_the_values_themselves() -> None:
    values = np.random.default_rng(2).gamma(9, size=4000)
    spread = Spread.of(values)
    for value in np.quantile(values, [0.005, 0.03, 0.2, 0.5, 0.77, 0.97, 0.995]):
        assert spread.percentile(value) == pytest.approx(percentileofscore(values, value), abs=0.8)
    assert spread.at(5) == pytest.approx(np.quantile(values, 0.05))
    assert spread.percentile(0) == 0
    assert spread.percentile(1e9) == 100


def test_equal_values_count_half() -> None:
    counts = np.repeat([0.0, 1.0, 2.0], [80, 15, 5])
    spread = Spread.of(counts)
    for value in (0.0, 1.0):
        assert spread.percentile(value) == pytest.approx(percentileofscore(counts, value, kind="mean"), abs=3)
    assert spread.percentile(0.0) == pytest.approx(40, abs=3)


@pytest.mark.parametrize("broken", [(0, (0.0,) * 23), (3, (0.0,) * 5), (3, (1.0, *(0.0,) * 22))])
def test_what_is_no_spread_is_refused(broken: tuple[int, tuple[float, ...]]) -> None:
    with pytest.raises(ValueError):
        Spread(*broken)
