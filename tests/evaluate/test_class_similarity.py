"""Held to SciPy's correlation, and to cases whose answer is known by hand."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy.stats import pearsonr

from spermlens.evaluate.class_similarity import class_similarity


def maps(classes: int = 4) -> np.ndarray:
    return np.random.default_rng(2).normal(3, 1, (5, classes, 4, 6)).astype(np.float32)


def test_it_is_the_mean_of_scipys_correlations() -> None:
    wanted = [
        np.mean([pearsonr(one[a].ravel(), one[b].ravel()).statistic for a, b in combinations(range(4), 2)])
        for one in maps()
    ]
    np.testing.assert_allclose(class_similarity(maps()), wanted, atol=1e-6)


def test_one_map_for_all_classes_is_1_and_two_opposites_are_minus_1() -> None:
    one = maps()[:, :1]
    np.testing.assert_allclose(class_similarity(np.repeat(one, 3, 1) * [[[[1]], [[2]], [[5]]]]), 1)
    np.testing.assert_allclose(class_similarity(np.concatenate([one, 7 - one], 1)), -1)


@pytest.mark.parametrize("classes", [2, 3, 6])
def test_maps_that_sum_to_nothing_are_minus_1_over_the_other_classes(classes: int) -> None:
    """Equally long centred maps whose sum is flat, as CAMs tend to be after training."""
    corners = np.eye(classes)[None, :, :, None] * np.array([1.0, 2.0])[:, None, None, None]
    np.testing.assert_allclose(class_similarity(corners), -1 / (classes - 1))


def test_flat_maps_are_left_out() -> None:
    some = maps(3)
    some[0, 0] = some[1] = 0
    some[2, 1] = 0.1
    found = class_similarity(some)
    assert found[0] == pytest.approx(pearsonr(some[0, 1].ravel(), some[0, 2].ravel()).statistic, abs=1e-6)
    assert np.isnan(found[1])
    assert found[2] == pytest.approx(pearsonr(some[2, 0].ravel(), some[2, 2].ravel()).statistic, abs=1e-6)


@pytest.mark.parametrize("shape", [(5, 1, 4, 4), (4, 4, 4)])
def test_fewer_than_two_classes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="two classes or more"):
        class_similarity(np.zeros(shape))
