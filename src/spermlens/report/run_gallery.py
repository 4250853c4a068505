"""Images of a run that the model had not learnt from: where it was wrong, unsure and right, and why."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spermlens.datasets import Entry, Listing
from spermlens.errors import DataCorrupt, DataError
from spermlens.evaluate.table import Predictions
from spermlens.explain._told import titled
from spermlens.framing import Framing
from spermlens.locate.pose import pose_for
from spermlens.report.overlay import enlarge
from spermlens.report.tiles import bars, cell_figure, how_to_read, legend, map_figure, said, size_in_words
from spermlens.runs import Run
from spermlens.types import Figure, Gallery, Heat, Image, Section, Text, Tile

WRONG, UNSURE, RIGHT = 12, 8, 4  # the last per class
METHOD = "cam"  # what a run stores the maps of


@dataclass(frozen=True)
class StoredMap:
    """A map as a fold left it: its raw values and the class that it explains."""

    values: NDArray[np.float32]  # height x width, signed
    target: str


@dataclass(frozen=True)
class Picked:
    """Row numbers of a table, by what they show; no row stands twice."""

    wrong: list[int]  # surest first
    unsure: list[int]  # least sure first
    right: dict[str, list[int]]  # class -> surest first


def gallery_section(
    run: Run, listing: Listing, table: Predictions, threshold: float | None, framing: Framing | None
) -> Section:
    """The picked images of one task, with the maps the run stored."""
    first = table.labelled.first_repeat
    maps = stored_maps(run, first) if framing else {}
    entries = {entry.id: entry for entry in listing.entries}
    picked = pick(first)

    def gallery(caption: str, rows: list[int]) -> list[Gallery]:
        tiles = tuple(
            _tile(first, row, _entry(entries, first.ids[row]), (maps, framing, threshold)) for row in rows
        )
        return [Gallery(caption, tiles)] if tiles else []

    galleries = [
        *gallery("Wrong, the surest mistakes first.", picked.wrong),
        *gallery("Least sure of the others.", picked.unsure),
        *(
            part
            for name, rows in picked.right.items()
            for part in gallery(f"Right: {said(name)}, the surest first.", rows)
        ),
    ]
    intro: list[Text | Figure] = [
        Text(
            "Every image below was judged by a network that had not learnt from it. "
            "Left the image, right the map for the class that a single view finds likeliest."
            if maps
            else "Every image below was judged by a network that had not learnt from it. "
            "The run stored no maps for this task."
        )
    ]
    if maps:
        sizes = {found.values.shape for found in maps.values()}
        intro += [*how_to_read(sizes, {METHOD}), legend(signed=_signed(maps))]
    return Section(f"Images: {said(table.task.name)}", (*intro, *galleries))


def pick(table: Predictions) -> Picked:
    """Wrong, unsure and right rows of a table with one row per image; equals in the order of the table."""
    right = table.predicted == table.truth
    rising = np.argsort(table.confidence, kind="stable")
    falling = np.argsort(-table.confidence, kind="stable")
    wrong = [int(row) for row in falling if not right[row]][:WRONG]
    unsure = [int(row) for row in rising if row not in wrong][:UNSURE]
    taken = {*wrong, *unsure}
    return Picked(
        wrong,
        unsure,
        {
            name: [int(r) for r in falling if right[r] and table.truth[r] == k and r not in taken][:RIGHT]
            for k, name in enumerate(table.task.classes)
        },
    )


def stored_maps(run: Run, table: Predictions) -> dict[str, StoredMap]:
    """Image -> its map for the class that a single view finds likeliest, from the folds of the table."""
    found: dict[str, StoredMap] = {}
    task = table.task
    pairs = sorted({(int(r), int(f)) for r, f in zip(table.repeats, table.folds, strict=True)})
    for repeat, fold in pairs:
        path = run.part(f"r{repeat}f{fold}") / "predictions.json"
        test = json.loads(path.read_text(encoding="utf-8"))["test"] if path.is_file() else {}
        maps = test.get("maps", {}).get(task.name, [])
        if not maps:
            continue
        targets = np.argmax(test["views"]["1"][task.name], 1)
        if not len(maps) == len(targets) == len(test["ids"]):
            raise DataCorrupt(
                f"{path}: {len(maps)} maps for {len(test['ids'])} images. Train this fold again."
            )
        for id, values, target in zip(test["ids"], maps, targets, strict=True):
            found[id] = StoredMap(_raw(path, id, values), task.classes[target])
    return found


def stored_framing(run: Run, model: Mapping[str, Any]) -> Framing | None:
    """How the run's images became squares: its own file, else the model's; None where neither says."""
    path = run.folder / "framing.json"
    known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else model.get("framing")
    return Framing(**known) if known else None


def _raw(path: Path, id: str, values: Any) -> NDArray[np.float32]:
    raw = np.asarray(values, np.float32)
    if raw.ndim != 2 or raw.size == 0 or not np.isfinite(raw).all():
        raise DataCorrupt(f"{path}: the map of '{id}' is not rows of finite numbers. Train this fold again.")
    return raw


def _signed(maps: Mapping[str, StoredMap]) -> bool:
    return any(float(found.values.min()) < 0 for found in maps.values())


def _entry(entries: Mapping[str, Entry], id: str) -> Entry:
    if id not in entries:
        raise DataError(
            f"The run judged '{id}', which is not among the {len(entries)} images given. "
            "Give the data the run was trained on."
        )
    return entries[id]


def _tile(
    table: Predictions,
    row: int,
    entry: Entry,
    seen: tuple[Mapping[str, StoredMap], Framing | None, float | None],
) -> Tile:
    maps, framing, threshold = seen
    task, confidence = table.task, float(table.confidence[row])
    decided, truth = said(task.classes[table.predicted[row]]), said(task.classes[table.truth[row]])
    image = entry.load()
    figures = [cell_figure(image, entry.id)]
    if framing and entry.id in maps:
        figures.append(_map_over(image, maps[entry.id], framing, entry.um_per_pixel))
    unsure = threshold is not None and confidence < threshold
    hit = decided == truth
    verdict = f"{decided}, rightly" if hit else f"{decided}, but is {truth}"
    line = "" if threshold is None else f", {'below' if unsure else 'above'} the threshold {threshold:.2f}"
    return Tile(
        title=entry.id,
        verdict=f"Unsure: {verdict}" if unsure else verdict[0].upper() + verdict[1:],
        tone="unsure" if unsure else "good" if hit else "bad",
        figures=tuple(figures),
        bars=bars(task, table.probabilities[row].tolist()),
        lines=(f"Truth: {truth}. Confidence {confidence:.2f}{line}. Fold {table.folds[row]}.",),
    )


def _map_over(image: Image, found: StoredMap, framing: Framing, um_per_pixel: float | None) -> Figure:
    """The stored map, scaled by its largest value and laid back over the image."""
    raw = found.values
    scaled = raw / (float(np.abs(raw).max()) or 1.0)
    pose = pose_for(framing, image)

    def laid(values: NDArray[np.float32]) -> Heat:
        square = enlarge(np.maximum(values, 0), (framing.size, framing.size))
        return framing.unsquare(square, image.shape, um_per_pixel, pose)

    against = laid(-scaled) if raw.min() < 0 else None
    words = f"for {said(found.target)}: {titled(METHOD)}, {size_in_words(raw.shape)}"
    return map_figure(image, laid(scaled), against, words)
