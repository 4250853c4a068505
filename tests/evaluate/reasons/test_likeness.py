"""Held to SciPy's correlation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import pearsonr

from spermlens.evaluate.reasons.likeness import likeness


def test_it_is_scipys_correlation_image_by_image() -> None:
    first, second = np.random.default_rng(0).random((2, 3, 5, 6))
    wanted = [pearsonr(a.ravel(), b.ravel()).statistic for a, b in zip(first, second, strict=True)]
    assert likeness(first, second) == pytest.approx(wanted)


def test_a_flat_map_is_like_nothing() -> None:
    some = np.random.default_rng(0).random((1, 4, 4))
    assert np.isnan(likeness(some, np.ones((1, 4, 4)))).all()
    assert likeness(some, 3 * some + 1) == pytest.approx([1])
