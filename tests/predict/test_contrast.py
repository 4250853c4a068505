"""Two classes named on the command line."""

from __future__ import annotations

import pytest

from spermlens.errors import UnknownName, UsageError
from spermlens.predict.contrast import Contrast, contrast_of
from spermlens.types import Task

SHAPE = Task("head_shape", ("normal", "tapered", "pyriform"))
TASKS = (SHAPE, Task("acrosome", ("normal", "abnormal")), Task("vacuole", ("normal", "abnormal")))


def test_two_classes_find_their_task() -> None:
    assert contrast_of("tapered:pyriform", TASKS) == Contrast(
        task="head_shape", target="tapered", rival="pyriform"
    )


def test_a_task_decides_between_several() -> None:
    with pytest.raises(UsageError, match=r"acrosome and vacuole have both.*acrosome:abnormal:normal"):
        contrast_of("abnormal:normal", TASKS)
    assert contrast_of("vacuole:abnormal:normal", TASKS).task == "vacuole"


@pytest.mark.parametrize("text", ["", "tapered", "tapered:", ":pyriform", "a:b:c:d", ":tapered:pyriform"])
def test_anything_else_is_told_what_was_expected(text: str) -> None:
    with pytest.raises(UsageError, match="expected two classes of one task"):
        contrast_of(text, TASKS)


def test_a_class_is_not_told_from_itself_nor_from_one_of_another_task() -> None:
    with pytest.raises(UsageError, match="expected two classes"):
        contrast_of("tapered:tapered", TASKS)
    with pytest.raises(UsageError, match="different tasks"):
        contrast_of("tapered:abnormal", TASKS)


@pytest.mark.parametrize(
    ("text", "near"), [("taperd:pyriform", "tapered"), ("had_shape:tapered:pyriform", "head_shape")]
)
def test_a_misspelt_name_is_told_its_neighbour(text: str, near: str) -> None:
    with pytest.raises(UnknownName, match=near):
        contrast_of(text, TASKS)
