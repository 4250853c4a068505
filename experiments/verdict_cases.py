"""Of each class the heads whose map lies best and worst, with the maps of both networks: a page for yourself.

python experiments/verdict_cases.py hushem --parts explained --runs runs --data FOLDER --output FOLDER

It needs what `verdict.py` left in --parts. The pictures are the publishers', who are cited on the page with
their licence; no picture of a data set is committed here.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from verdict_heads import COUNTS, MODELS, Fold, folds_of, judged, runs_of
from verdict_measures import Asked

from spermlens.datasets import DATASETS
from spermlens.errors import DataMissing
from spermlens.evaluate.table import Predictions
from spermlens.report.page import write_page
from spermlens.report.tiles import cell_figure, map_figure
from spermlens.types import Figure, Gallery, Report, Section, Text, Tile

METHOD, METRIC = "cam", "energy_over_area"
SHOWN = 3  # of each class at each end
WORDS = {"b0-cbam": "CAM, with CBAM", "b0": "CAM, without"}


def main() -> None:
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    reader.add_argument("dataset", choices=list(COUNTS))
    reader.add_argument("--parts", type=Path, default=Path("explained"))
    reader.add_argument("--runs", type=Path, default=Path("runs"))
    reader.add_argument("--data", type=Path)
    reader.add_argument("--output", type=Path, default=Path("cases"))
    asked = reader.parse_args()
    runs = runs_of(asked.dataset, asked.runs)
    ends = ends_of(judged(next(iter(runs.values()))), values_in(asked.parts / asked.dataset))
    names = [name for of in ends.values() for name in of]
    figures = figures_of(folds_of(asked.dataset, runs, names, asked.data))
    write_page(asked.output / f"cases-{asked.dataset}.html", page(asked.dataset, ends, figures))


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
    """By image: as the networks see it, and the map of each."""
    found: dict[str, list[Figure]] = {}
    for fold in folds:
        with Asked(fold) as asked:
            heats = asked.maps(METHOD, asked.pictures)
        for name, cell, heat, number in zip(fold.ids, fold.cells, heats, fold.decided, strict=True):
            of = found.setdefault(name, [cell_figure(cell.square, name)])
            said = f"{WORDS[fold.alias]}, for {fold.task.classes[number]}"
            of.append(map_figure(cell.square, heat, None, said))
    return found


def page(dataset: str, ends: Mapping[str, Sequence[str]], figures: Mapping[str, Sequence[Figure]]) -> Report:
    card = DATASETS[dataset].CARD
    said = (
        "The class is the true one; each map is for the class that its network decided on. Best and worst "
        "are by the map's energy in the head over the head's area share, the mean of both networks."
    )
    galleries = tuple(
        Gallery(
            title,
            tuple(
                Tile(title=name, verdict=title, tone="plain", figures=tuple(figures[name])) for name in names
            ),
        )
        for title, names in ends.items()
    )
    source = Text(f"Pictures: {card.citation} Licence: {card.licence}. Changed: framed, grey under maps.")
    return Report(
        title=f"Best and worst reasons, {card.title}",
        subtitle="EfficientNet-B0 with CBAM and without, each image by the networks that had not seen it",
        sections=(Section("Best and worst", (Text(said), source, *galleries)),),
    )


if __name__ == "__main__":
    main()
