"""How far the reason for a decision can be believed, said beside it: what looks and what measures, joined.

Where a map lies costs next to nothing, for cell and outline are at hand. Its stability asks the network
eight times more, so it is measured on request.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from spermlens.evaluate.reasons import Maps, Pictures
from spermlens.evaluate.reasons.inside import energy_inside, energy_over_area, peak_inside
from spermlens.evaluate.reasons.turning import TURNS, stability
from spermlens.explain._scaled import Question, explanations
from spermlens.predict.eye import Eye, Squares
from spermlens.predict.framed import Framed
from spermlens.types import Explanation, Mask, Outline, Reading

MARGIN = 0.5  # cells of the map around the head that are no background: a cell can point no finer
MIRRORED = ((0, True),)  # of a head that is upright already: turned, it would be a stranger


@dataclass(frozen=True, slots=True)
class Believing:
    """Fills the `scores` of explanations; those that tell two classes apart are drawn, not scored."""

    steady: bool = False  # stability, too

    def __call__(
        self, eye: Eye, cells: Sequence[Framed], squares: Squares, readings: Sequence[Reading]
    ) -> list[Reading]:
        found = [
            replace(one, explanations=tuple(_placed(one, cell)))
            for one, cell in zip(readings, cells, strict=True)
        ]
        return _steadied(eye, squares, found) if self.steady else found


def near(head: Mask, reach: float) -> Mask:
    """The head and what lies no farther from it than `reach` pixels."""
    from scipy.ndimage import distance_transform_edt

    if not head.any():
        return head
    found: Mask = distance_transform_edt(~head) <= reach
    return found


def where(found: Explanation, outline: Outline, field: Mask, reach: float) -> dict[str, float]:
    """What of a map lies in the head and away from it; nothing where that cannot be told.

    `field` is what the network saw of the image, `reach` how many pixels around the head are no background.
    """
    if not outline.reliable:
        return {}
    # flat: a field that is turned is no rectangle, and none of these asks for neighbours
    heat = found.heat[field]
    head, around = (mask[field] for mask in (outline.head, near(outline.head, reach)))
    scores = {
        "energy_in_head": energy_inside(heat, head),
        "energy_over_area": energy_over_area(heat, head),
        "peak_in_head": peak_inside(found.heat, outline.head),
        "energy_on_background": 1 - energy_inside(heat, around),
    }
    return {name: float(value) for name, value in scores.items() if np.isfinite(value)}


def _placed(reading: Reading, cell: Framed) -> Iterator[Explanation]:
    outline = reading.outline
    if outline is None:  # not measured, or there is no cell
        yield from reading.explanations
        return
    side = cell.framing.size
    field = cell.laid_back(np.ones((side, side), np.float32)) > 0.5
    px = side / cell.framing.scale(cell.sample.um_per_pixel)  # of the image, along the square
    for one in reading.explanations:
        reach = MARGIN * px / min(one.map_size)
        yield one if one.rival else replace(one, scores=where(one, outline, field, reach))


def _steadied(eye: Eye, squares: Squares, readings: Sequence[Reading]) -> list[Reading]:
    """With the stability of each map; all readings of a batch have the same tasks and methods in order."""
    columns = zip(*(one.explanations for one in readings), strict=True)
    found = list(zip(*(_steady(eye, squares, column) for column in columns), strict=True))
    return [replace(one, explanations=of_it) for one, of_it in zip(readings, found, strict=True)]


def _steady(eye: Eye, squares: Squares, column: Sequence[Explanation]) -> list[Explanation]:
    first, model = column[0], eye.description
    if first.rival:
        return list(column)
    classes = next(task.classes for task in model.tasks if task.name == first.task)
    targets = tuple(classes.index(one.target) for one in column)
    question = Question(task=first.task, targets=targets, method=first.method, layer=first.layer)

    def maps(seen: Pictures) -> Maps:
        told = explanations(eye.why(seen, question), (seen.shape[1], seen.shape[2]), question, classes)
        return np.stack([one.heat for one in told])

    turns = MIRRORED if model.framing.aligns else TURNS[1:]
    values: NDArray[np.float64] = stability(maps, squares, turns)
    return [
        replace(one, scores={**one.scores, "stability": float(value)}) if np.isfinite(value) else one
        for one, value in zip(column, values, strict=True)
    ]
