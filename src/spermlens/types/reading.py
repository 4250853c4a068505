"""What is said of one image: the answers, the reasons, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from spermlens.types._demand import demand
from spermlens.types.arrays import Heat, Image, Vector
from spermlens.types.measures import Measures
from spermlens.types.outline import Outline


class Status(StrEnum):
    """What became of an image."""

    DECIDED = "decided"
    UNSURE = "unsure"
    NOT_A_CELL = "not_a_cell"
    BAD_INPUT = "bad_input"


@dataclass(frozen=True, slots=True, kw_only=True)
class Votes:
    """The likeliest class of a task by the network alone and by what is measured alone."""

    network: str
    measures: str

    @property
    def differ(self) -> bool:
        return self.network != self.measures


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """The answer to every task for one image; a bad input has a message instead of probabilities."""

    id: str
    probabilities: Mapping[str, Vector]
    decisions: Mapping[str, str]
    status: Status
    model_id: str
    message: str = ""
    strangeness: float | None = None  # distance to what was learned from, 1 at the limit; None: not known
    votes: Mapping[str, Votes] = field(default_factory=dict)  # of each task on which measures vote too

    def __post_init__(self) -> None:
        for task, values in self.probabilities.items():
            demand(
                bool((values >= 0).all()) and abs(float(values.sum()) - 1) < 1e-4,  # NaN fails both
                f"Prediction '{self.id}', task '{task}': probabilities must sum to 1, but are {values}.",
            )
        demand(
            (self.status is Status.BAD_INPUT) == (not self.probabilities),
            f"Prediction '{self.id}': bad input has no probabilities, everything else has.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Where one method sees the evidence for one class of one task in one image."""

    heat: Heat
    peak: float  # what heat was divided by; 0 with status no_evidence
    status: str  # evidence, no_evidence
    map_size: tuple[int, int]  # height, width of the map before it was resized
    task: str
    target: str  # the class explained
    method: str
    layer: str
    against: Heat | None = None  # signed methods: what speaks against the class, on the same scale
    rival: str = ""  # the class that the target is told apart from; empty: none
    scores: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        maps = [self.heat] if self.against is None else [self.heat, self.against]
        for heat in maps:
            demand(
                heat.dtype == np.float32 and heat.ndim == 2 and heat.size > 0,
                f"A heat map must be float32 and 2-D, but is {heat.dtype} {heat.shape}.",
            )
            demand(
                bool(np.isfinite(heat).all()) and heat.min() >= 0 and heat.max() <= 1 + 1e-6,
                f"A heat map must lie in 0..1, but spans {heat.min()}..{heat.max()}.",
            )
        demand(
            self.status in ("evidence", "no_evidence"),
            f"A map is evidence or no_evidence, not {self.status}.",
        )
        demand(
            (self.status == "no_evidence") == (self.peak == 0),
            "no_evidence means a peak of 0, and the reverse.",
        )
        demand(
            len(self.map_size) == 2 and min(self.map_size) >= 1,
            f"A map's own size is a height and a width, but is {self.map_size}.",
        )
        demand(
            not self.rival or self.against is not None,
            f"Why '{self.target}' and not '{self.rival}' has two maps: for and against.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One image with all that was said of it and measured on it. A bad input has no image.

    Outline and measures are None where they were not asked for, or where there is no cell to measure.
    """

    image: Image | None
    prediction: Prediction
    explanations: tuple[Explanation, ...] = ()
    outline: Outline | None = None
    measures: Measures | None = None
    percentiles: Mapping[str, float] = field(default_factory=dict)  # measure -> place among normal cells
    disagreements: tuple[str, ...] = ()  # where a decision and a measure do not fit together
    reduced: float = 1.0  # pixels as read along one of `image`: a picture for a page may be smaller
