"""The pipeline: sources in, readings out, in batches, in flat memory; a bad file is a row, not an end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import torch

from spermlens.errors import DataError
from spermlens.explain._engine import Question, chosen, explain, explanations, is_exact
from spermlens.models._description import Description
from spermlens.models._store import Saved
from spermlens.predict.disagreement import disagreements
from spermlens.predict.framed import Framed
from spermlens.predict.normal import percentiles
from spermlens.predict.sources import Source
from spermlens.predict.status import bad_input, decide
from spermlens.predict.tensors import Seen, look, to_tensor
from spermlens.predict.views import Sides
from spermlens.predict.votes import temperatures_of_networks, voted
from spermlens.types import Explanation, Reading, Sample, Status

HELD_AT_MOST = 200_000_000  # bytes of pixels that wait for their batch to fill: large images come singly


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What is wanted of each image."""

    views: int = 1
    methods: tuple[str, ...] = ()  # explanations of the likeliest class
    tasks: tuple[str, ...] = ()  # those to explain; empty: all
    layer: str = ""  # empty: each method's own
    batch_size: int = 32
    measures: bool = False  # outline and measure every cell


def read_sources(
    saved: Saved, sources: Iterable[Source], ask: Ask, device: torch.device
) -> Iterator[tuple[Source, list[Reading]]]:
    """Each source with the readings of its pages, in order."""
    for batch in read_batches(saved, sources, ask, device):
        yield from batch


def read_batches(
    saved: Saved, sources: Iterable[Source], ask: Ask, device: torch.device
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
            yield _read_waiting(saved, waiting, ask, device)
            waiting, held, pixels = [], 0, 0
    if waiting:
        yield _read_waiting(saved, waiting, ask, device)


def read_samples(saved: Saved, samples: Sequence[Sample], ask: Ask, device: torch.device) -> list[Reading]:
    """Readings of images that are already in memory."""
    if not samples:
        return []
    framing = saved.description.framing
    return read_framed(saved, [Framed(sample, framing) for sample in samples], ask, device)


def read_framed(saved: Saved, cells: Sequence[Framed], ask: Ask, device: torch.device) -> list[Reading]:
    """The same of images that are framed already."""
    description = saved.description
    readings = []
    for start in range(0, len(cells), ask.batch_size):
        part = cells[start : start + ask.batch_size]
        tensor = to_tensor([cell.square for cell in part], device)
        seen = look(
            saved.network,
            tensor,
            Sides(ask.views, description.framing.aligns),
            temperature=temperatures_of_networks(description),
            methods=[method for method in ask.methods if is_exact(method, ask.layer)],
            batch_size=ask.batch_size,
        )
        seen, votes = voted(saved, part, seen)
        said = [
            replace(decide(cell.sample, cell.square, seen.of(n), description), votes=votes[n])
            for n, cell in enumerate(part)
        ]
        why = _reasons(saved, part, tensor, seen, ask)
        found = [
            Reading(image=cell.sample.image, prediction=prediction, explanations=of_it)
            for cell, prediction, of_it in zip(part, said, why, strict=True)
        ]
        if ask.measures:
            found = [_measured(r, cell, description) for r, cell in zip(found, part, strict=True)]
        readings += found
    return readings


def reasons(
    saved: Saved, cells: Sequence[Framed], squares: torch.Tensor, question: Question
) -> list[Explanation]:
    """One explanation an image, laid back over the image itself."""
    return _laid_back(cells, explain(saved.network, squares, question))


def _reasons(
    saved: Saved, cells: Sequence[Framed], squares: torch.Tensor, seen: Seen, ask: Ask
) -> list[tuple[Explanation, ...]]:
    """Each image's, of its likeliest classes; what was seen with the answers is not looked for again."""
    side = saved.description.framing.size
    found: list[list[Explanation]] = []
    for task in ask.tasks or [task.name for task in saved.description.tasks]:
        targets = tuple(int(number) for number in seen.probabilities[task].argmax(1))
        for method in ask.methods:
            question = Question(task=task, targets=targets, method=method, layer=ask.layer)
            if (method, task) in seen.maps:
                raw = chosen(seen.maps[method, task], question)
                why = explanations(saved.network, raw, (side, side), question)
                found.append(_laid_back(cells, why))
            else:
                found.append(reasons(saved, cells, squares, question))
    return list(zip(*found, strict=True)) if found else [()] * len(cells)


def _laid_back(cells: Sequence[Framed], found: Sequence[Explanation]) -> list[Explanation]:
    return [
        replace(
            one,
            heat=cell.laid_back(one.heat),
            against=None if one.against is None else cell.laid_back(one.against),
        )
        for cell, one in zip(cells, found, strict=True)
    ]


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
    saved: Saved, waiting: Sequence[tuple[Source, list[Sample] | str]], ask: Ask, device: torch.device
) -> list[tuple[Source, list[Reading]]]:
    samples = [sample for _, pages in waiting if isinstance(pages, list) for sample in pages]
    readings = iter(read_samples(saved, samples, ask, device))
    found = []
    for source, pages in waiting:
        if isinstance(pages, str):
            said = bad_input(source.id, pages, saved.description)
            found.append((source, [Reading(image=None, prediction=said)]))
        else:
            found.append((source, [next(readings) for _ in pages]))
    return found
