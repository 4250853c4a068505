"""Of each class the heads whose map lies best and worst, with the maps of both networks: a page for yourself.

python experiments/verdict_cases.py hushem --parts explained --runs runs --data FOLDER --output FOLDER

It needs what `verdict.py` left in --parts. The pictures are the publishers', who are cited on the page with
their licence; no picture of a data set is committed here.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from verdict_heads import COUNTS, MODELS, Fold, folds_of, judged, runs_of
from verdict_measures import Asked

from spermlens.datasets import DATASETS
from spermlens.errors import DataMissing
from spermlens.evaluate.table import Predictions
from spermlens.explain._told import titled
from spermlens.report.page import write_page
from spermlens.report.tiles import begun, cell_figure, legend, map_figure, said
from spermlens.types import Figure, Gallery, Report, Section, Text, Tile

METHOD, METRIC = "cam", "energy_over_area"
SHOWN = 4  # of each class at each end
WORDS = {"b0-cbam": "with CBAM", "b0": "without"}
FIRST = {"best": "The densest first.", "worst": "The thinnest first."}
CITED = "Changed: framed, grey under maps. Pictures:"


def main() -> None:
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    reader.add_argument("dataset", choices=list(COUNTS))
    reader.add_argument("--parts", type=Path, default=Path("explained"))
    reader.add_argument("--runs", type=Path, default=Path("runs"))
    reader.add_argument("--data", type=Path)
    reader.add_argument("--output", type=Path, default=Path("cases"))
    asked = reader.parse_args()
    runs = runs_of(asked.dataset, asked.runs)
    values = values_in(asked.parts / asked.dataset)
    ends = ends_of(judged(next(iter(runs.values()))), values)
    names = [name for of in ends.values() for name in of]
    figures = figures_of(folds_of(asked.dataset, runs, names, asked.data))
    place = asked.output / f"cases-{asked.dataset}.html"
    write_page(place, page(asked.dataset, ends, figures, values))
    sys.stdout.write(f"Page   {place}\n")


def values_in(folder: Path) -> dict[str, float]:
    """By image how much denser than over all the map of each lies in the head, the mean of both networks."""
    found: dict[str, list[float]] = {}
    for path in sorted(folder.glob("*-places.json")):
        part = json.loads(path.read_text(encoding="utf-8"))
        for one in part["values"]:
            if (one["method"], one["metric"]) == (METHOD, METRIC):
                for name, value in zip(part["ids"], one["values"], strict=True):
                    found.setdefault(name, []).extend([] if value is None else [value])
    if not found:
        raise DataMissing(f"{folder}: nothing is known of any map. Run verdict.py first.")
    return {name: sum(of) / len(of) for name, of in found.items() if len(of) == len(MODELS)}


def ends_of(table: Predictions, values: Mapping[str, float]) -> dict[str, list[str]]:
    """The best and the worst images of each class, by 'class, best' and 'class, worst'."""
    ends = {}
    for number, label in enumerate(table.task.classes):
        names = [name for name, truth in zip(table.ids, table.truth, strict=True) if truth == number]
        ranked = sorted((name for name in names if name in values), key=values.__getitem__, reverse=True)
        if ranked:
            ends[f"{label}, best"] = ranked[:SHOWN]
            ends[f"{label}, worst"] = ranked[::-1][:SHOWN]
    return ends


def figures_of(folds: Sequence[Fold]) -> dict[str, list[Figure]]:
    """By image: as the networks see it, and the map of each with what it decided."""
    found: dict[str, list[Figure]] = {}
    for fold in folds:
        with Asked(fold) as asked:
            heats = asked.maps(METHOD, asked.pictures)
        for row, (name, cell, heat) in enumerate(zip(fold.ids, fold.cells, heats, strict=True)):
            seen = replace(cell_figure(cell.square, name), caption="as the networks see it")
            of = found.setdefault(name, [seen])
            decided = said(fold.task.classes[fold.decided[row]])
            verdict = "right" if fold.decided[row] == fold.truth[row] else "wrong"
            of.append(map_figure(cell.square, heat, None, f"{WORDS[fold.alias]}: {decided}, {verdict}"))
    return found


def page(
    dataset: str,
    ends: Mapping[str, Sequence[str]],
    figures: Mapping[str, Sequence[Figure]],
    values: Mapping[str, float],
) -> Report:
    """By class the best and the worst side by side; `values` are what they were ranked by."""
    card = DATASETS[dataset].CARD
    told = (
        f"{titled(METHOD)} of the class that each network decided, its evidence for that class only. Ranked "
        "by how many times denser the map is in the head than over all that the network saw, the mean of "
        "both networks: 1 is a map that knows nothing, a blob in the middle lies well above it. Images whose "
        f"outline cannot be relied on are left out. The {SHOWN} best and worst of a class are its ends, not "
        "examples of it: the tables tell how the rest lies, and how the blob does."
    )
    aid = (
        Text(told),
        legend(signed=False),
        Text(f"{CITED} {card.citation} Licence: {card.licence}.", "note"),
    )
    sections = [
        Section(
            begun(said(title)),
            (Gallery(FIRST[title.rsplit(", ")[-1]], tuple(_tile(n, figures[n], values[n]) for n in names)),),
        )
        for title, names in ends.items()
    ]
    return Report(
        title=f"Best and worst reasons, {card.title}",
        subtitle="EfficientNet-B0 with CBAM and without, each image by the networks that had not seen it",
        sections=(Section("", aid), *sections),
    )


def _tile(name: str, figures: Sequence[Figure], value: float) -> Tile:
    return Tile(
        title=name, verdict=f"{value:.1f} times denser in the head", tone="plain", figures=tuple(figures)
    )


if __name__ == "__main__":
    main()
