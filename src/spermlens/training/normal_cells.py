"""What a model keeps of the measures of the normal cells that it learned from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from spermlens.predict.measured import located
from spermlens.predict.normal import NORMAL, told_by
from spermlens.types import Sample, Spread, Task

LEAST = 30  # cells: of fewer, the ends of a spread tell of single cells


def spreads_of_normal(samples: Iterable[Sample], tasks: Sequence[Task]) -> dict[str, dict[str, Spread]]:
    """{task: {measure: spread}} over the reliable outlines of the cells that a task calls normal.

    A task without that class has none, nor has a measure that fewer than LEAST cells give.
    """
    asked = {task.name: task.index(NORMAL) for task in tasks if NORMAL in task.classes}
    values: dict[str, dict[str, list[float]]] = {task: {name: [] for name in told_by(task)} for task in asked}
    for sample in samples:
        normal = [task for task, index in asked.items() if sample.labels.get(task) == index]
        if not normal:
            continue
        _, measures = located(sample.image, sample.um_per_pixel)
        if measures.reason:
            continue
        for task in normal:
            for name, known in values[task].items():
                value = measures.values.get(name)
                if value is not None:
                    known.append(value)
    found = {
        task: {name: Spread.of(np.array(v)) for name, v in of_task.items() if len(v) >= LEAST}
        for task, of_task in values.items()
    }
    return {task: spreads for task, spreads in found.items() if spreads}
