"""What the file tells is found where it was planted, and not where sizes are random."""

from __future__ import annotations

import numpy as np

from spermlens.audit.metadata import BOOSTING, Columns, what_metadata_tells
from spermlens.types import Task

TASK = Task("shape", ("round", "long", "bent"))


def sizes(rng: np.random.Generator, n: int) -> Columns:
    width = rng.integers(100, 200, n).astype(float)
    height = rng.integers(100, 200, n).astype(float)
    return {"width": width, "height": height, "area": width * height, "aspect": width / height}


def test_a_class_that_shows_in_the_size_is_told() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 300)
    columns = sizes(rng, 300)
    columns["bytes"] = 1000.0 + 50 * labels + rng.normal(0, 30, 300)
    found = {
        (told.columns, told.learner): told
        for told in what_metadata_tells(columns, labels, TASK, np.arange(300))
    }
    whole, alone = found[tuple(columns), BOOSTING], found[("bytes",), BOOSTING]
    assert whole.tells
    assert alone.tells
    assert alone.accuracy.value > 0.5
    assert alone.accuracy.total == 300
    assert alone.majority == np.bincount(labels).max() / 300
    assert not found[("width",), BOOSTING].tells
    assert not found[("width", "height", "area", "aspect"), BOOSTING].tells


def test_random_sizes_tell_nothing() -> None:
    rng = np.random.default_rng(1)
    found = what_metadata_tells(sizes(rng, 300), rng.integers(0, 3, 300), TASK, np.arange(300))
    assert len(found) == 2 + 4
    assert not any(told.tells for told in found)


def test_copies_do_not_tell_their_own_class() -> None:
    """A size that only copies share is no help once copies stay together."""
    rng = np.random.default_rng(2)
    units = np.repeat(np.arange(100), 4)
    labels = rng.integers(0, 3, 100)[units]
    columns = {"width": rng.permutation(1000)[:100][units].astype(float)}
    (apart, *_) = what_metadata_tells(columns, labels, TASK, np.arange(400))
    (together, *_) = what_metadata_tells(columns, labels, TASK, units)
    assert apart.tells
    assert not together.tells


def test_there_is_nothing_to_ask() -> None:
    labels = np.repeat([0, 1, 2], 40)
    assert what_metadata_tells({}, labels, TASK, np.arange(120)) == []
    columns = {"width": np.arange(120.0)}
    assert what_metadata_tells(columns, np.full(120, 1), TASK, np.arange(120)) == []
    assert what_metadata_tells(columns, np.full(120, -1), TASK, np.arange(120)) == []


def test_rare_classes_and_unlabelled_images_take_no_part() -> None:
    labels = np.array([0] * 50 + [1] * 50 + [2] * 3 + [-1] * 20)
    found = what_metadata_tells({"width": np.arange(123.0)}, labels, TASK, np.arange(123))
    assert {told.accuracy.total for told in found} == {100}
