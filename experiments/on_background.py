"""How much of a map lies away from the head, for good reasons and for a bad one? On it rests the flag.

python experiments/on_background.py [--drawings 300] [--lessons 1200] [--exam 200] [--output FOLDER]
python experiments/on_background.py hushem --runs runs --data FOLDER

Of real cells it asks the networks that a study kept of its folds, each about the images it had not seen. The
rows of one data set take the place of that set's rows in the results file; the others stay.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from shortcut_taught import CLEAN, LEARNED_SEED, LOT, METHOD, TASK, TAUGHT, heads, taught, with_dots
from verdict_heads import COUNTS, MODELS, drawn_by_lot, folds_of, judged, runs_of

import spermlens
from spermlens.believing import MARGIN, Believing, where
from spermlens.datasets.synthetic import drawings
from spermlens.evaluate.counts import share
from spermlens.explain._engine import Question, explain
from spermlens.files import write_json
from spermlens.lens import Lens
from spermlens.models._network import Network
from spermlens.predict.pipeline import Ask, read_samples
from spermlens.predict.reason_rows import LIMIT
from spermlens.predict.tensors import look, to_tensor
from spermlens.types import Outline, Result, Sample

RESULTS = Path(__file__).parent / "results"
MODEL, SEED, EXAM_SEED = "synthetic-heads", 63, 62  # nothing learned from these, nothing was set on them
LIMITS = (0.5, 0.6, 0.7, 0.8, 0.9)
CLAIM = "A map is called one of the background where more of it lies away from the head than in good reasons."
PROTOCOL = (
    f"Drawn heads (seed {SEED}) asked of the shipped model, reliable outlines only, CAM of the likeliest "
    f"class; and two small networks, one of which was taught by a mark in the corner (seed {EXAM_SEED}, the "
    f"likeliest class and the true head). Away from the head: farther than {MARGIN} cells of the map. The "
    f"limit in use, {LIMIT}, is the first tenth beyond 95 in 100 of the shipped model's maps of head shape "
    "and vacuole on 48 other drawings (seed 61), so it was set on good reasons alone. "
    "Real cells: CAM of the class decided from one view, by networks that had not seen the image, of one "
    "training of five folds (repeat 100 of the study), with and without CBAM; reliable outlines only."
)


def main() -> None:
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    reader.add_argument("dataset", nargs="?", default="synthetic", choices=["synthetic", *COUNTS])
    reader.add_argument("--drawings", type=int, default=300)
    reader.add_argument("--lessons", type=int, default=1200, help="drawings that the two networks learn from")
    reader.add_argument("--exam", type=int, default=200, help="drawings that they are asked about")
    reader.add_argument("--output", type=Path, default=RESULTS, help="where the results go")
    reader.add_argument("--runs", type=Path, default=Path("runs"), help="of real cells: the study's runs")
    reader.add_argument("--data", type=Path, help="of real cells: the folder that holds the data set's")
    asked = reader.parse_args()
    if asked.dataset == "synthetic":
        found = [
            *of_the_shipped(spermlens.load(MODEL, device="cpu"), asked.drawings),
            *of_the_taught(asked.lessons, asked.exam),
        ]
    else:
        found = list(of_the_real(asked.dataset, asked.runs, asked.data))
    rows = [{name: value for name, value in asdict(one).items() if name != "per_fold"} for one in found]
    place = asked.output / "reasons-on-background.json"
    there = json.loads(place.read_text(encoding="utf-8"))["rows"] if place.is_file() else []
    kept = [row for row in there if row["dataset"] != asked.dataset]
    rows = sorted([*kept, *rows], key=lambda row: ["synthetic", *COUNTS].index(row["dataset"]))
    write_json(place, {"claim": CLAIM, "protocol": PROTOCOL, "rows": rows})


def of_the_shipped(lens: Lens, count: int) -> Iterator[Result]:
    """A reason is good as far as is known: nothing but heads tells these drawings apart."""
    samples = [
        Sample(id=str(number), image=one.image, um_per_pixel=one.um_per_pixel)
        for number, one in enumerate(drawings(count, seed=SEED))
    ]
    ask = Ask(views=lens.description.views, methods=(METHOD,), measures=True, judge=Believing())
    scores: dict[str, list[float]] = {}
    for reading in read_samples(lens.eye, samples, ask):
        for one in reading.explanations:
            if (away := one.scores.get("energy_on_background")) is not None:
                scores.setdefault(one.task, []).append(away)
    for task, away in scores.items():
        yield from _rows((MODEL, task), "drawn heads", away)


def of_the_real(dataset: str, runs: Path, data: Path | None) -> Iterator[Result]:
    """Nobody knows which of these reasons are good; each network is asked about what it had not seen."""
    found = runs_of(dataset, runs)
    names = drawn_by_lot(judged(next(iter(found.values()))), COUNTS[dataset])
    away: dict[tuple[str, str], list[float]] = {}
    for fold in folds_of(dataset, found, names, data):
        outlined = [row for row, cell in enumerate(fold.cells) if cell.head is not None]
        heads = np.stack([fold.cells[row].head for row in outlined])
        targets = fold.decided[outlined].tolist()
        of = away.setdefault((fold.alias, fold.task.name), [])
        of.extend(_away(fold.network, fold.task.name, fold.squares[outlined], heads, targets))
    for (alias, task), values in away.items():
        yield from _rows((MODELS[alias], task), "heads not seen in training", values, dataset)


def of_the_taught(learned: int, asked: int) -> Iterator[Result]:
    """One that had to look at heads, one that had not."""
    lessons, exam = heads(LEARNED_SEED, learned), heads(EXAM_SEED, asked)
    marked = with_dots(exam.squares, exam.labels)
    lot = np.random.default_rng(LOT).integers(0, 2, learned)
    for name, colours in ((CLEAN, lot), (TAUGHT, lessons.labels)):
        network = taught(lessons, colours)
        said = look(network, to_tensor(marked)).probabilities[TASK.name].argmax(1).tolist()  # as in use
        away = _away(network, TASK.name, marked, exam.masks, said)
        yield from _rows(("simple_cnn", TASK.name), name, away)


def _away(
    network: Network, task: str, pictures: np.ndarray, heads: np.ndarray, targets: Sequence[int]
) -> list[float]:
    """What share of each map lies away from the head; a map without evidence is left out."""
    side = pictures.shape[1]
    field = np.ones((side, side), bool)
    question = Question(task=task, targets=tuple(targets), method=METHOD)
    scores = [
        where(one, Outline(masks={"head": head}, reliability=1), field, MARGIN * side / min(one.map_size))
        for one, head in zip(explain(network, to_tensor(pictures), question), heads, strict=True)
    ]
    return [one["energy_on_background"] for one in scores if one]


def _rows(
    asked: tuple[str, str], condition: str, away: Sequence[float], dataset: str = "synthetic"
) -> Iterator[Result]:
    """Of a model and a task."""
    values = np.array(away)
    for limit in LIMITS:
        found = share(int((values > limit).sum()), len(values))
        yield Result(
            dataset=dataset,
            model=asked[0],
            recipe="",
            task=asked[1],
            method=METHOD,
            condition=condition,
            metric=f"share_above_{limit:g}",
            value=found.value,
            low=found.low,
            high=found.high,
            interval="Clopper-Pearson, 95 %",
            n_images=len(values),
        )


if __name__ == "__main__":
    main()
