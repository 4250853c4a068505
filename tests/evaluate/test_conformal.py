"""Sets of classes cover as often as they say, and no image has a say in its own."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from spermlens.evaluate.conformal import members, quantile, sets
from spermlens.evaluate.table import Predictions
from spermlens.types import Task

TASK = Task("shape", ("a", "b", "c"))


def drawn(n: int, *, seed: int = 0, sharp: float = 1.0) -> Predictions:
    """n images whose classes are drawn from the probabilities themselves, so that these are calibrated."""
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.ones(3) / sharp, n)
    truth = np.array([rng.choice(3, p=row) for row in p], np.int64)
    ids = tuple(f"i{number}" for number in range(n))
    return Predictions(
        task=TASK,
        ids=ids,
        units=ids,
        repeats=np.zeros(n, np.int64),
        folds=np.arange(n, dtype=np.int64) % 5,
        truth=truth,
        probabilities=p,
    )


@pytest.mark.parametrize("level", [0.5, 0.9, 0.95])
def test_the_quantile_is_the_one_numpy_calls_higher(level: float) -> None:
    scores = np.random.default_rng(1).random(200)
    corrected = math.ceil(201 * level) / 200
    assert quantile(scores, level) == np.quantile(scores, corrected, method="inverted_cdf")


def test_too_few_images_give_every_class() -> None:
    assert quantile(np.zeros(8), 0.9) == math.inf
    assert quantile(np.zeros(9), 0.9) == 0
    assert members([drawn(10)], 0.95).all()


@pytest.mark.parametrize("level", [0.8, 0.9, 0.95])
def test_the_coverage_is_what_was_asked_for(level: float) -> None:
    found = sets([drawn(4000)], level)
    assert found.coverage.value == pytest.approx(level, abs=0.012)
    assert found.coverage.low < level < found.coverage.high


def test_a_sharper_model_has_smaller_sets() -> None:
    assert sets([drawn(2000, sharp=8)], 0.9).mean_size < sets([drawn(2000, sharp=0.5)], 0.9).mean_size


def test_a_fold_has_no_say_in_its_own_sets() -> None:
    table = drawn(500)
    changed = table.probabilities.copy()
    mine = table.folds == 2
    before = members([table], 0.9)[mine]
    other_truth = np.where(mine, (table.truth + 1) % 3, table.truth)
    assert (members([replace(table, truth=other_truth)], 0.9)[mine] == before).all()
    changed[~mine] = changed[~mine][:, ::-1]
    assert (members([replace(table, probabilities=changed)], 0.9)[mine] != before).any()


@pytest.mark.parametrize("members_of_mean", [1, 2])
def test_a_fold_has_no_say_in_its_sets_through_the_temperatures_of_others(members_of_mean: int) -> None:
    """Images of one fold that are all wrong and sure would heat every other fold."""
    table = drawn(100, sharp=4)
    mine = table.folds == 2
    lied = replace(table, truth=np.where(mine, table.probabilities.argmin(1), table.truth))
    told, after = (members([one] * members_of_mean, 0.9) for one in (table, lied))
    assert (told[mine] == after[mine]).all()
    assert (told != after).any()


def test_a_unit_is_kept_out_even_where_it_stands_in_another_fold() -> None:
    table = drawn(200)
    units = tuple(table.units[0] if table.folds[row] != 0 else unit for row, unit in enumerate(table.units))
    assert members([replace(table, units=units)], 0.9)[table.folds == 0].all()


def test_what_is_told_of_the_sets_is_counted() -> None:
    table = drawn(400)
    found, inside = sets([table], 0.8), members([table], 0.8)
    size = inside.sum(1)
    assert found.mean_size == pytest.approx(size.mean())
    assert (found.single, found.empty) == (np.mean(size == 1), np.mean(size == 0))
    name, worst = found.worst_class
    covered = [inside[table.truth == k, k].mean() for k in range(3)]
    assert worst.value == min(covered)
    assert name == TASK.classes[int(np.argmin(covered))]
