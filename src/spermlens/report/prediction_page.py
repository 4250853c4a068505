"""The page of a batch of readings: how many of which, how sure, why, and what was not read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from spermlens.evaluate.counts import tally
from spermlens.report.measured_tiles import how_to_read_outlines
from spermlens.report.overlay import OPACITY
from spermlens.report.reading_card import tile_of
from spermlens.report.reason_lines import how_to_read_reasons, reasons_on_background
from spermlens.report.tiles import begun, how_to_read, legend, said
from spermlens.types import (
    Figure,
    Gallery,
    Reading,
    Report,
    Section,
    Status,
    Table,
    Task,
    Text,
    forbids_commerce,
)

HEADS_ONLY = frozenset({"head_shape", "acrosome", "vacuole"})
HEADS_ONLY_NOTE = "Reads heads only: this is not a WHO normal form."

NO_COMMERCE_NOTE = "Not for commercial use: so says the licence of data learnt from, at the end of this page."

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


def _overview(rows: Sequence[Row], tasks: Sequence[Task], facts: Mapping[str, Any]) -> Section:
    heads = {task.name for task in tasks} <= HEADS_ONLY
    cautions = [HEADS_ONLY_NOTE] if heads else []
    cautions += [NO_COMMERCE_NOTE] if forbids_commerce(facts.get("data", {})) else []
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
    sentences = [Text(begun(sentence), "note") for sentence in notes]
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
    return [Section("Cells", (*_reading_aid(shown, opacity), Gallery(caption, tiles)))]


def _reading_aid(shown: Sequence[Reading], opacity: float) -> Iterator[Text | Figure]:
    """What the pictures and the figures under them mean, as far as they are there."""
    maps = [why for reading in shown for why in reading.explanations]
    if maps:
        sizes, methods = ({why.map_size for why in maps}, {why.method for why in maps})
        yield from how_to_read(sizes, methods, contrasted=any(why.rival for why in maps))
        yield legend(signed=any(why.against is not None for why in maps), opacity=opacity)
        yield from how_to_read_reasons({score for why in maps for score in why.scores})
    if any(reading.outline is not None for reading in shown):
        yield how_to_read_outlines()


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
