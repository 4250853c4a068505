"""From probabilities to a decision, or to the admission that there is none."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from spermlens.models._store import Description
from spermlens.types import Image, Prediction, Status

FAINTEST = 3.0  # grey levels: a field whose spread is below this shows nothing


def decide(
    id: str, probabilities: Mapping[str, NDArray[np.float64]], square: Image, model: Description
) -> Prediction:
    """A class for every task that is sure enough; the status is that of the least sure task.

    A task below its threshold has no decision. Where a task knows the class 'not a sperm' and finds it, or
    the field is blank, nothing is decided.
    """
    classes = {task.name: task.classes for task in model.tasks}
    likeliest = {task: classes[task][int(values.argmax())] for task, values in probabilities.items()}
    sure = {
        task: float(values.max()) >= model.threshold.get(task, 0.0) for task, values in probabilities.items()
    }
    no_cell = _why_no_cell(likeliest, sure, square, model)
    unsure = [task for task, is_sure in sure.items() if not is_sure]
    if no_cell:
        status, message = Status.NOT_A_CELL, no_cell
    elif unsure:
        status, message = Status.UNSURE, f"not sure enough about {', '.join(unsure)}"
    else:
        status, message = Status.DECIDED, ""
    decisions = {task: likeliest[task] if sure[task] and not no_cell else "" for task in likeliest}
    return Prediction(
        id=id,
        probabilities=probabilities,
        decisions=decisions,
        status=status,
        model_id=model.id,
        message=message,
    )


def bad_input(id: str, message: str, model: Description) -> Prediction:
    """The row of an image that could not be read."""
    return Prediction(
        id=id, probabilities={}, decisions={}, status=Status.BAD_INPUT, model_id=model.id, message=message
    )


def _why_no_cell(
    likeliest: Mapping[str, str], sure: Mapping[str, bool], square: Image, model: Description
) -> str:
    if float(square.mean(2).std()) < FAINTEST:
        return "the field is blank"
    for task, no_cell in model.not_a_cell.items():
        if likeliest[task] == no_cell and sure[task]:
            return f"{task} says {no_cell}"
    return ""
