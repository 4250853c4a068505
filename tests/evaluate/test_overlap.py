"""Overlap of masks against scikit-learn, intervals against formulas and NumPy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.metrics import f1_score

from spermlens.evaluate.overlap import dice, mean_over, quantile_over, ratio_over

RANDOM = np.random.default_rng(3)
VALUES = RANDOM.normal(10, 2, 300)
ALONE = [str(number) for number in range(300)]


def test_dice_is_the_f1_of_the_pixels():
    found, truth = RANDOM.random((2, 40, 50)) < np.array([0.3, 0.6])[:, None, None]
    assert dice(found, truth) == pytest.approx(f1_score(truth.ravel(), found.ravel()))
    assert dice(found, found) == 1
    assert dice(found, ~found) == 0
    assert math.isnan(dice(found & ~found, found & ~found))


def test_the_interval_of_a_mean_is_that_of_the_normal_distribution():
    found = mean_over(VALUES.tolist(), ALONE)
    half = 1.96 * VALUES.std() / math.sqrt(300)
    assert found.value == pytest.approx(VALUES.mean())
    assert (found.low, found.high) == pytest.approx((VALUES.mean() - half, VALUES.mean() + half), abs=0.04)
    assert found.n_images == 300
    assert "over images" in found.interval


def test_images_of_a_unit_are_drawn_together():
    values = np.repeat(VALUES[:30], 10).tolist()
    together = mean_over(values, np.repeat(ALONE[:30], 10).tolist())
    apart = mean_over(values, ALONE)
    assert together.value == apart.value
    assert together.high - together.low > 2.5 * (apart.high - apart.low)  # root of ten
    assert "30 units" in together.interval


def test_one_unit_has_no_interval():
    found = mean_over([1.0, 2.0], ["a", "a"])
    assert (found.value, found.low, found.high) == (1.5, None, None)


@pytest.mark.parametrize("part", [0.05, 0.5, 0.95])
def test_a_quantile_is_numpys(part):
    found = quantile_over(VALUES.tolist(), part, ALONE)
    assert found.value == np.percentile(VALUES, 100 * part, method="inverted_cdf")
    density = math.exp(-0.5 * ((found.value - 10) / 2) ** 2) / (2 * math.sqrt(2 * math.pi))
    width = 2 * 1.96 * math.sqrt(part * (1 - part) / 300) / density
    assert found.high - found.low == pytest.approx(width, rel=0.5)
    assert found.low <= found.value <= found.high


def test_a_ratio_is_that_of_the_sums():
    found = ratio_over([3.0, 1.0] * 50, [1.0, 1.0] * 50, ALONE[:100])
    assert found.value == 2
    assert found.low < 2 < found.high
    assert ratio_over((2 * VALUES).tolist(), VALUES.tolist(), ALONE).high == pytest.approx(2)
