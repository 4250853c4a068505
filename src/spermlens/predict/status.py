"""From what a network says to a decision, or to the admission that there is none."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from spermlens.models._description import Description
from spermlens.types import Image, Prediction, Sample, Status

FAINTEST = 3.0  # grey levels: a field whose spread is below this shows nothing
WIDEST = 2.5  # fields: a longer image, longer also than any learned from, is no crop of a cell

Said = tuple[Mapping[str, NDArray[np.float64]], float | None]  # probabilities of each task, and the distance


def decide(sample: Sample, square: Image, said: Said, model: Description) -> Prediction:
    """A class for every task that is sure enough; the status is that of the least sure task.

    A task below its threshold has no decision. Nothing is decided where there is no cell (a blank field, a
    whole field of view, or a task that knows the class 'not a sperm' and finds it) and where the picture
    lies too far from all that the model learned from.
    """
    probabilities, distance = said
    classes = {task.name: task.classes for task in model.tasks}
    likeliest = {task: classes[task][int(values.argmax())] for task, values in probabilities.items()}
    sure = {
        task: float(values.max()) >= model.threshold.get(task, 0.0) for task, values in probabilities.items()
    }
    strangeness = distance / model.strangest if distance is not None and model.strangest else None
    no_cell = _why_no_cell(likeliest, sure, sample, square, model)
    strange = strangeness is not None and strangeness > 1
    unsure = [task for task, is_sure in sure.items() if not is_sure]
    if no_cell:
        status, message = Status.NOT_A_CELL, no_cell
    elif strange:
        status, message = Status.UNSURE, "unlike the pictures the model learned from"
    elif unsure:
        status, message = Status.UNSURE, f"not sure enough about {', '.join(unsure)}"
    else:
        status, message = Status.DECIDED, ""
    nothing = bool(no_cell) or strange
    return Prediction(
        id=sample.id,
        probabilities=probabilities,
        decisions={task: likeliest[task] if sure[task] and not nothing else "" for task in likeliest},
        status=status,
        model_id=model.id,
        message=message,
        strangeness=strangeness,
    )


def bad_input(id: str, message: str, model: Description) -> Prediction:
    """The row of an image that could not be read."""
    return Prediction(
        id=id, probabilities={}, decisions={}, status=Status.BAD_INPUT, model_id=model.id, message=message
    )


def _why_no_cell(
    likeliest: Mapping[str, str], sure: Mapping[str, bool], sample: Sample, square: Image, model: Description
) -> str:
    height, width = sample.image.shape[:2]
    field = model.framing.size / model.framing.scale(sample.um_per_pixel)
    if max(height, width) > max(WIDEST, model.longest) * field:
        return (
            f"{width}x{height} pixels are a field of view: the model reads crops of about {field:.0f} pixels"
        )
    if float(square.mean(2).std()) < FAINTEST:
        return "the field is blank"
    for task, no_cell in model.not_a_cell.items():
        if likeliest[task] == no_cell and sure[task]:
            return f"{task} says {no_cell}"
    return ""
