"""What looks at squares and says what it sees: a network, or a graph that was made of one. No torch.

The pipeline asks an eye and does not know which of the two it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from spermlens.errors import BadModel
from spermlens.explain._scaled import EveryClass, Question, RawMap
from spermlens.models._description import Description
from spermlens.models._ruler import Ruler
from spermlens.predict.sides import Sides

Squares = NDArray[np.uint8]  # n x size x size x 3
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Seen:
    """What an eye says of n squares."""

    probabilities: dict[str, Floats]  # {task: (n, classes)}, averaged over the views, tempered
    distances: Floats | None  # (n,) to what it learned from, in the first view; None: not known
    maps: Mapping[tuple[str, str], EveryClass] = field(default_factory=dict)  # (method, task), first view

    def of(self, index: int) -> tuple[dict[str, Floats], float | None]:
        """Probabilities and distance of one square."""
        distance = None if self.distances is None else float(self.distances[index])
        return {task: values[index] for task, values in self.probabilities.items()}, distance


class Eye(Protocol):
    """A model that can be asked, whatever runs it."""

    @property
    def description(self) -> Description: ...

    @property
    def rulers(self) -> Mapping[str, Ruler]:
        """Task -> what reads measures, where these vote."""
        ...

    @property
    def runs_on(self) -> str:
        """The device, in words."""
        ...

    def look(self, squares: Squares, sides: Sides, methods: Sequence[str] = (), layer: str = "") -> Seen:
        """The answers from all sides; of these methods, those maps that come with the answers."""
        ...

    def why(self, squares: Squares, question: Question, seen: Seen | None = None) -> list[RawMap]:
        """A map a square; out of what was `seen` with the answers, where they are there."""
        ...


def tempered(probabilities: Floats, divisor: float) -> Floats:
    """Their logarithms divided; the likeliest class stays so."""
    if divisor == 1:
        return probabilities
    return softmax(np.log(np.maximum(probabilities, np.finfo(np.float64).tiny)) / divisor)


def softmax(logits: Floats) -> Floats:
    """n x classes, each row summing to 1."""
    shares = np.exp(logits - logits.max(1, keepdims=True))
    return np.asarray(shares / shares.sum(1, keepdims=True))


def check_finite(probabilities: Mapping[str, Floats]) -> None:
    """Raise `BadModel` where an answer is no number."""
    for task, said in probabilities.items():
        if not np.isfinite(said).all():
            raise BadModel(
                f"The answers to '{task}' are not finite: the network's values overflow. "
                "Train it again with a lower learning rate."
            )
