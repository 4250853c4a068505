"""In which order an epoch shows its images: each once, or the classes of one task equally often.

Balanced, an epoch has as many images as before. Of a rare class every image comes again and again, each time
changed anew; of a common one a part is left out, another one every epoch.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator

from spermlens.errors import UnknownName
from spermlens.training.losses import MISSING

Ints = NDArray[np.int64]
_BALANCED = "balanced:"


def labels_to_balance(sampling: str, labels: Mapping[str, Ints]) -> Ints | None:
    """The class numbers of the task that `training.sampling` names; None where images come as they come."""
    if not sampling.startswith(_BALANCED):
        return None
    task = sampling.removeprefix(_BALANCED)
    if task not in labels:
        raise UnknownName("task", task, labels)
    return labels[task]


def plain_order(count: int, generator: Generator) -> Ints:
    """Every image once."""
    return np.asarray(torch.randperm(count, generator=generator).numpy())


def balanced_order(labels: Ints, generator: Generator) -> Ints:
    """As many images as there are labels; of the annotated ones, the classes take turns.

    So any stretch of it holds as many of each class, but for one. Images that are not annotated come once,
    anywhere. A class that does not occur has no turn.
    """
    order = plain_order(len(labels), generator)  # tells where the images without an annotation come
    free = labels[order] != MISSING
    present = np.unique(labels[order][free])
    if not len(present):
        return order
    turns = present[plain_order(len(present), generator)]
    classes = np.resize(turns, int(free.sum()))
    drawn = np.empty_like(classes)
    for number in turns:
        places = np.flatnonzero(classes == number)
        drawn[places] = _again_and_again(np.flatnonzero(labels == number), len(places), generator)
    order[free] = drawn
    return order


def _again_and_again(images: Ints, count: int, generator: Generator) -> Ints:
    """So many of the images, none twice before all the others came as often."""
    rounds = -(-count // len(images))
    return np.concatenate([images[plain_order(len(images), generator)] for _ in range(rounds)])[:count]
