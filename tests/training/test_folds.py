"""Who is tested when: everyone once, classes spread evenly, nothing that belongs together ever divided."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from spermlens.config import Protocol
from spermlens.datasets import Entry, Listing
from spermlens.datasets.folder import CARD
from spermlens.errors import ConfigError, DataError
from spermlens.training.folds import everything, on_both_sides, splits
from spermlens.types import Image, Task


def picture(number: int) -> Image:
    return np.full((4, 4, 3), (number % 251, number // 251, 7), np.uint8)


def listing(
    labels: list[int], groups: list[str | None] | None = None, copies: dict[int, int] | None = None
) -> Listing:
    """One image a label; `copies` says which image has the pixels of which other."""
    pixels = {**{n: n for n in range(len(labels))}, **(copies or {})}
    task = Task("label", tuple("abcd"[: max(2, max(labels) + 1)]))
    entries = tuple(
        Entry(
            id=f"{n:03}",
            load=lambda n=n: picture(pixels[n]),
            labels={"label": label},
            group=groups[n] if groups else None,
        )
        for n, label in enumerate(labels)
    )
    return Listing(replace(CARD, tasks=(task,)), entries)


def protocol(**settings: Any) -> Protocol:
    return Protocol(**{"allow_ungrouped": True, "folds": 5, **settings})


BALANCED = [n % 4 for n in range(100)]


def test_every_image_is_tested_once_in_every_repeat_and_never_learned_from_then() -> None:
    made = splits(listing(BALANCED), protocol(repeats=(0, 3), inner_share=0.2))
    assert [split.name for split in made] == [f"r{r}f{f}" for r in (0, 3) for f in range(5)]
    for split in made:
        parts = [*split.train, *split.inner, *split.test]
        assert sorted(parts) == list(range(100))
    for repeat in (0, 3):
        tested = np.concatenate([split.test for split in made if split.repeat == repeat])
        assert sorted(tested) == list(range(100))


def test_classes_are_spread_evenly() -> None:
    labels = np.array([0] * 50 + [1] * 25 + [2] * 15 + [3] * 10)
    for split in splits(listing(labels.tolist()), protocol(inner_share=0.2)):
        assert np.bincount(labels[split.test], minlength=4).tolist() == [10, 5, 3, 2]
        assert np.bincount(labels[split.inner], minlength=4).tolist() == [8, 4, 2, 2]


@pytest.mark.parametrize("kind", ["folds", "holdout"])
def test_groups_and_copies_are_never_divided(kind: str) -> None:
    groups: list[str | None] = [f"patient {n // 4}" for n in range(100)]
    data = listing(BALANCED, groups, copies={0: 50, 1: 51, 30: 90})
    units = np.array(data.units)
    assert len(set(units)) == 23  # two pairs of patients share an image
    for split in splits(data, protocol(kind=kind, inner_share=0.25, allow_ungrouped=False)):
        sides = [set(units[part]) for part in (split.train, split.inner, split.test)]
        assert all(sides)
        assert sum(map(len, sides)) == len(set.union(*sides))


def test_copies_stay_together_without_groups() -> None:
    data = listing(BALANCED, copies={n: n - 4 for n in range(8, 100, 12)})
    units = np.array(data.units)
    for split in splits(data, protocol(inner_share=0.2)):
        sides = [set(units[part]) for part in (split.train, split.inner, split.test)]
        assert sum(map(len, sides)) == len(set(units))


def test_the_same_repeat_is_the_same_split_and_another_is_another() -> None:
    def tested(repeat: int) -> list[list[int]]:
        made = splits(listing(BALANCED), protocol(repeats=(repeat,), inner_share=0.2))
        return [[*split.inner, *split.test] for split in made]

    assert tested(0) == tested(0)
    assert tested(0) != tested(1)


def test_another_holdout_tests_other_images() -> None:
    one, other = splits(listing(BALANCED), protocol(kind="holdout", repeats=(0, 1), inner_share=0))
    assert one.test.tolist() != other.test.tolist()


def test_a_repeat_does_not_depend_on_those_before_it() -> None:
    alone = splits(listing(BALANCED), protocol(repeats=(2,), inner_share=0.2))
    after = splits(listing(BALANCED), protocol(repeats=(0, 2), inner_share=0.2))[5:]
    for a, b in zip(alone, after, strict=True):
        assert np.array_equal(a.train, b.train)
        assert np.array_equal(a.inner, b.inner)


def test_holdout_sizes_and_strata() -> None:
    labels = np.array([n % 4 for n in range(400)])
    (split,) = splits(
        listing(labels.tolist()), protocol(kind="holdout", test_share=0.15, inner_share=0.15 / 0.85)
    )
    assert (len(split.train), len(split.inner), len(split.test)) == (280, 60, 60)
    assert Counter(labels[split.test].tolist()) == {0: 15, 1: 15, 2: 15, 3: 15}
    assert Counter(labels[split.inner].tolist()) == {0: 15, 1: 15, 2: 15, 3: 15}


@pytest.mark.parametrize("part", ["test", "inner"])
def test_large_groups_are_set_aside_as_often_as_their_images_ask(part: str) -> None:
    sizes = [60] * 4 + [5] * 24
    groups: list[str | None] = [f"p{number}" for number, size in enumerate(sizes) for _ in range(size)]
    data = listing([n % 2 for n in range(360)], groups)
    shares = {"test_share": 0.15, "inner_share": 0.15 / 0.85}
    made = splits(data, protocol(kind="holdout", repeats=tuple(range(60)), allow_ungrouped=False, **shares))
    aside = [getattr(split, part) for split in made]
    large = np.mean(np.concatenate(aside) < 240)
    assert 0.4 < large < 0.8  # 67 % of the images
    assert np.mean([len(indices) for indices in aside]) == pytest.approx(54, rel=0.25)
    assert max(len(indices) for indices in aside) < 85


def test_inner_images_come_from_training_only_and_may_be_none() -> None:
    with_inner = splits(listing(BALANCED), protocol(inner_share=0.25))
    without = splits(listing(BALANCED), protocol(inner_share=0))
    for chosen, plain in zip(with_inner, without, strict=True):
        assert np.array_equal(chosen.test, plain.test)
        assert len(plain.inner) == 0
        assert set(chosen.inner) <= set(plain.train)


@pytest.mark.parametrize("kind", ["folds", "holdout", "official"])
def test_judged_on_inner_images_the_splits_are_the_same_without_test_images(kind: str) -> None:
    data = divided(OFFICIAL) if kind == "official" else listing(BALANCED)
    plain = splits(data, protocol(kind=kind, repeats=(0, 3)))
    inner = splits(data, protocol(kind=kind, repeats=(0, 3), judge="inner", final_model=False))
    for one, other in zip(plain, inner, strict=True):
        assert one.name == other.name
        assert (one.train.tolist(), one.inner.tolist()) == (other.train.tolist(), other.inner.tolist())
        assert len(one.test) > len(other.test) == 0


def test_judged_on_inner_images_there_must_be_some() -> None:
    bare = divided(["train"] * 6 + ["test"] * 2)
    wish = protocol(kind="official", inner_share=0, judge="inner", final_model=False)
    with pytest.raises(ConfigError, match="no valid images, so there are none to judge on"):
        splits(bare, wish)


def test_ungrouped_images_are_refused_unless_accepted() -> None:
    with pytest.raises(ConfigError, match=r"--set protocol.allow_ungrouped=true"):
        splits(listing(BALANCED), protocol(allow_ungrouped=False))
    partly: list[str | None] = ["p"] * 99 + [None]
    with pytest.raises(ConfigError, match="does not say which images share a patient"):
        splits(listing(BALANCED, partly), protocol(allow_ungrouped=False))


def test_a_class_smaller_than_the_folds_is_named() -> None:
    with pytest.raises(DataError, match=r"class 'b' has 3 image\(s\), fewer than the 5 parts"):
        splits(listing([0] * 20 + [1] * 3), protocol())
    assert len(splits(listing([0] * 20 + [1] * 3), protocol(kind="holdout", inner_share=0))) == 1


def test_fewer_groups_than_folds_is_said() -> None:
    groups: list[str | None] = [f"p{n % 3}" for n in range(20)]
    with pytest.raises(DataError, match="3 groups, fewer than the 5 folds"):
        splits(listing([n % 2 for n in range(20)], groups), protocol())


def test_a_share_that_leaves_a_side_empty_is_said() -> None:
    with pytest.raises(DataError, match="leaves one side empty"):
        splits(listing(BALANCED), protocol(inner_share=0.01))
    with pytest.raises(DataError, match="leaves one side empty"):
        splits(listing(BALANCED), protocol(kind="holdout", test_share=1.0))


def test_images_without_a_label_are_divided_too() -> None:
    data = listing(BALANCED)
    entries = tuple(replace(e, labels={}) if n % 10 == 0 else e for n, e in enumerate(data.entries))
    made = splits(replace(data, entries=entries), protocol())
    assert sorted(np.concatenate([split.test for split in made])) == list(range(100))
    assert all(sum(n % 10 == 0 for n in split.test) == 2 for split in made)


def divided(parts: list[str | None], groups: list[str | None] | None = None) -> Listing:
    """One image a part, the classes in turn."""
    data = listing([n % 2 for n in range(len(parts))], groups)
    return replace(
        data, entries=tuple(replace(e, split=part) for e, part in zip(data.entries, parts, strict=True))
    )


OFFICIAL: list[str | None] = ["train"] * 12 + ["valid"] * 4 + ["test"] * 8


def test_an_official_split_is_the_publishers() -> None:
    (split,) = splits(divided(OFFICIAL), protocol(kind="official"))
    assert split.name == "r0f0"
    assert split.train.tolist() == list(range(12))
    assert split.inner.tolist() == list(range(12, 16))
    assert split.test.tolist() == list(range(16, 24))


def test_repeats_of_an_official_split_are_the_same_images() -> None:
    made = splits(divided(OFFICIAL), protocol(kind="official", repeats=(0, 4)))
    assert [split.name for split in made] == ["r0f0", "r4f0"]
    assert made[0].train.tolist() == made[1].train.tolist()
    assert made[0].test.tolist() == made[1].test.tolist()


def test_without_official_validation_images_a_share_of_train_is_set_aside() -> None:
    data = divided(["train"] * 16 + ["test"] * 8)
    (split,) = splits(data, protocol(kind="official", inner_share=0.25))
    assert len(split.inner) == 4
    assert sorted([*split.train, *split.inner]) == list(range(16))
    assert split.test.tolist() == list(range(16, 24))
    (split,) = splits(data, protocol(kind="official", inner_share=0))
    assert (len(split.train), len(split.inner)) == (16, 0)


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ([None] * 6, "'folder' has no official split .*Set protocol.kind to folds or holdout"),
        (
            ["train"] * 4 + ["dev", None],
            r"expected the splits train, valid, test, found also dev \(1\), none",
        ),
        (["train"] * 6, "its official split has no image for test"),
        (["valid"] * 6, "no image for train and test"),
    ],
)
def test_an_official_split_that_is_none_is_refused(parts: list[str | None], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        splits(divided(parts), protocol(kind="official"))


def test_an_official_split_needs_groups_or_their_want_accepted() -> None:
    with pytest.raises(ConfigError, match="allow_ungrouped"):
        splits(divided(OFFICIAL), protocol(kind="official", allow_ungrouped=False))


def test_groups_on_both_sides_of_an_official_split_are_counted() -> None:
    names: list[str | None] = [f"p{n}" for n in range(16)] + ["p0", "p0", "p13", "q", "q", "r", "s", "s"]
    data = divided(OFFICIAL, names)
    (split,) = splits(data, protocol(kind="official", allow_ungrouped=False))
    assert on_both_sides(data, split) == (2, 5)  # p0 of train, p13 of valid; q, r and s are new
    folds = splits(data, protocol(folds=2, inner_share=0))
    assert [on_both_sides(data, split)[0] for split in folds] == [0, 0]


@pytest.mark.parametrize("keep", ["best_inner", "balanced_inner"])
def test_an_epoch_cannot_be_chosen_without_images_for_choices(keep: str) -> None:
    with pytest.raises(ConfigError, match=f"protocol.keep = '{keep}' has none to choose on"):
        splits(divided(["train"] * 6 + ["test"] * 4), protocol(kind="official", keep=keep, inner_share=0))


def test_the_final_training_holds_nothing_back() -> None:
    split = everything(listing(BALANCED))
    assert len(split.train) == 100
    assert len(split.inner) == len(split.test) == 0


def test_a_network_of_one_task_is_judged_in_the_folds_of_one_of_all() -> None:
    both = listing([n % 2 for n in range(60)])
    entries = tuple(
        replace(entry, labels={**entry.labels, "other": n % 3 // 2}) for n, entry in enumerate(both.entries)
    )
    asked = {
        names: tuple(Task(name, ("a", "b")) for name in names) for names in (("label", "other"), ("other",))
    }
    all_tasks, other = (
        splits(Listing(replace(CARD, tasks=tasks), entries), protocol(inner_share=0.2))
        for tasks in asked.values()
    )
    for one, another in zip(all_tasks, other, strict=True):
        for part in ("train", "inner", "test"):
            assert getattr(one, part).tolist() == getattr(another, part).tolist()
