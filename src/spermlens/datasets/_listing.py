"""A data set as read: a sequence of samples whose pixels are decoded only when asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import PurePath
from typing import overload

import numpy as np
from numpy.typing import NDArray

from spermlens.datasets._near_copies import near_copies
from spermlens.errors import UnknownName
from spermlens.images import pixel_hash
from spermlens.types import Card, Image, Sample, Task


def id_of(path: PurePath) -> str:
    """A path as an id: forward slashes, and bytes that are no text written out, so that any file holds it."""
    return path.as_posix().encode("utf-8", "backslashreplace").decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A sample whose image is still on disk, or still to be drawn."""

    id: str
    load: Callable[[], Image]
    labels: Mapping[str, int | None] = field(default_factory=dict)
    group: str | None = None
    split: str | None = None
    um_per_pixel: float | None = None

    def sample(self) -> Sample:
        return Sample(
            id=self.id,
            image=self.load(),
            labels=self.labels,
            group=self.group,
            split=self.split,
            um_per_pixel=self.um_per_pixel,
        )


@dataclass(frozen=True)
class Listing(Sequence[Sample]):
    """Samples in a fixed order, with their card."""

    card: Card
    entries: tuple[Entry, ...]

    def __len__(self) -> int:
        return len(self.entries)

    @overload
    def __getitem__(self, index: int) -> Sample: ...
    @overload
    def __getitem__(self, index: slice) -> Listing: ...
    def __getitem__(self, index: int | slice) -> Sample | Listing:
        if isinstance(index, slice):
            return replace(self, entries=self.entries[index])
        return self.entries[index].sample()

    def __iter__(self) -> Iterator[Sample]:
        return (entry.sample() for entry in self.entries)

    def subset(self, indices: Iterable[int]) -> Listing:
        return replace(self, entries=tuple(self.entries[i] for i in indices))

    @property
    def ids(self) -> list[str]:
        return [entry.id for entry in self.entries]

    def task(self, name: str) -> Task:
        for task in self.card.tasks:
            if task.name == name:
                return task
        raise UnknownName("task", name, [task.name for task in self.card.tasks])

    def labels(self, task: str) -> NDArray[np.int64]:
        """Class numbers in order; -1 where the sample is not annotated."""
        self.task(task)
        found = (entry.labels.get(task) for entry in self.entries)
        return np.array([-1 if label is None else label for label in found], np.int64)

    @cached_property
    def pixel_hashes(self) -> tuple[str, ...]:
        """sha256 of the decoded pixels of each sample; decodes everything once."""
        return tuple(pixel_hash(entry.load()) for entry in self.entries)

    @cached_property
    def units(self) -> tuple[str, ...]:
        """What must stay together when the set is divided: the group, else identical images and near copies.

        A group also pulls in every other group that shares an image with it.
        """
        parent: dict[str, str] = {}

        def root(name: str) -> str:
            while parent.setdefault(name, name) != name:
                name = parent[name]
            return name

        names = []
        for entry, digest in zip(self.entries, self.pixel_hashes, strict=True):
            pixels = f"pixels:{digest[:16]}"
            if digest in near_copies():
                parent[root(pixels)] = root(f"near:{near_copies()[digest]}")
            if entry.group is not None:
                parent[root(pixels)] = root(f"group:{entry.group}")
            names.append(pixels)
        return tuple(root(name) for name in names)
