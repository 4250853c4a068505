"""A reading as one flat row: probabilities, decisions, what became of the image, what was measured."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from spermlens.predict.measured import MEASURES, cells_of
from spermlens.predict.normal import Normal, placed
from spermlens.spreadsheet import Cell
from spermlens.types import Prediction, Reading, Task

Row = dict[str, Cell]
OUTLINE = ("outline_reliability", "outline_reason")
DISAGREEMENT = "disagreement"


def columns(tasks: Sequence[Task], voting: Collection[str] = ()) -> list[str]:
    """image, status; per task its decision, likeliest class, confidence, probabilities; what else is said.

    `voting` are the tasks on which measures vote beside the network: of these it is told who is for what.
    """
    of_tasks = [
        column
        for task in tasks
        for column in (
            task.name,
            f"{task.name}_likeliest",
            f"{task.name}_confidence",
            *((f"{task.name}_by_network", f"{task.name}_by_measures") if task.name in voting else ()),
            *(f"p_{task.name}_{name}" for name in task.classes),
        )
    ]
    return ["image", "status", *of_tasks, "strangeness", "message", "model"]


def row_of(prediction: Prediction, tasks: Sequence[Task], voting: Collection[str] = ()) -> Row:
    """The row; cells of a bad input stay empty."""
    row: Row = dict.fromkeys(columns(tasks, voting))
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
        if task.name in voting:
            votes = prediction.votes[task.name]
            row |= {f"{task.name}_by_network": votes.network, f"{task.name}_by_measures": votes.measures}
    return row


def measure_columns(tasks: Sequence[Task], normal: Normal) -> list[str]:
    """Those that follow where cells are measured; a measure that a task bears the name of is left out."""
    taken = set(columns(tasks))
    found = (*OUTLINE, *MEASURES, *(f"{name}_percentile" for name in placed(normal)), DISAGREEMENT)
    return [name for name in found if name not in taken]


def measured_row(
    reading: Reading, tasks: Sequence[Task], normal: Normal, voting: Collection[str] = ()
) -> Row:
    """The row of a reading with its measures; where none were taken, their cells stay empty."""
    row: Row = dict.fromkeys([*columns(tasks, voting), *measure_columns(tasks, normal)])
    if reading.outline is not None and reading.measures is not None:
        found: Row = {
            "outline_reliability": reading.outline.reliability,
            "outline_reason": reading.outline.reason,
            **cells_of(reading.measures),
            **{f"{name}_percentile": place for name, place in reading.percentiles.items()},
            DISAGREEMENT: "; ".join(reading.disagreements),
        }
        row |= {name: value for name, value in found.items() if name in row}
    return row | row_of(reading.prediction, tasks, voting)
