"""What always answering the commonest class is worth: a line that needs no network, from the truths alone.

The class is the commonest among the judged images themselves. Learning from other images cannot do better
by always saying one class.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from spermlens.evaluate.as_published import with_published_scores
from spermlens.evaluate.intervals import judge
from spermlens.evaluate.table import Predictions
from spermlens.reproduce.contenders import Contender
from spermlens.types import Result

NOTHING = "nothing"  # the condition: nothing of an image is seen
MODEL, RECIPE = "majority", "commonest"


def commonest(lines: Sequence[Contender], resamples: int) -> list[Result]:
    """The scores of every data set and task, each on its first repeat: the others are of the same images."""
    first: dict[tuple[str, str], Contender] = {}
    for line in lines:
        first.setdefault((line.dataset, line.task.name), line)
    return [
        result
        for line in first.values()
        for result in judge(
            _always(line.tables[line.decided].labelled.first_repeat),
            dataset=line.dataset,
            model=MODEL,
            resamples=resamples,
            scores=with_published_scores,
            recipe=RECIPE,
            condition=NOTHING,
        )
    ]


def _always(table: Predictions) -> Predictions:
    """The same images, each held for the commonest class without a doubt."""
    counts = np.bincount(table.truth, minlength=len(table.task.classes))
    said = np.zeros_like(table.probabilities)
    said[:, counts.argmax()] = 1
    return replace(table, probabilities=said)
