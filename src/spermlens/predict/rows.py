"""A prediction as one flat row: every probability, every decision, and what became of the image."""

from __future__ import annotations

from collections.abc import Sequence

from spermlens.spreadsheet import Cell
from spermlens.types import Prediction, Task

Row = dict[str, Cell]


def columns(tasks: Sequence[Task]) -> list[str]:
    """image, status; per task its decision, likeliest class, confidence, probabilities; what else is said."""
    of_tasks = [
        column
        for task in tasks
        for column in (
            task.name,
            f"{task.name}_likeliest",
            f"{task.name}_confidence",
            *(f"p_{task.name}_{name}" for name in task.classes),
        )
    ]
    return ["image", "status", *of_tasks, "strangeness", "message", "model"]


def row_of(prediction: Prediction, tasks: Sequence[Task]) -> Row:
    """The row; cells of a bad input stay empty."""
    row: Row = dict.fromkeys(columns(tasks))
    row |= {
        "image": prediction.id,
        "status": prediction.status.value,
        "strangeness": prediction.strangeness,
        "message": prediction.message,
        "model": prediction.model_id,
    }
    for task in tasks:
        values = prediction.probabilities.get(task.name)
        if values is None:
            continue
        row[task.name] = prediction.decisions[task.name]
        row[f"{task.name}_likeliest"] = task.classes[int(values.argmax())]
        row[f"{task.name}_confidence"] = float(values.max())
        for name, value in zip(task.classes, values, strict=True):
            row[f"p_{task.name}_{name}"] = float(value)
    return row
