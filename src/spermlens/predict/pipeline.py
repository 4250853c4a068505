"""The pipeline: sources in, readings out, in batches, in flat memory; a bad file is a row, not an end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from spermlens.errors import DataError
from spermlens.explain._scaled import Question, explanations
from spermlens.models._description import Description
from spermlens.predict.contrast import Contrast
from spermlens.predict.disagreement import disagreements
from spermlens.predict.eye import Eye, Seen, Squares
from spermlens.predict.framed import Framed
from spermlens.predict.normal import percentiles
from spermlens.predict.sides import Sides
from spermlens.predict.sources import Source
from spermlens.predict.status import bad_input, decide
from spermlens.predict.votes import voted
from spermlens.types import Explanation, Reading, Sample, Status

HELD_AT_MOST = 200_000_000  # bytes of pixels that wait for their batch to fill: large images come singly

# what those above know more of readings: it sees what the eye saw, and gives the readings back with it
Judge = Callable[[Eye, Sequence[Framed], Squares, Sequence[Reading]], list[Reading]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What is wanted of each image."""

    views: int = 1
    methods: tuple[str, ...] = ()  # explanations of the likeliest class
    tasks: tuple[str, ...] = ()  # those to explain; empty: all
    layer: str = ""  # empty: each method's own
    batch_size: int = 32
    measures: bool = False  # outline and measure every cell
    contrasts: tuple[Contrast, ...] = ()  # by CAM, after the other explanations
    judge: Judge | None = None


def read_sources(eye: Eye, sources: Iterable[Source], ask: Ask) -> Iterator[tuple[Source, list[Reading]]]:
    """Each source with the readings of its pages, in order."""
    for batch in read_batches(eye, sources, ask):
        yield from batch


def read_batches(
    eye: Eye, sources: Iterable[Source], ask: Ask
) -> Iterator[list[tuple[Source, list[Reading]]]]:
    """The same, a batch at a time: the last digits of an answer depend on what it was computed with."""
    waiting: list[tuple[Source, list[Sample] | str]] = []
    held = pixels = 0
    for source in sources:
        pages = _open(source)
        waiting.append((source, pages))
        held += len(pages) if isinstance(pages, list) else 1
        pixels += sum(page.image.size for page in pages if isinstance(page, Sample))
        if held >= ask.batch_size or pixels >= HELD_AT_MOST:
            yield _read_waiting(eye, waiting, ask)
            waiting, held, pixels = [], 0, 0
    if waiting:
        yield _read_waiting(eye, waiting, ask)


def read_samples(eye: Eye, samples: Sequence[Sample], ask: Ask) -> list[Reading]:
    """Readings of images that are already in memory."""
    if not samples:
        return []
    framing = eye.description.framing
    return read_framed(eye, [Framed(sample, framing) for sample in samples], ask)


def read_framed(eye: Eye, cells: Sequence[Framed], ask: Ask) -> list[Reading]:
    """The same of images that are framed already."""
    description = eye.description
    readings = []
    for start in range(0, len(cells), ask.batch_size):
        part = cells[start : start + ask.batch_size]
        squares = squares_of(part)
        seen = eye.look(squares, Sides(ask.views, description.framing.aligns), ask.methods, ask.layer)
        seen, votes = voted(eye, part, seen)
        said = [
            replace(decide(cell.sample, cell.square, seen.of(n), description), votes=votes[n])
            for n, cell in enumerate(part)
        ]
        why = _reasons(eye, part, squares, seen, ask)
        found = [
            Reading(image=cell.sample.image, prediction=prediction, explanations=of_it)
            for cell, prediction, of_it in zip(part, said, why, strict=True)
        ]
        if ask.measures:
            found = [_measured(r, cell, description) for r, cell in zip(found, part, strict=True)]
        readings += ask.judge(eye, part, squares, found) if ask.judge else found
    return readings


def squares_of(cells: Sequence[Framed]) -> Squares:
    """What an eye looks at, n x size x size x 3."""
    return np.stack([cell.square for cell in cells])


def reasons(
    eye: Eye, cells: Sequence[Framed], squares: Squares, question: Question, seen: Seen | None = None
) -> list[Explanation]:
    """One explanation an image, laid back over the image itself."""
    side, classes = eye.description.framing.size, _classes(eye, question.task)
    found = explanations(eye.why(squares, question, seen), (side, side), question, classes)
    return [
        replace(
            one,
            heat=cell.laid_back(one.heat),
            against=None if one.against is None else cell.laid_back(one.against),
        )
        for cell, one in zip(cells, found, strict=True)
    ]


def _classes(eye: Eye, task: str) -> tuple[str, ...]:
    return next(one.classes for one in eye.description.tasks if one.name == task)


def _reasons(
    eye: Eye, cells: Sequence[Framed], squares: Squares, seen: Seen, ask: Ask
) -> list[tuple[Explanation, ...]]:
    """Each image's, of its likeliest classes."""
    found: list[list[Explanation]] = []
    for task in ask.tasks or [task.name for task in eye.description.tasks]:
        targets = tuple(int(number) for number in seen.probabilities[task].argmax(1))
        for method in ask.methods:
            question = Question(task=task, targets=targets, method=method, layer=ask.layer)
            found.append(reasons(eye, cells, squares, question, seen))
    for one in ask.contrasts:
        question = _contrasting(one, _classes(eye, one.task), len(cells))
        found.append(reasons(eye, cells, squares, question, seen))
    return list(zip(*found, strict=True)) if found else [()] * len(cells)


def _contrasting(one: Contrast, classes: Sequence[str], count: int) -> Question:
    """The same question of every image."""
    target, rival = (classes.index(name) for name in (one.target, one.rival))
    return Question(task=one.task, targets=(target,) * count, rivals=(rival,) * count)


def _measured(reading: Reading, cell: Framed, model: Description) -> Reading:
    """With the outline of the cell, its measures and what follows from them; unless there is no cell."""
    if reading.image is None or reading.prediction.status is Status.NOT_A_CELL:
        return reading
    return replace(
        reading,
        outline=cell.outline,
        measures=cell.measures,
        percentiles=percentiles(cell.measures, model.normal),
        disagreements=disagreements(reading.prediction.decisions, cell.measures, model.normal),
    )


def _open(source: Source) -> list[Sample] | str:
    """The pages of a source, or why it has none."""
    try:
        return [Sample(id=id, image=image, um_per_pixel=source.um_per_pixel) for id, image in source.pages()]
    except DataError as error:
        return str(error)


def _read_waiting(
    eye: Eye, waiting: Sequence[tuple[Source, list[Sample] | str]], ask: Ask
) -> list[tuple[Source, list[Reading]]]:
    samples = [sample for _, pages in waiting if isinstance(pages, list) for sample in pages]
    readings = iter(read_samples(eye, samples, ask))
    found = []
    for source, pages in waiting:
        if isinstance(pages, str):
            said = bad_input(source.id, pages, eye.description)
            found.append((source, [Reading(image=None, prediction=said)]))
        else:
            found.append((source, [next(readings) for _ in pages]))
    return found
