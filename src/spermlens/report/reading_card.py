"""A reading as a card of a page: the cell, its maps, its probabilities, its status and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from spermlens.report.measured_tiles import outline_figure, placed_line, short_line
from spermlens.report.overlay import OPACITY
from spermlens.report.reason_lines import reason_lines
from spermlens.report.tiles import bars, begun, cell_figure, explained, said
from spermlens.types import Figure, Image, Prediction, Reading, Status, Task, Tile


def tile_of(
    reading: Reading,
    tasks: Sequence[Task],
    thresholds: Mapping[str, float] | None = None,
    opacity: float = OPACITY,
) -> Tile:
    """A reading with a picture as a card: the cell, its maps, its probabilities, its status and why."""
    image, said_of_it = reading.image, reading.prediction
    if image is None:
        raise ValueError(f"'{said_of_it.id}' has no picture to show: {said_of_it.message}")
    several = len(tasks) > 1
    return Tile(
        title=said_of_it.id,
        verdict=_verdict(said_of_it, tasks),
        tone={"decided": "good", "unsure": "unsure"}.get(said_of_it.status, "plain"),
        figures=(
            cell_figure(image, said_of_it.id),
            *_outlined(reading, image),
            *(explained(image, why, opacity) for why in reading.explanations),
        ),
        bars=tuple(
            bar
            for task in tasks
            if task.name in said_of_it.probabilities
            for bar in bars(
                task,
                said_of_it.probabilities[task.name].tolist(),
                f"{said(task.name)}: " if several else "",
            )
        ),
        lines=(
            *_reasons(said_of_it, tasks, thresholds or {}),
            *_outvoted(said_of_it, mapped=bool(reading.explanations)),
            *_measured(reading),
            *reason_lines(reading),
        ),
    )


def _outlined(reading: Reading, image: Image) -> list[Figure]:
    if reading.outline is None or reading.measures is None:
        return []
    name = reading.prediction.id
    return [outline_figure(image, reading.outline, reading.measures, name, reading.reduced)]


def _measured(reading: Reading) -> list[str]:
    """The main measures, why they are not to be relied on, where they and a decision do not fit together."""
    if reading.outline is None or reading.measures is None:
        return []
    if reading.outline.reason:
        return [f"Outline not relied on: {reading.outline.reason}"]
    doubts = [f"Look again: {sentence}." for sentence in reading.disagreements]
    lines = (short_line(reading.measures), placed_line(reading.percentiles), *doubts)
    return [line for line in lines if line]


def _verdict(prediction: Prediction, tasks: Sequence[Task]) -> str:
    """The likeliest class of each task, and whether that is a decision."""
    if prediction.status is Status.NOT_A_CELL:
        return "Not a cell"
    named = []
    for task in tasks:
        likeliest = said(task.classes[int(prediction.probabilities[task.name].argmax())])
        unsure = not prediction.decisions.get(task.name)
        answer = f"unsure, leans to {likeliest}" if unsure else likeliest
        named.append(f"{said(task.name)}: {answer}" if len(tasks) > 1 else answer)
    return begun("; ".join(named))


def _reasons(prediction: Prediction, tasks: Sequence[Task], thresholds: Mapping[str, float]) -> list[str]:
    """Why nothing is decided at all; then for each task its confidence against what was needed."""
    lines = [said(prediction.message)] if prediction.status is Status.NOT_A_CELL else []
    if prediction.status is Status.UNSURE and (prediction.strangeness or 0) > 1:
        lines.append(f"nothing is decided: {said(prediction.message)}.")
    for task in tasks:
        if task.name not in prediction.probabilities:
            continue
        confidence = float(prediction.probabilities[task.name].max())
        name = f"{said(task.name)}: confidence {confidence:.2f}"
        least = thresholds.get(task.name)
        if least is None:
            lines.append(f"{name}.")
        elif least > 1:
            lines.append(f"{name}; the model supports no threshold, so it never decides.")
        else:
            lines.append(
                f"{name}, {'below' if confidence < least else 'above'} the {least:.2f} that is needed."
            )
    return [begun(line) for line in lines]


def _outvoted(prediction: Prediction, *, mapped: bool) -> list[str]:
    """Where network and measures are not for the same class, which each is for, and of which the maps are."""
    if prediction.status is Status.NOT_A_CELL:
        return []
    several = len(prediction.probabilities) > 1
    return [
        begun(
            f"{f'{said(task)}: ' if several else ''}the network says {said(votes.network)}, "
            f"what is measured says {said(votes.measures)}.{' Maps show the network only.' if mapped else ''}"
        )
        for task, votes in prediction.votes.items()
        if votes.differ
    ]
