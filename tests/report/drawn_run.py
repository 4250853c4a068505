"""A finished run and a batch of readings, drawn and rolled at test time."""

from __future__ import annotations

import json

import numpy as np

from spermlens.datasets import Listing
from spermlens.evaluate.table import Predictions
from spermlens.files import write_json, write_text
from spermlens.runs import Run
from spermlens.types import Explanation, Prediction, Reading, Status, Task

TASK = Task("head_shape", ("normal", "tapered", "pyriform"))
HOSTILE = '<script>alert("x")</script>&.png'
UNKNOWN = "Which head is whose was not released."
EXPERIMENT = """
name = "drawn"
claim = "A drawn claim."
[data]
name = "folder"
[model]
name = "simple_cnn"
[training]
[[training.phases]]
train = "heads"
epochs = 2
learning_rate = 1e-3
[[training.phases]]
train = "all"
epochs = 2
learning_rate = 1e-4
[decide]
views = 2
"""
THRESHOLD = 0.7


def picture(seed: int, height: int = 40, width: int = 48):
    """A dark blob somewhere on a light field."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    row, column = rng.uniform(12, 28, 2)
    blob = np.exp(-((y - row) ** 2 / 60 + (x - column) ** 2 / 30))
    field = np.array([230, 170, 190]) - 150 * blob[:, :, None] + rng.normal(0, 4, (height, width, 3))
    return field.clip(0, 255).astype(np.uint8)


def rolled(listing: Listing) -> Predictions:
    rng = np.random.default_rng(1)
    n, truth = len(listing), listing.labels("head_shape")
    logits = rng.normal(0, 1.2, (n, 3))
    logits[np.arange(n), truth] += 1.5
    odds = np.exp(logits)
    return Predictions(
        task=TASK,
        ids=tuple(listing.ids),
        units=tuple(listing.ids),
        repeats=np.zeros(n, np.int64),
        folds=np.arange(n) % 2,
        truth=truth,
        probabilities=odds / odds.sum(1, keepdims=True),
    )


def write_fold(run: Run, table: Predictions, fold: int) -> None:
    rng = np.random.default_rng(fold)
    maps = rng.normal(0.3, 0.5, (len(table), 4, 4)).round(3).tolist()
    test = {
        "ids": list(table.ids),
        "views": {"1": {"head_shape": table.probabilities.tolist()}},
        "maps": {"head_shape": maps},
    }
    write_json(run.part(f"r0f{fold}") / "predictions.json", {"test": test})
    epochs = [{"epoch": n + 1, "phase": n // 2, "loss": 1.0 / (n + 1 + fold)} for n in range(4)]
    write_text(run.part(f"r0f{fold}") / "metrics.jsonl", "".join(json.dumps(row) + "\n" for row in epochs))


def reading(id: str, values: list[float], status: Status, seed: int = 0) -> Reading:
    """A reading of a drawn cell with a signed map of its likeliest class."""
    p = np.array(values)
    likeliest = TASK.classes[int(p.argmax())]
    heat = np.zeros((40, 48), np.float32)
    heat[10:20, 10:30] = 1
    why = Explanation(
        heat=heat,
        against=np.ascontiguousarray(heat[::-1]) * np.float32(0.5),
        peak=2.0,
        status="evidence",
        map_size=(4, 5),
        task="head_shape",
        target=likeliest,
        method="gradcampp",
        layer="pooled",
    )
    prediction = Prediction(
        id=id,
        probabilities={"head_shape": p},
        decisions={"head_shape": likeliest if status is Status.DECIDED else ""},
        status=status,
        model_id="drawn@abababababab",
        message="the field is blank" if status is Status.NOT_A_CELL else "",
    )
    return Reading(image=picture(seed), prediction=prediction, explanations=(why,))
