"""Labels that a model speaks against which had not learned from them: a list for an expert to look at.

For each class the mean probability that its own images are given is what the model is used to. A label is
suspect when its probability is below what its class is used to, and another class is at or above what that
one is used to. (The rule of confident learning: Northcutt, Jiang, Chuang, J Artif Intell Res 2021;70.)
A suspect may as well be a hard image that is labelled rightly: nothing is dropped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spermlens.evaluate.table import Predictions


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """An image whose label is doubted, and the class that the model finds in it."""

    image: str
    task: str
    given: str
    suggested: str
    p_given: float
    p_suggested: float
    usual_given: float  # mean probability of the given class in images so labelled
    usual_suggested: float

    @property
    def doubt(self) -> float:
        """How much likelier the other class is, -1..1; the list is sorted by it."""
        return self.p_suggested - self.p_given


def suspects(predictions: Predictions) -> list[Suspect]:
    """The most doubtful first. Of several repeats the mean is taken; rows without a label take no part."""
    ids, truth, p = _per_image(predictions.labelled)
    classes = predictions.task.classes
    # a class without images is never suggested
    usual = np.array([p[truth == n, n].mean() if (truth == n).any() else np.inf for n in range(len(classes))])
    found = []
    for image, label, values in zip(ids, truth.tolist(), p, strict=True):
        confident = values >= usual
        confident[label] = False
        if values[label] >= usual[label] or not confident.any():
            continue
        other = int(np.where(confident, values, -1).argmax())
        found.append(
            Suspect(
                image=image,
                task=predictions.task.name,
                given=classes[label],
                suggested=classes[other],
                p_given=float(values[label]),
                p_suggested=float(values[other]),
                usual_given=float(usual[label]),
                usual_suggested=float(usual[other]),
            )
        )
    return sorted(found, key=lambda suspect: (-suspect.doubt, suspect.image))


def _per_image(
    table: Predictions,
) -> tuple[Sequence[str], NDArray[np.int64], NDArray[np.float64]]:
    """Ids, labels and mean probabilities, one an image."""
    ids, first, place = np.unique(np.array(table.ids, object), return_index=True, return_inverse=True)
    total = np.zeros((len(ids), table.probabilities.shape[1]))
    np.add.at(total, place, table.probabilities)
    return ids.tolist(), table.truth[first], total / np.bincount(place)[:, None]
