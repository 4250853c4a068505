"""The nouns are valid from birth: every guard fires, with a sentence that says what was given."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from typing import Any

import numpy as np
import pytest

from spermlens.types import (
    DISCLAIMER,
    Card,
    Explanation,
    Outline,
    Prediction,
    Report,
    Result,
    Sample,
    Status,
    Task,
)

TASK = Task("shape", ("normal", "tapered"))
CARD = Card(
    name="toy",
    title="A toy",
    source="drawn",
    licence="CC0-1.0",
    citation="nobody 2020",
    tasks=(TASK,),
    counts={"shape": (3, 4)},
    group="not released",
    stain="none",
    um_per_pixel=None,
    field_px=None,
    unknown=(),
)
SAMPLE = Sample(id="a", image=np.zeros((4, 5, 3), np.uint8), um_per_pixel=0.1)
PREDICTION = Prediction(
    id="a",
    probabilities={"shape": np.array([0.25, 0.75])},
    decisions={"shape": "tapered"},
    status=Status.DECIDED,
    model_id="m",
)
HEAT = np.linspace(0, 1, 12, dtype=np.float32).reshape(3, 4)
EXPLANATION = Explanation(
    heat=HEAT,
    peak=2.0,
    status="evidence",
    map_size=(3, 4),
    task="shape",
    target="normal",
    method="gradcam",
    layer="last",
)
RESULT = Result(
    dataset="d",
    model="m",
    task="shape",
    metric="accuracy",
    value=0.9,
    low=0.8,
    high=0.95,
    interval="bootstrap",
    n_images=40,
)

REFUSED: list[tuple[Any, dict[str, Any], str]] = [
    (TASK, {"name": ""}, "must have a name"),
    (TASK, {"classes": ("normal",)}, "'shape' must have two classes or more"),
    (TASK, {"classes": ("a", "b", "a")}, "'shape' names a class twice"),
    *(
        (CARD, {name: ""}, f"must say its {name}")
        for name in ("name", "title", "source", "licence", "citation", "group", "stain")
    ),
    (CARD, {"counts": {"shape": (3,)}}, "'toy' must count each class of 'shape'"),
    (SAMPLE, {"image": np.zeros((4, 5, 3))}, r"'a'.*uint8.*float64 \(4, 5, 3\)"),
    (SAMPLE, {"image": np.zeros((4, 5), np.uint8)}, r"height x width x 3.*\(4, 5\)"),
    (SAMPLE, {"image": np.zeros((4, 5, 4), np.uint8)}, r"\(4, 5, 4\)"),
    (SAMPLE, {"image": np.zeros((0, 5, 3), np.uint8)}, r"\(0, 5, 3\)"),
    *((SAMPLE, {"um_per_pixel": bad}, f"um per pixel.*{bad}") for bad in (0, -0.1, 100, float("nan"))),
    (PREDICTION, {"probabilities": {"shape": np.array([0.5, 0.6])}}, "'a', task 'shape'.*sum to 1.*0.6"),
    (PREDICTION, {"probabilities": {"shape": np.array([1.5, -0.5])}}, "sum to 1"),
    (PREDICTION, {"probabilities": {"shape": np.array([np.nan, 1])}}, "sum to 1.*nan"),
    (PREDICTION, {"probabilities": {}}, "everything else has"),
    (PREDICTION, {"status": Status.BAD_INPUT}, "bad input has no probabilities"),
    (EXPLANATION, {"heat": HEAT.astype(np.float64)}, "float32 and 2-D.*float64"),
    (EXPLANATION, {"heat": HEAT[None]}, r"2-D.*\(1, 3, 4\)"),
    (EXPLANATION, {"heat": HEAT[:0]}, r"2-D.*\(0, 4\)"),
    (EXPLANATION, {"heat": HEAT - 0.1}, "lie in 0..1, but spans -0.1"),
    (EXPLANATION, {"heat": HEAT * 2}, "spans 0.0..2.0"),
    (EXPLANATION, {"heat": HEAT * np.float32(np.nan)}, "spans nan"),
    (EXPLANATION, {"against": HEAT * 2}, "spans 0.0..2.0"),
    (EXPLANATION, {"peak": 0}, "no_evidence means a peak of 0"),
    (EXPLANATION, {"status": "no_evidence"}, "no_evidence means a peak of 0"),
    (EXPLANATION, {"status": "perhaps"}, "not perhaps"),
    (EXPLANATION, {"rival": "tapered"}, "Why 'normal' and not 'tapered' has two maps"),
    (EXPLANATION, {"map_size": (0, 4)}, "own size is a height and a width, but is"),
    (RESULT, {"n_images": 0}, "'accuracy' must say on how many images"),
    (RESULT, {"low": None}, "'accuracy' needs both ends"),
    (RESULT, {"high": None}, "needs both ends"),
    (RESULT, {"interval": ""}, "how it was made"),
    (RESULT, {"low": 0.99}, "must not end before it begins: 0.99 to 0.95"),
]


@pytest.mark.parametrize(("good", "change", "sentence"), REFUSED, ids=lambda value: str(value)[:30])
def test_every_guard_fires_with_its_sentence(good: Any, change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        replace(good, **change)


def test_what_is_allowed_to_be_unknown_may_be_unknown() -> None:
    assert replace(CARD, counts={}, unknown=("the microscope",)).counts == {}
    assert replace(SAMPLE, um_per_pixel=None, labels={"shape": None}).labels == {"shape": None}
    assert replace(RESULT, low=None, high=None, interval="").low is None
    assert replace(EXPLANATION, heat=HEAT * 0, peak=0, status="no_evidence").peak == 0
    bad = replace(PREDICTION, probabilities={}, decisions={}, status=Status.BAD_INPUT, message="empty file")
    assert bad.status == "bad_input"


def test_nouns_do_not_change() -> None:
    for noun, name in ((TASK, "name"), (CARD, "stain"), (SAMPLE, "id"), (RESULT, "value")):
        with pytest.raises(FrozenInstanceError):
            setattr(noun, name, "else")


def test_a_task_knows_the_number_of_a_class() -> None:
    assert TASK.index("tapered") == 1
    with pytest.raises(ValueError):
        TASK.index("round")


def test_a_report_carries_the_disclaimer() -> None:
    assert Report(title="t", subtitle="s", sections=()).disclaimer == DISCLAIMER
    assert "Not a medical device" in DISCLAIMER


def outline(reliability: float = 0.9, reason: str = "", **masks: Any) -> Outline:
    head = np.zeros((6, 8), bool)
    head[2:4, 2:6] = True
    return Outline(masks={"head": head, **masks}, reliability=reliability, reason=reason)


def test_an_outline_knows_its_head_and_whether_it_can_be_relied_on() -> None:
    assert outline().head.sum() == 8
    assert outline().reliable
    assert not outline(reason="Two heads.").reliable


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"acrosome": np.ones((6, 8), bool)}, "acrosome must lie inside the head"),
        ({"vacuole": np.ones((6, 8), bool)}, "vacuole must lie inside the head"),
        ({"tail": np.zeros((6, 9), bool)}, "mask of the tail must be bool and as large"),
        ({"tail": np.zeros((6, 8), np.uint8)}, "mask of the tail must be bool"),
        ({"ear": np.zeros((6, 8), bool)}, "no part \\['ear'\\]"),
        ({"head": np.zeros((6, 8), bool)}, "without a head must say why"),
        ({"reliability": 1.5}, "lies in 0..1"),
        ({"reliability": float("nan")}, "lies in 0..1"),
    ],
)
def test_an_outline_is_valid_from_birth(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        outline(**wrong)


def test_an_outline_without_a_head_mask_is_none() -> None:
    with pytest.raises(ValueError, match="An outline has a head"):
        Outline(masks={"tail": np.zeros((6, 8), bool)}, reliability=0, reason="Nothing seen.")
