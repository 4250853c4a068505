"""Where a cell lies among the normal cells that a model learned from.

Only measures without a unit are placed: they need no size of a pixel, and no scale is mixed into them.
"""

from __future__ import annotations

from collections.abc import Mapping

from spermlens.types import Measures, Spread

NORMAL = "normal"  # the class by which data sets say so
PLACED = (
    "length_over_width",
    "ellipticity",
    "elongation",
    "regularity",
    "rugosity",
    "side_symmetry",
    "end_symmetry",
    "taper",
    "acrosome_share",
    "vacuoles",
    "vacuole_share",
)
# measure -> the one task that it is held against where a model has that
OF_A_PART = {"acrosome_share": "acrosome", "vacuoles": "vacuole", "vacuole_share": "vacuole"}
PARTS = ("acrosome", "vacuole", "midpiece", "tail")  # tasks whose normal cells may have any head

Normal = Mapping[str, Mapping[str, Spread]]  # task -> measure -> spread over its normal class


def task_of(measure: str, normal: Normal) -> str | None:
    """The task whose normal cells tell of a measure: that of its part, else the first of the whole head."""
    own = OF_A_PART.get(measure)
    if own is not None and own in normal:
        return own
    return next((task for task in normal if task not in PARTS), None)


def told_by(task: str) -> tuple[str, ...]:
    """The measures that normal cells of a task tell of: a normal acrosome may sit on any head."""
    return tuple(name for name in PLACED if task not in PARTS or OF_A_PART.get(name) == task)


def spread_of(measure: str, normal: Normal) -> Spread | None:
    """How a measure is spread over normal cells; None where it is not known."""
    task = task_of(measure, normal)
    return None if task is None else normal[task].get(measure)


def placed(normal: Normal) -> tuple[str, ...]:
    """The measures that can be placed."""
    return tuple(name for name in PLACED if spread_of(name, normal) is not None)


def percentiles(measures: Measures, normal: Normal) -> dict[str, float]:
    """{measure: how many percent of the normal cells lie below}; nothing of an outline not relied on."""
    if measures.reason:
        return {}
    found = {}
    for name in placed(normal):
        value, spread = measures.values.get(name), spread_of(name, normal)
        if value is not None and spread is not None:
            found[name] = spread.percentile(value)
    return found
