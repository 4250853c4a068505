"""Two votes, one of the network and one of what is measured, and the mean of both.

Each vote is tempered by itself before the mean and the mean after, as tables judge it: a model that is
saved with a ruler answers as the average that was judged (`evaluate.calibration.cross_fitted_mean`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from spermlens.errors import BadModel
from spermlens.locate.columns import ALL
from spermlens.models._description import Description
from spermlens.models._ruler import Ruler
from spermlens.predict.eye import Eye, Floats, Seen, tempered
from spermlens.predict.framed import Framed
from spermlens.types import Task, Votes

OfOne = dict[str, Votes]  # task -> how the two votes on one cell went


def voted(eye: Eye, cells: Sequence[Framed], seen: Seen) -> tuple[Seen, list[OfOne]]:
    """The mean of both votes instead of the network's where measures vote, and which class each was for."""
    model, together = eye.description, dict(seen.probabilities)
    votes: list[OfOne] = [{} for _ in cells]
    for task in model.tasks:
        if task.name not in eye.rulers:
            continue
        by_network, ruler = seen.probabilities[task.name], eye.rulers[task.name]
        by_measures = tempered(_told(ruler, cells, model), model.voting[task.name].measures)
        mean = (by_network + by_measures) / 2
        together[task.name] = tempered(mean, model.temperature.get(task.name, 1.0))
        for of_one, one, other in zip(votes, by_network, by_measures, strict=True):
            of_one[task.name] = Votes(network=_likeliest(task, one), measures=_likeliest(task, other))
    return replace(seen, probabilities=together), votes


def _told(ruler: Ruler, cells: Sequence[Framed], model: Description) -> Floats:
    if strange := [name for name in ruler.columns if name not in ALL]:
        raise BadModel(
            f"{model.id} votes by {', '.join(strange)}, which this version does not measure. "
            "Use the version of spermlens that it was saved with."
        )
    where = [ALL.index(name) for name in ruler.columns]
    return ruler.probabilities(np.array([cell.row for cell in cells])[:, where])


def _likeliest(task: Task, probabilities: Floats) -> str:
    return task.classes[int(probabilities.argmax())]
