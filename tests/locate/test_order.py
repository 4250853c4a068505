"""Order statistics against NumPy's own."""

from __future__ import annotations

import numpy as np
import pytest

from spermlens.locate._order import level_above


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.75, 0.97, 1.0])
@pytest.mark.parametrize("count", [1, 2, 9, 100, 101])
def test_it_is_numpys_inverted_distribution(share: float, count: int) -> None:
    values = np.random.default_rng(count).normal(size=count)
    assert level_above(values, share) == np.quantile(values, share, method="inverted_cdf")


def test_the_shape_does_not_matter() -> None:
    values = np.arange(12.0).reshape(3, 4)
    assert level_above(values, 0.5) == level_above(values.ravel(), 0.5) == 5.0
