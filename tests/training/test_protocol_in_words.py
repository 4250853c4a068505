"""What stands beside the figures: how they came about, and what may flatter them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from spermlens.config import Experiment, parse_experiment
from spermlens.datasets import Entry, Listing
from spermlens.datasets.mhsma import CARD
from spermlens.training.outcome import protocol_in_words

TEXT = """
name = "words"
claim = "None."
data.name = "mhsma"
model = {{name = "simple_cnn", pretrained = false}}
protocol = {{kind = "{kind}", allow_ungrouped = true, folds = 2}}
[[training.phases]]
train = "all"
epochs = 1
learning_rate = 1e-3
"""
PARTS = ["train"] * 6 + ["valid"] * 2 + ["test"] * 4


def experiment(kind: str) -> Experiment:
    return parse_experiment(TEXT.format(kind=kind), "words")


def listing(groups: list[str | None], card_group: str = CARD.group) -> Listing:
    def entry(n: int, group: str | None) -> Entry:
        image = np.full((4, 4, 3), n, np.uint8)
        labels = {task.name: n % 2 for task in CARD.tasks}
        return Entry(id=str(n), load=lambda: image, labels=labels, group=group, split=PARTS[n])

    entries = tuple(entry(n, group) for n, group in enumerate(groups))
    return Listing(replace(CARD, group=card_group, unknown=("Much is not known.",)), entries)


def test_an_official_split_tells_how_many_groups_it_divides() -> None:
    names: list[str | None] = [*"aabbccdd", *"aabe"]
    assert protocol_in_words(experiment("official"), listing(names)) == (
        "the publisher's own split, 6 images to learn from and 4 to test, repeats 0; "
        "2 images set aside for choices, the last epoch kept. "
        "2 of the 3 groups of the test images are learned from too, so figures may be too good. "
        "Much is not known."
    )


def test_an_official_split_that_divides_no_group_says_so() -> None:
    words = protocol_in_words(experiment("official"), listing([*"aabbccdd", *"eeff"]))
    assert "0 of the 2 groups of the test images are learned from too. " in words
    assert "too good" not in words


@pytest.mark.parametrize("kind", ["folds", "holdout", "official"])
def test_where_no_test_image_was_looked_at_the_words_say_so(kind: str) -> None:
    plain = experiment(kind)
    protocol = plain.protocol.model_copy(update={"judge": "inner", "final_model": False})
    said = protocol_in_words(plain.model_copy(update={"protocol": protocol}), listing([*"aabbccddeeff"]))
    words = " Judged on the inner images only, which recipes are chosen by; no test image was looked at."
    assert said.replace(words, "") == protocol_in_words(plain, listing([*"aabbccddeeff"])) != said


def test_without_groups_identical_images_are_counted() -> None:
    words = protocol_in_words(experiment("official"), listing([None] * 12, "not released"))
    assert "0 of the 4 distinct images of the test images are learned from too." in words


@pytest.mark.parametrize("kind", ["folds", "holdout"])
def test_other_protocols_say_what_a_group_is_or_what_is_not_known(kind: str) -> None:
    words = protocol_in_words(experiment(kind), listing([*"aabbccddeeff"]))
    groups = "groups (patient, inferred from the original file names)"
    together = f"{groups}, identical images and known near copies together."
    assert words.endswith(f"{together} Much is not known.")
    without = protocol_in_words(experiment(kind), listing([None] * 12, "not released"))
    assert without.endswith("; identical images and known near copies together. Much is not known.")
    assert "publisher's own" not in words + without
