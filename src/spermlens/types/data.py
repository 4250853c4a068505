"""What is given: tasks, the card of a data set, its samples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from spermlens.types._demand import demand
from spermlens.types.arrays import Image

NOT_COMMERCIAL = "not for commercial use"  # as the licence on a card says it


def forbids_commerce(data: Mapping[str, Any]) -> bool:
    """Whether the licence of what a model learned from, or of what one before it did, rules out commerce."""
    return any(NOT_COMMERCIAL in str(said) for said in (data.get("licence", ""), *data.get("before", ())))


@dataclass(frozen=True, slots=True)
class Task:
    """A question about an image and the answers it can have."""

    name: str
    classes: tuple[str, ...]

    def __post_init__(self) -> None:
        demand(bool(self.name), "A task must have a name.")
        demand(len(self.classes) >= 2, f"Task '{self.name}' must have two classes or more: {self.classes}.")
        demand(
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
    tasks: tuple[Task, ...]  # none where a set serves measuring only
    counts: Mapping[str, tuple[int, ...]]  # task -> images per class; empty where it depends on the folder
    group: str  # what a group is ("patient"), or "not released"
    stain: str
    um_per_pixel: float | None
    field_px: int | None  # side, in source pixels, of the square that holds a whole cell; None: see the data
    unknown: tuple[str, ...]  # what the publisher does not say; every report prints it
    images: int | None = None  # how many where no task counts them
    pixels_sha256: str | None = None  # over the sorted hashes of all decoded images
    download: str | None = None  # a zip; where `files` are named, the address below which they lie
    files: Mapping[str, str] = field(default_factory=dict)  # name -> sha256
    facts: Mapping[str, str] = field(default_factory=dict)  # column -> value: which shipped rows it is of

    def __post_init__(self) -> None:
        for name in ("name", "title", "source", "licence", "citation", "group", "stain"):
            demand(bool(getattr(self, name)), f"The card of '{self.name}' must say its {name}.")
        for task in self.tasks:
            counts = self.counts.get(task.name)
            demand(
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
        demand(
            image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] == 3 and image.size > 0,
            f"Sample '{self.id}': the image must be uint8, height x width x 3, "
            f"but is {image.dtype} {image.shape}.",
        )
        demand(
            self.um_per_pixel is None or 0 < self.um_per_pixel < 100,
            f"Sample '{self.id}': um per pixel must lie between 0 and 100, but is {self.um_per_pixel}.",
        )
