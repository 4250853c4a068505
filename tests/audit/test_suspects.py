"""Labels that were flipped are found, right ones are not, in a table made by hand."""

from __future__ import annotations

import numpy as np

from spermlens.audit.suspects import suspects
from spermlens.evaluate.table import Predictions
from spermlens.types import Task

TASK = Task("shape", ("round", "long", "bent"))


def table(truth: list[int], p: list[list[float]], repeats: int = 1) -> Predictions:
    n = len(truth)
    ids = tuple(f"{i:02d}" for i in range(n)) * repeats
    return Predictions(
        task=TASK,
        ids=ids,
        units=ids,
        repeats=np.repeat(np.arange(repeats), n),
        folds=np.zeros(n * repeats, np.int64),
        truth=np.array(truth * repeats, np.int64),
        probabilities=np.array(p * repeats, np.float64),
    )


def test_flipped_labels_are_found_the_most_doubtful_first() -> None:
    p = [[0.8, 0.1, 0.1]] * 6 + [[0.1, 0.8, 0.1]] * 6 + [[0.1, 0.1, 0.8]] * 6
    truth = [0] * 6 + [1] * 6 + [2] * 6
    truth[0], truth[7] = 1, 2  # flipped
    p[7] = [0.05, 0.9, 0.05]
    found = suspects(table(truth, p))
    assert [(s.image, s.given, s.suggested) for s in found] == [
        ("07", "bent", "long"),
        ("00", "long", "round"),
    ]
    worst = found[0]
    assert (worst.p_given, worst.p_suggested) == (0.05, 0.9)
    assert worst.usual_given == np.mean([0.8] * 6 + [0.05])
    assert worst.doubt == 0.9 - 0.05


def test_an_unsure_image_whose_other_class_is_not_confident_is_no_suspect() -> None:
    p = [[0.9, 0.05, 0.05]] * 5 + [[0.05, 0.9, 0.05]] * 5 + [[0.4, 0.5, 0.1]]
    assert suspects(table([0] * 5 + [1] * 5 + [0], p)) == []


def test_a_hesitant_class_is_held_to_its_own_measure() -> None:
    """'long' never gets more than 0.5: an image of 0.5 for it, labelled round, is doubted all the same."""
    p = [[0.9, 0.05, 0.05]] * 5 + [[0.4, 0.45, 0.15]] * 5 + [[0.45, 0.5, 0.05]]
    (found,) = suspects(table([0] * 5 + [1] * 5 + [0], p))
    assert (found.image, found.suggested) == ("10", "long")


def test_a_label_as_likely_as_usual_is_not_doubted() -> None:
    p = [[0.5, 0.2, 0.3]] * 5 + [[0.45, 0.46, 0.09]] * 5 + [[0.51, 0.49, 0.0]]
    assert suspects(table([0] * 5 + [1] * 5 + [0], p)) == []


def test_repeats_are_averaged_and_unlabelled_rows_take_no_part() -> None:
    p = [[0.9, 0.1, 0.0], [0.1, 0.9, 0.0], [0.1, 0.9, 0.0], [0.0, 0.0, 1.0]]
    once, twice = (suspects(table([0, 1, 0, -1], p, repeats)) for repeats in (1, 2))
    assert once == twice
    assert [s.image for s in once] == ["02"]
