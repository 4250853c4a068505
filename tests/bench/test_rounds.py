"""Everything is timed as often, by turns, and a figure lies within its interval."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from spermlens.bench.rounds import median_of, threads, timed, with_interval


def test_each_is_timed_as_often_and_begins_in_turn() -> None:
    now, order = [0.0], []

    def work(name: str, seconds: float) -> Callable[[], None]:
        def done() -> None:
            order.append(name)
            now[0] += seconds

        return done

    works = {"a": work("a", 1.0), "b": work("b", 3.0)}
    took = timed(works, 4, lambda: now[0])
    assert took["a"].tolist() == [1.0] * 4
    assert took["b"].tolist() == [3.0] * 4
    assert order[2:] == ["a", "b", "b", "a", "a", "b", "b", "a"]  # the first two warmed up


def test_the_interval_is_that_of_the_median_of_rounds() -> None:
    """Of normal numbers the median of n has a standard error of 1.2533 / sqrt(n)."""
    seconds = 10 + np.random.default_rng(3).normal(size=2001)
    low, value, high = with_interval(median_of(seconds), len(seconds))
    assert value == np.median(seconds)
    assert high - low == pytest.approx(2 * 1.96 * 1.2533 / np.sqrt(2001), rel=0.25)


def test_threads_are_as_many_as_before_also_after_a_failure() -> None:
    def fail() -> None:
        with threads(before + 1):
            inside.append(torch.get_num_threads())
            raise ZeroDivisionError

    before, inside = torch.get_num_threads(), list[int]()
    with pytest.raises(ZeroDivisionError):
        fail()
    assert inside == [before + 1]
    assert torch.get_num_threads() == before
