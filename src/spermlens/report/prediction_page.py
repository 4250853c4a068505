"""The page of a batch of readings: how many of which, how sure, why, and what was not read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from spermlens.evaluate.counts import tally
from spermlens.report.measured_tiles import how_to_read_outlines, outline_figure, placed_line, short_line
from spermlens.report.overlay import OPACITY
from spermlens.report.reason_lines import reason_lines, reasons_on_background
from spermlens.report.tiles import bars, cell_figure, explained, how_to_read, legend, said
from spermlens.types import (
    Figure,
    Gallery,
    Image,
    Prediction,
    Reading,
    Report,
    Section,
    Status,
    Table,
    Task,
    Text,
    Tile,
)

HEADS_ONLY = frozenset({"head_shape", "acrosome", "vacuole"})
HEADS_ONLY_NOTE = "Reads heads only: this is not a WHO normal form."

Row = Mapping[str, Any]


def prediction_report(
    rows: Sequence[Row],
    readings: Sequence[Reading],
    tasks: Sequence[Task],
    facts: Mapping[str, Any],
    opacity: float = OPACITY,
) -> Report:
    """`rows` are all images, `readings` those to be shown.

    A row has image, status, message and model, and per task <task>, <task>_confidence and p_<task>_<class>.
    Of `facts` the page puts into words: threshold {task: least confidence}, notes, and data with licence,
    citation and unknown; all of them stand at its end.
    """
    if not rows:
        raise ValueError("A page of predictions needs an image or more.")
    thresholds = facts.get("threshold", {})
    model = str(rows[0].get("model", ""))
    sections: list[Section] = [
        _overview(rows, tasks, facts),
        _shares(rows, tasks),
        *_gallery(rows, readings, tasks, thresholds, opacity),
        *_certainty(facts),
        *_disagreeing(rows),
        *reasons_on_background(rows),
        *_unreadable(rows),
    ]
    return Report(
        title="Sperm images, read",
        subtitle=f"{len(rows)} images, read by {model}" if model else f"{len(rows)} images",
        sections=tuple(sections),
        facts={**({"model": model} if model else {}), **facts},
    )


def verdict(rows: Sequence[Row]) -> str:
    """'23 images: 15 decided, 6 unsure, 1 not a cell, 1 unreadable.'"""
    found = Counter(Status(row["status"]) for row in rows)
    words = {
        Status.DECIDED: "decided",
        Status.UNSURE: "unsure",
        Status.NOT_A_CELL: "not a cell",
        Status.BAD_INPUT: "unreadable",
    }
    parts = [f"{found[status]} {word}" for status, word in words.items() if found[status]]
    return f"{len(rows)} {'image' if len(rows) == 1 else 'images'}: {', '.join(parts)}."


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
            *_outvoted(said_of_it),
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


def _overview(rows: Sequence[Row], tasks: Sequence[Task], facts: Mapping[str, Any]) -> Section:
    heads = {task.name for task in tasks} <= HEADS_ONLY
    cautions = [HEADS_ONLY_NOTE] if heads else []
    cautions += [f"Not known of the data learnt from: {s}" for s in facts.get("data", {}).get("unknown", ())]
    return Section("", (Text(verdict(rows), "lead"), *(Text(caution, "warning") for caution in cautions)))


def _shares(rows: Sequence[Row], tasks: Sequence[Task]) -> Section:
    """How often each class was decided, of what was decided."""
    decided = {task.name: [row[task.name] for row in rows if row.get(task.name)] for task in tasks}
    lines = [
        (
            said(task.name) if first else "",
            said(name),
            share.count,
            f"{100 * share.value:.1f} %",
            f"{100 * share.low:.1f}–{100 * share.high:.1f} %",
        )
        for task in tasks
        for first, (name, share) in zip(
            [True] + [False] * len(task.classes),
            tally(decided[task.name], task.classes).items(),
            strict=False,
        )
    ]
    if not lines:
        return Section("Shares", (Text("No image was decided, so there is no share to give."),))
    caption = "Of the decided images, with the exact (Clopper-Pearson) 95 % interval of the share."
    table = Table(caption, ("Question", "Class", "Images", "Share", "95 % interval"), tuple(lines))
    return Section("Shares", (table, *_left_out(rows, decided)))


def _left_out(rows: Sequence[Row], decided: Mapping[str, Sequence[str]]) -> list[Text]:
    undecided = {task: len(rows) - len(found) for task, found in decided.items()}
    if not any(undecided.values()):
        return []
    counts = ", ".join(f"{said(task)} {count}" for task, count in undecided.items())
    return [
        Text(
            f"Left out because they were not decided: {counts}. Where these are mostly of one class, its "
            "share is too low here. The interval takes images as independent and decisions as right.",
            "note",
        )
    ]


def _certainty(facts: Mapping[str, Any]) -> list[Section]:
    """From which confidence on a decision stands, and how far that is supported."""
    thresholds = facts.get("threshold", {}).items()
    never = [f"{said(task)}: never decided, every image is called unsure." for task, p in thresholds if p > 1]
    least = [
        f"{said(task)}: decided from a confidence of {p:.2f}, below that unsure." for task, p in thresholds
    ]
    notes = never + list(facts.get("notes", ()) or ([] if never else least))
    sentences = [Text(_begun(sentence), "note") for sentence in notes]
    return [Section("How sure is sure enough", tuple(sentences))] if sentences else []


def _gallery(
    rows: Sequence[Row],
    readings: Sequence[Reading],
    tasks: Sequence[Task],
    thresholds: Mapping[str, float],
    opacity: float,
) -> list[Section]:
    shown = sorted((reading for reading in readings if reading.image is not None), key=_order)
    if not shown:
        return []
    tiles = tuple(tile_of(reading, tasks, thresholds, opacity) for reading in shown)
    caption = (
        f"{len(shown)} of {len(rows)} images: the unsure ones first, then the decided from the least sure."
    )
    maps = [why for reading in shown for why in reading.explanations]
    reading_aid = (
        (
            how_to_read({why.map_size for why in maps}),
            legend(signed=any(why.against is not None for why in maps), opacity=opacity),
        )
        if maps
        else ()
    )
    if any(reading.outline is not None for reading in shown):
        reading_aid = (*reading_aid, how_to_read_outlines())
    return [Section("Cells", (*reading_aid, Gallery(caption, tiles)))]


def _disagreeing(rows: Sequence[Row]) -> list[Section]:
    """Every image whose decision and measures do not fit together, those that are not shown included."""
    found = [(str(row["image"]), str(row["disagreement"])) for row in rows if row.get("disagreement")]
    if not found:
        return []
    caption = (
        f"{len(found)} of {len(rows)} images: what was decided does not fit what was measured. One of the "
        "two is wrong, or the cell is an unusual one: look again. Normal is the span of nine in ten of the "
        "normal cells that the model learned from."
    )
    return [Section("Decision and measure disagree", (Table(caption, ("Image", "What"), tuple(found)),))]


def _unreadable(rows: Sequence[Row]) -> list[Section]:
    bad = [(str(r["image"]), str(r["message"])) for r in rows if r["status"] == Status.BAD_INPUT]
    if not bad:
        return []
    return [Section("Not read", (Table("Files that gave no image.", ("File", "Why"), tuple(bad)),))]


def _order(reading: Reading) -> tuple[int, float, str]:
    said_of_it = reading.prediction
    place = [Status.UNSURE, Status.DECIDED, Status.NOT_A_CELL].index(said_of_it.status)
    surest = min(float(values.max()) for values in said_of_it.probabilities.values())
    return place, surest, said_of_it.id


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
    return _begun("; ".join(named))


def _reasons(prediction: Prediction, tasks: Sequence[Task], thresholds: Mapping[str, float]) -> list[str]:
    """Why it is no cell; then for each task its confidence against what was needed."""
    lines = [said(prediction.message)] if prediction.status is Status.NOT_A_CELL else []
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
    return [_begun(line) for line in lines]


def _outvoted(prediction: Prediction) -> list[str]:
    """Where network and measures are not for the same class, which each of them is for."""
    if prediction.status is Status.NOT_A_CELL:
        return []
    several = len(prediction.probabilities) > 1
    return [
        _begun(
            f"{f'{said(task)}: ' if several else ''}the network says {said(votes.network)}, "
            f"what is measured says {said(votes.measures)}."
        )
        for task, votes in prediction.votes.items()
        if votes.differ
    ]


def _begun(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
