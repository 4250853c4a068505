"""A split leaks when copies or groups stand on both of its sides, and only then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from spermlens.audit.copies import Pair
from spermlens.audit.leaks import OWN_SPLIT, Plan, plans
from spermlens.config import Experiment, parse_experiment
from spermlens.datasets import Listing
from spermlens.training.folds import splits

EXPERIMENT = """
name = "asked"
claim = "c"
[data]
name = "folder"
{data}
[model]
name = "simple_cnn"
pretrained = false
[protocol]
{protocol}
[training]
[[training.phases]]
train = "all"
epochs = 1
learning_rate = 1e-3
"""


def asked(protocol: str, data: str = "") -> Experiment:
    return parse_experiment(EXPERIMENT.format(protocol=protocol, data=data), "asked")


def with_fields(listing: Listing, **fields: list[str | None]) -> Listing:
    """The listing with groups or splits by position."""
    entries = [
        replace(entry, **{name: values[place % len(values)] for name, values in fields.items()})
        for place, entry in enumerate(listing.entries)
    ]
    return replace(listing, entries=tuple(entries))


def test_five_folds_keep_identical_images_together(
    cells: Callable[[], Listing], save: Callable, heads: list
) -> None:
    save(heads[0], "long/again.png")
    listing = cells()
    ids = listing.ids
    pair = Pair(ids.index("long/00.png"), ids.index("long/again.png"), True, 1.0, "as it is")
    (plan,) = plans(listing, [pair])
    assert not plan.leaks
    assert len(plan.parts) == 5
    assert plan.sentence() == "5 folds: no copies and no groups on both sides."


def test_near_copies_leak_where_the_folds_put_them_apart(cells: Callable[[], Listing]) -> None:
    listing = cells()
    experiment = asked("allow_ungrouped = true\ninner_share = 0")
    first = splits(listing, experiment.protocol)[0]
    apart = Pair(*sorted((int(first.test[0]), int(first.train[0]))), False, 0.95, "as it is")
    together = Pair(int(first.test[0]), int(first.test[1]), False, 0.95, "as it is")
    (plan,) = plans(listing, [apart, together], experiment)
    assert plan.copies == (apart,)
    assert plan.sentence() == ("the protocol of 'asked': on both sides stand 1 pair of near copies.")


def test_images_on_which_choices_are_made_are_learned_from_too(cells: Callable[[], Listing]) -> None:
    listing = cells()
    experiment = asked('kind = "holdout"\nallow_ungrouped = true\ninner_share = 0.2\ntest_share = 0.2')
    (split,) = splits(listing, experiment.protocol)
    chosen = Pair(*sorted((int(split.inner[0]), int(split.test[0]))), False, 0.95, "")
    learned = Pair(*sorted((int(split.inner[0]), int(split.train[0]))), False, 0.95, "")
    (plan,) = plans(listing, [chosen, learned], experiment)
    assert plan.copies == (chosen,)


def test_groups_are_kept_together_by_folds_and_not_by_an_own_split(cells: Callable[[], Listing]) -> None:
    groups = [f"P{number}" for number in range(10)]
    listing = with_fields(cells(), group=groups, split=["train", "train", "train", "test"])
    folds, own = plans(listing, [])
    assert not folds.leaks
    assert own.name == OWN_SPLIT
    # 10 groups in turn and a split of four in turn: each even one meets train only, each odd one both
    assert own.groups == ("P1", "P3", "P5", "P7", "P9")
    assert own.parts == ("test 15", "train 45")
    assert own.counts


def test_an_image_without_split_stands_on_no_side(cells: Callable[[], Listing]) -> None:
    listing = with_fields(cells(), split=[None, "train", None, "test"])
    _, own = plans(listing, [Pair(0, 1, True, 1, ""), Pair(1, 3, True, 1, "")])
    assert own.copies == (Pair(1, 3, True, 1, ""),)


def test_the_own_split_counts_with_an_experiment_only_where_that_follows_it(
    cells: Callable[[], Listing],
) -> None:
    listing = with_fields(cells(), group=["A"], split=["train", "test"])
    groups = with_fields(cells(), group=[f"P{n}" for n in range(10)], split=["train", "test", "train"])
    folds, own = plans(groups, [], asked("folds = 3"))
    assert not folds.leaks
    assert own.leaks
    assert not own.counts
    official, _ = plans(listing, [], asked('kind = "official"\ninner_share = 0'))
    assert official.groups == ("A",)


def test_a_plan_that_cannot_be_made_says_why(cells: Callable[[], Listing]) -> None:
    (plan,) = plans(cells(), [], asked("allow_ungrouped = false"))
    assert "does not say which images share a patient" in plan.sentence()
    assert not plan.leaks
    few = cells().subset(range(3))
    (plan,) = plans(few, [])
    assert "fewer than the 5" in plan.trouble


def test_the_folds_are_those_that_the_training_makes(cells: Callable[[], Listing]) -> None:
    listing = cells()
    experiment = asked("allow_ungrouped = true\nfolds = 4\nrepeats = [0, 1]")
    made = splits(listing, experiment.protocol)
    everything = [Pair(i, j, False, 0.9, "") for i in range(8) for j in range(i + 1, 8)]
    (plan,) = plans(listing, everything, experiment)
    home = np.stack([[int(i in split.test) for i in range(8)] for split in made])
    expected = {pair for pair in everything if (home[:, pair.first] != home[:, pair.second]).any()}
    assert set(plan.copies) == expected
    assert len(expected) > 0


def test_tasks_of_an_experiment_are_checked(cells: Callable[[], Listing]) -> None:
    from spermlens.errors import UnknownName

    with pytest.raises(UnknownName, match="shape"):
        plans(cells(), [], asked("allow_ungrouped = true", 'tasks = ["shape"]'))
    assert plans(cells(), [], asked("allow_ungrouped = true", 'tasks = ["label"]'))[0].parts


def test_words_for_one_and_many() -> None:
    pair = Pair(0, 1, True, 1, "")
    plan = Plan(name="p", copies=(pair, pair), groups=("g",))
    assert plan.sentence() == "p: on both sides stand 2 pairs of identical images and 1 group."
