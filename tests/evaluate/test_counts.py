"""Counts of a sample with exact intervals."""

from __future__ import annotations

import pytest
from scipy.stats import beta

from spermlens.errors import UnknownName
from spermlens.evaluate.counts import share, tally


def test_the_share_of_a_sample_reads_as_a_sentence():
    assert share(8, 200).text("normal") == "8 of 200 normal: 4.0 % (1.7-7.7)"
    assert share(1, 2).text() == "1 of 2: 50.0 % (1.3-98.7)"


@pytest.mark.parametrize(("count", "total"), [(1, 7), (8, 200), (199, 200)])
def test_the_interval_is_clopper_pearson(count, total):
    found = share(count, total)
    assert found.value == count / total
    assert found.low == pytest.approx(beta.ppf(0.025, count, total - count + 1))
    assert found.high == pytest.approx(beta.ppf(0.975, count + 1, total - count))


def test_none_and_all_have_one_open_end():
    assert (share(0, 30).low, share(0, 30).high) == pytest.approx((0, 1 - 0.025 ** (1 / 30)))
    assert (share(30, 30).low, share(30, 30).high) == pytest.approx((0.025 ** (1 / 30), 1))


@pytest.mark.parametrize(("count", "total"), [(0, 0), (3, 2), (-1, 2)])
def test_what_is_no_share_is_refused(count, total):
    with pytest.raises(ValueError, match=f"{count} of {total}"):
        share(count, total)


def test_a_tally_has_every_class_in_order():
    found = tally(["b", "a", "b"], ("a", "b", "c"))
    assert list(found) == ["a", "b", "c"]
    assert [s.count for s in found.values()] == [1, 2, 0]
    assert {s.total for s in found.values()} == {3}


def test_a_tally_of_nothing_is_empty_and_strangers_are_named():
    assert tally([], ("a", "b")) == {}
    with pytest.raises(UnknownName, match=r"Unknown class 'normel'\. Did you mean 'normal'"):
        tally(["normel"], ("normal", "other"))
