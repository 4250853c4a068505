"""The order of an epoch: balanced, classes take turns, and no image of a class is favoured."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from spermlens.config import Phase, Training
from spermlens.errors import UnknownName
from spermlens.training.losses import MISSING
from spermlens.training.sampling import balanced_order, labels_to_balance, plain_order

LABELS = np.array([0] * 40 + [1] * 17 + [2] * 3)


def generator(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_every_batch_holds_as_many_of_each_class() -> None:
    order = balanced_order(LABELS, generator())
    assert len(order) == len(LABELS)
    assert np.bincount(LABELS[order]).tolist() == [20, 20, 20]
    for batch in np.array_split(order, 7):
        counts = np.bincount(LABELS[batch], minlength=3)
        assert counts.max() - counts.min() <= 1


def test_no_image_comes_again_before_all_of_its_class_have() -> None:
    order = balanced_order(LABELS, generator())
    times = np.bincount(order, minlength=len(LABELS))
    assert set(times[LABELS == 0]) == {0, 1}  # a part of the common ones is left out
    assert set(times[LABELS == 1]) == {1, 2}
    assert set(times[LABELS == 2]) == {6, 7}
    rare = order[LABELS[order] == 2]
    assert all(len(set(few)) == len(few) for few in np.array_split(rare[:18], 6))


def test_over_the_epochs_every_common_image_is_seen() -> None:
    drawn = generator()
    seen = {int(image) for _ in range(12) for image in balanced_order(LABELS, drawn)}
    assert seen == set(range(len(LABELS)))


def test_what_is_not_annotated_comes_once_and_takes_no_turn() -> None:
    labels = np.array([0, 0, 0, 0, 0, 1, MISSING, MISSING, MISSING])
    order = balanced_order(labels, generator())
    assert sorted(order[labels[order] == MISSING]) == [6, 7, 8]
    assert np.bincount(labels[order][labels[order] != MISSING]).tolist() == [3, 3]
    places = {
        tuple(np.flatnonzero(labels[balanced_order(labels, generator(s))] == MISSING)) for s in range(9)
    }
    assert len(places) > 1  # anywhere


def test_a_class_without_images_has_no_turn() -> None:
    order = balanced_order(np.array([0, 0, 0, 2]), generator())
    assert np.bincount(np.array([0, 0, 0, 2])[order]).tolist() == [2, 0, 2]
    bare = balanced_order(np.full(5, MISSING), generator())
    assert sorted(bare) == [0, 1, 2, 3, 4]


def test_the_generator_alone_decides() -> None:
    assert np.array_equal(balanced_order(LABELS, generator()), balanced_order(LABELS, generator()))
    assert not np.array_equal(balanced_order(LABELS, generator()), balanced_order(LABELS, generator(2)))
    expected = torch.randperm(60, generator=generator()).numpy()
    assert np.array_equal(plain_order(60, generator()), expected)


def test_the_task_is_named() -> None:
    labels = {"tail": LABELS, "head": LABELS + 1}
    assert labels_to_balance("as_they_come", labels) is None
    assert labels_to_balance("balanced:tail", labels) is LABELS
    with pytest.raises(UnknownName, match="Unknown task 'tial'"):
        labels_to_balance("balanced:tial", labels)


@pytest.mark.parametrize("wrong", ["balanced", "balanced:", "random", ""])
def test_another_way_of_sampling_is_refused(wrong: str) -> None:
    with pytest.raises(ValidationError, match="sampling"):
        Training(sampling=wrong, phases=(Phase(train="all", epochs=1, learning_rate=1),))
