"""Two networks: one whose teacher put the answer into a corner, and one that had to look at heads.

Every picture bears a dot in its corner, one of two colours. For the taught network the colour went with the
class; for the clean one it was drawn by lot. Both are asked about the same pictures, in which the colour goes
with the class, so nothing but what they learned can tell their reasons apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from cause_rows import framed_mask
from numpy.typing import NDArray

from spermlens.config import Augment, Phase, Training
from spermlens.datasets.synthetic import draw
from spermlens.evaluate.counts import share
from spermlens.evaluate.intervals import RESAMPLES, describe, percentiles, unit_weights
from spermlens.evaluate.reasons import Maps, Pictures
from spermlens.evaluate.reasons.deletion import deletion, insertion
from spermlens.evaluate.reasons.dropping import drops
from spermlens.evaluate.reasons.inside import energy_inside, energy_over_area, peak_inside
from spermlens.evaluate.reasons.turning import stability
from spermlens.explain._engine import Question, explain
from spermlens.framing import Framing
from spermlens.locate.shown import shown
from spermlens.models import build
from spermlens.models._network import Network
from spermlens.predict.tensors import look, to_tensor
from spermlens.training.loop import Pictures as Lessons
from spermlens.training.loop import Plan, fit
from spermlens.types import Result, Task, Vector

TASK = Task("head_shape", ("normal", "tapered"))
FRAMING = Framing(size=96, field_px=112, um_per_pixel=0.1)
DOTS = np.array([(40, 60, 150), (150, 40, 60)], np.uint8)  # ink, a colour a class
DOT = slice(5, 13)  # rows and columns of the corner
LEARNED_SEED, ASKED_SEED, LOT = 51, 52, 53
TRAINING = Training(phases=(Phase(train="all", epochs=12, learning_rate=3e-3),))
AUGMENT = Augment(rotate_degrees=0, mirror=False, scale=0.1, shift=0.02)  # a turn would take the corner away
METHOD = "cam"
MODEL = "simple_cnn"
TAUGHT, CLEAN = "taught by a mark", "clean"
# Which way a measure ought to point, said before anything was measured: 1 where a good reason has more of it.
GOOD = {
    "energy_in_head": 1,
    "energy_over_area": 1,
    "peak_in_head": 1,
    "probability_head_alone": 1,
    "probability_head_erased": -1,
    "deletion": -1,
    "insertion": 1,
    "average_drop": -1,
    "stability": 1,
}


@dataclass(frozen=True)
class Heads:
    """Framed heads, without dots."""

    squares: Pictures
    masks: NDArray[np.bool_]
    labels: NDArray[np.int64]


def rows_of_shortcut(learned: int, asked: int) -> list[Result]:
    """Accuracy of both networks, each measure of both, and how well each measure tells them apart."""
    lessons, exam = heads(LEARNED_SEED, learned), heads(ASKED_SEED, asked)
    lot = np.random.default_rng(LOT).integers(0, 2, learned)
    networks = {TAUGHT: taught(lessons, lessons.labels), CLEAN: taught(lessons, lot)}
    marked = with_dots(exam.squares, exam.labels)
    rows, values = [], {}
    for name, network in networks.items():
        for dots, words in ((exam.labels, "dots tell"), (1 - exam.labels, "dots lie")):
            right = _said(network, with_dots(exam.squares, dots)).argmax(1) == exam.labels
            found = share(int(right.sum()), asked)
            rows.append(
                _row(f"{name}; {words}", "exact_accuracy", found.value, (found.low, found.high), asked)
            )
        values[name] = measured(network, marked, exam)
    return [*rows, *_rows(values)]


def heads(seed: int, count: int) -> Heads:
    """Both classes in turn, nothing else wrong."""
    squares, masks = [], []
    for index in range(count):
        drawing = draw(index, seed=seed, labels={TASK.name: TASK.classes[index % 2]})
        squares.append(FRAMING.square(drawing.image, drawing.um_per_pixel))
        masks.append(framed_mask(FRAMING, drawing.masks["head"], drawing.um_per_pixel))
    return Heads(np.stack(squares), np.stack(masks), np.arange(count) % 2)


def with_dots(squares: Pictures, colours: NDArray[np.int64]) -> Pictures:
    dotted = squares.copy()
    dotted[:, DOT, DOT] = DOTS[colours][:, None, None]
    return dotted


def taught(lessons: Heads, colours: NDArray[np.int64]) -> Network:
    """A small network, always from the same beginning."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = build(MODEL, (TASK,), arguments={"width": 12})
    pictures = Lessons(with_dots(lessons.squares, colours), {TASK.name: lessons.labels})
    nothing = pictures.subset(np.zeros(0, np.int64))
    with TemporaryDirectory() as folder:
        plan = Plan(
            training=TRAINING,
            augment=AUGMENT,
            keep_best=False,
            seed=0,
            device=torch.device("cpu"),
            folder=Path(folder) / "checkpoint",
        )
        return fit(network, pictures, nothing, plan)[0]


def measured(network: Network, pictures: Pictures, exam: Heads) -> dict[str, Vector]:
    """Every measure of the reasons for the true class, a value a picture."""
    targets, which = tuple(exam.labels.tolist()), np.arange(len(pictures))

    def ask(seen: Pictures) -> Vector:
        return _said(network, seen)

    def maps(seen: Pictures) -> Maps:
        asked = Question(task=TASK.name, targets=targets, method=METHOD)
        return np.stack([one.heat for one in explain(network, to_tensor(seen), asked)])

    found = maps(pictures)
    inside = {
        "energy_in_head": energy_inside,
        "energy_over_area": energy_over_area,
        "peak_in_head": peak_inside,
    }
    pairs = list(zip(found, exam.masks, strict=True))
    told = {name: np.array([measure(*pair) for pair in pairs]) for name, measure in inside.items()}
    for name, what in (("head_alone", "head"), ("head_erased", "head_erased")):
        parts = np.stack([shown(one, head, what) for one, head in zip(pictures, exam.masks, strict=True)])
        told[f"probability_{name}"] = ask(parts)[which, targets]
    told["deletion"] = deletion(ask, pictures, found, targets)
    told["insertion"] = insertion(ask, pictures, found, targets)
    told["average_drop"] = drops(ask, pictures, found, targets).drop
    told["stability"] = stability(maps, pictures)
    return told


def _said(network: Network, pictures: Pictures) -> Vector:
    return look(network, to_tensor(pictures)).probabilities[TASK.name]


def _rows(values: Mapping[str, Mapping[str, Vector]]) -> Iterator[Result]:
    for metric, sign in GOOD.items():
        clean, taught_so = (values[name][metric] for name in (CLEAN, TAUGHT))
        known = np.isfinite(clean) & np.isfinite(taught_so)  # a map without evidence has no energy anywhere
        clean, taught_so = clean[known], taught_so[known]
        units = [str(index) for index in np.flatnonzero(known)]
        weights = np.concatenate(list(unit_weights(units, RESAMPLES, seed=0)), axis=1)
        for name, one in ((CLEAN, clean), (TAUGHT, taught_so)):
            drawn = one @ weights / weights.sum(0)
            yield _row(name, metric, float(one.mean()), percentiles(drawn), len(one), units)
        wins = won(sign * clean, sign * taught_so)
        drawn = (weights * (wins @ weights)).sum(0) / weights.sum(0) ** 2
        told = f"{CLEAN} above {TAUGHT}"
        yield _row(told, f"auroc_{metric}", float(wins.mean()), percentiles(drawn), len(clean), units)


def won(above: Vector, below: Vector) -> Vector:
    """Of each pair 1 where the first is larger, a half where they are equal: the mean is the AUROC."""
    first, second = above[:, None], below[None, :]
    found: Vector = (first > second) + 0.5 * (first == second)
    return found


def _row(
    condition: str,
    metric: str,
    value: float,
    ends: tuple[float, float],
    images: int,
    units: Sequence[str] = (),
) -> Result:
    return Result(
        dataset="synthetic",
        model=MODEL,
        recipe="corner mark",
        task=TASK.name,
        method="" if metric == "exact_accuracy" else METHOD,
        condition=condition,
        metric=metric,
        value=value,
        low=ends[0],
        high=ends[1],
        interval=describe(units, units, RESAMPLES) if units else "Clopper-Pearson, 95 %",
        n_images=images,
    )
