"""The nouns of the house: small, frozen, valid from birth, NumPy only.

file -> Card + Sample -> Prediction -> Explanation -> Result -> Report
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]  # height x width x 3
Heat = NDArray[np.float32]  # height x width, 0..1
Vector = NDArray[np.float64]

DISCLAIMER = "Research use only. Not a medical device, not for diagnosis."


def _demand(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)


@dataclass(frozen=True, slots=True)
class Task:
    """A question about an image and the answers it can have."""

    name: str
    classes: tuple[str, ...]

    def __post_init__(self) -> None:
        _demand(bool(self.name), "A task must have a name.")
        _demand(len(self.classes) >= 2, f"Task '{self.name}' must have two classes or more: {self.classes}.")
        _demand(
            len(set(self.classes)) == len(self.classes),
            f"Task '{self.name}' names a class twice: {self.classes}.",
        )

    def index(self, label: str) -> int:
        return self.classes.index(label)


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What is known of a data set, and what is not."""

    name: str
    title: str
    source: str
    licence: str
    citation: str
    tasks: tuple[Task, ...]
    counts: Mapping[str, tuple[int, ...]]  # task -> images per class; empty where it depends on the folder
    group: str  # what a group is ("patient"), or "not released"
    stain: str
    um_per_pixel: float | None
    field_px: int | None  # side, in source pixels, of the square that holds a whole cell; None: see the data
    unknown: tuple[str, ...]  # what the publisher does not say; every report prints it
    pixels_sha256: str | None = None  # over the sorted hashes of all decoded images
    download: str | None = None  # a zip; where `files` are named, the address below which they lie
    files: Mapping[str, str] = field(default_factory=dict)  # name -> sha256
    facts: Mapping[str, str] = field(default_factory=dict)  # column -> value: which shipped rows it is of

    def __post_init__(self) -> None:
        for name in ("name", "title", "source", "licence", "citation", "group", "stain"):
            _demand(bool(getattr(self, name)), f"The card of '{self.name}' must say its {name}.")
        for task in self.tasks:
            counts = self.counts.get(task.name)
            _demand(
                counts is None or len(counts) == len(task.classes),
                f"The card of '{self.name}' must count each class of '{task.name}'.",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One image with what is known about it. A label of None means: not annotated."""

    id: str
    image: Image
    labels: Mapping[str, int | None] = field(default_factory=dict)
    group: str | None = None
    split: str | None = None
    um_per_pixel: float | None = None

    def __post_init__(self) -> None:
        image = self.image
        _demand(
            image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] == 3 and image.size > 0,
            f"Sample '{self.id}': the image must be uint8, height x width x 3, "
            f"but is {image.dtype} {image.shape}.",
        )
        _demand(
            self.um_per_pixel is None or 0 < self.um_per_pixel < 100,
            f"Sample '{self.id}': um per pixel must lie between 0 and 100, but is {self.um_per_pixel}.",
        )


class Status(StrEnum):
    """What became of an image."""

    DECIDED = "decided"
    UNSURE = "unsure"
    NOT_A_CELL = "not_a_cell"
    BAD_INPUT = "bad_input"


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

    def __post_init__(self) -> None:
        for task, values in self.probabilities.items():
            _demand(
                bool((values >= 0).all()) and abs(float(values.sum()) - 1) < 1e-4,  # NaN fails both
                f"Prediction '{self.id}', task '{task}': probabilities must sum to 1, but are {values}.",
            )
        _demand(
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
    scores: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        maps = [self.heat] if self.against is None else [self.heat, self.against]
        for heat in maps:
            _demand(
                heat.dtype == np.float32 and heat.ndim == 2 and heat.size > 0,
                f"A heat map must be float32 and 2-D, but is {heat.dtype} {heat.shape}.",
            )
            _demand(
                bool(np.isfinite(heat).all()) and heat.min() >= 0 and heat.max() <= 1 + 1e-6,
                f"A heat map must lie in 0..1, but spans {heat.min()}..{heat.max()}.",
            )
        _demand(
            self.status in ("evidence", "no_evidence"),
            f"A map is evidence or no_evidence, not {self.status}.",
        )
        _demand(
            (self.status == "no_evidence") == (self.peak == 0),
            "no_evidence means a peak of 0, and the reverse.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One image with all that was said of it. A bad input has no image."""

    image: Image | None
    prediction: Prediction
    explanations: tuple[Explanation, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One figure, its interval and what it rests on. The fields are the columns of a results file."""

    dataset: str
    model: str
    task: str
    metric: str
    value: float
    low: float | None
    high: float | None
    interval: str  # how low and high came about
    n_images: int
    alias: str = ""
    recipe: str = ""
    method: str = ""
    condition: str = ""
    repeats: int = 1
    runs: str = ""
    per_fold: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        _demand(self.n_images > 0, f"'{self.metric}' must say on how many images it rests.")
        _demand(
            (self.low is None) == (self.high is None) and (self.low is None or bool(self.interval)),
            f"'{self.metric}' needs both ends of its interval and how it was made.",
        )
        _demand(
            self.low is None or self.high is None or self.low <= self.high,
            f"The interval of '{self.metric}' must not end before it begins: {self.low} to {self.high}.",
        )


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph; `tone` is lead (the sentence to remember), plain, note or warning."""

    body: str
    tone: str = "plain"

    def __post_init__(self) -> None:
        _demand(self.tone in ("lead", "plain", "note", "warning"), f"A text has no tone '{self.tone}'.")


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under headings; cells are text or numbers."""

    caption: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str | float | int | None, ...], ...]

    def __post_init__(self) -> None:
        for row in self.rows:
            _demand(
                len(row) == len(self.headings),
                f"Table '{self.caption}': {len(row)} cells under {len(self.headings)} headings.",
            )


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture as PNG or SVG bytes, with words for those who cannot see it."""

    caption: str
    media: str  # image/png or image/svg+xml
    data: bytes
    alt: str

    def __post_init__(self) -> None:
        _demand(self.media in ("image/png", "image/svg+xml"), f"A figure is PNG or SVG, not {self.media}.")
        _demand(bool(self.alt), f"Figure '{self.caption}' must be told in words, too.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One cell on a page: its pictures side by side, its probabilities, and a verdict in words."""

    title: str
    verdict: str
    tone: str  # good, bad, unsure or plain
    figures: tuple[Figure, ...]
    bars: tuple[tuple[str, float], ...] = ()  # class and probability
    lines: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _demand(self.tone in ("good", "bad", "unsure", "plain"), f"A tile has no tone '{self.tone}'.")


@dataclass(frozen=True, slots=True)
class Gallery:
    """Cells beside each other."""

    caption: str
    tiles: tuple[Tile, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A titled part of a report."""

    title: str
    parts: tuple[Text | Table | Figure | Gallery, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Sections that render to HTML and JSON alike. The disclaimer is not optional."""

    title: str
    subtitle: str
    sections: tuple[Section, ...]
    facts: Mapping[str, Any] = field(default_factory=dict)
    disclaimer: str = DISCLAIMER
