"""Every score with its interval: a percentile bootstrap over units, and an exact one for the accuracy.

The value is the mean over the repeats of the score of all folds of a repeat pooled. A resample draws as
many units as there are, with replacement; all rows of a unit, in every repeat, are drawn together. So
neither copies of an image nor repeats of the folds make the interval narrower than the images allow.
The interval speaks of other images from the same source; it knows nothing of another training.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TypedDict, Unpack

import numpy as np
from numpy.typing import NDArray

from spermlens.evaluate.counts import LEVEL, Share, share
from spermlens.evaluate.scores import mean_of_defined, weighted_scores
from spermlens.evaluate.table import Predictions
from spermlens.types import Result, Task

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Scores = Callable[[Ints, Floats, Floats, Task], dict[str, Floats]]  # as weighted_scores

RESAMPLES = 2000
INNER = "inner images"  # the condition of scores that choices are made by, and nothing is claimed by
FEWEST = 100  # with fewer resamples the ends of the interval would be single draws
EXACT = "Clopper-Pearson on the first repeat, images taken as independent, 95 %"
FEW_UNITS = 20  # below, the interval holds the truth less often than it says: in 78 % with 3, 91 % with 15
_CELLS = 1_000_000  # weights held at a time


class Origin(TypedDict, total=False):
    """What else a result says of where it comes from; see Result."""

    alias: str
    recipe: str
    method: str
    condition: str
    runs: str


def judge(
    predictions: Predictions,
    *,
    dataset: str,
    model: str,
    resamples: int = RESAMPLES,
    seed: int = 0,
    scores: Scores = weighted_scores,
    **origin: Unpack[Origin],
) -> list[Result]:
    """One result per score that is defined, then exact_accuracy. Rows without a known class take no part.

    per_fold holds the score of each fold in the order of repeat and fold; it is empty where a fold leaves
    the score undefined.
    """
    table = predictions.labelled
    row = partial(Result, dataset=dataset, model=model, task=table.task.name, **origin)
    n_images, repeats = len(set(table.ids)), len(np.unique(table.repeats))
    how = describe(table.units, table.ids, resamples)
    folds = _per_fold(table, scores)
    drawn = _resampled(table, resamples, seed, scores) if len(set(table.units)) > 1 else {}
    rows = []
    for metric, value in _mean_over_repeats(table, scores).items():
        low, high = percentiles(drawn[metric]) if drawn else (None, None)
        by_fold = tuple(fold[metric] for fold in folds if metric in fold)
        rows.append(
            row(
                metric=metric,
                value=value,
                low=low,
                high=high,
                interval=how,
                n_images=n_images,
                repeats=repeats,
                per_fold=by_fold if len(by_fold) == len(folds) else (),
            )
        )
    exact = exact_accuracy(table)
    low, high, n_images = exact.low, exact.high, exact.total
    last = row(
        metric="exact_accuracy", value=exact.value, low=low, high=high, interval=EXACT, n_images=n_images
    )
    return [*rows, last]


def condition_of(views: int) -> str:
    """How the images were looked at, as results say it: '1 view', '8 views'."""
    return "1 view" if views == 1 else f"{views} views"


def calibrated(condition: str) -> str:
    """The same with tempered probabilities."""
    return f"{condition}, calibrated"


def exact_accuracy(predictions: Predictions) -> Share:
    """The accuracy of the first repeat, Clopper-Pearson; later repeats see the same images again."""
    first = predictions.labelled.first_repeat
    return share(int((first.predicted == first.truth).sum()), len(first))


def describe(units: Sequence[str], ids: Sequence[str], resamples: int) -> str:
    """How the bootstrap interval came about, for the reader of a table."""
    n_units, n_images = len(set(units)), len(set(ids))
    if n_units == 1:
        return "none: all images belong to one unit"
    over = "images" if n_units == n_images else f"{n_units} units of images that belong together"
    warning = "; few units, the interval is too narrow" if n_units < FEW_UNITS else ""
    return f"bootstrap over {over}, {resamples} resamples, {100 * LEVEL:.0f} %{warning}"


def unit_weights(units: Sequence[str], resamples: int, seed: int) -> Iterator[Floats]:
    """How often each row is drawn: blocks of rows x some resamples, `resamples` columns in all.

    The order of the rows does not matter: the same unit gets the same weights.
    """
    if resamples < FEWEST:
        raise ValueError(f"An interval needs {FEWEST} resamples or more, but got {resamples}.")
    names, unit_of_row = np.unique(np.asarray(units, object).astype(str), return_inverse=True)
    n = len(names)
    rng = np.random.default_rng(seed)
    step = max(1, _CELLS // len(units))
    for start in range(0, resamples, step):
        width = min(step, resamples - start)
        drawn = rng.integers(n, size=(width, n)) + np.arange(width)[:, None] * n
        times = np.bincount(drawn.ravel(), minlength=width * n).reshape(width, n)
        yield np.ascontiguousarray(times.T.astype(np.float64)[unit_of_row])


def percentiles(values: Floats) -> tuple[float, float]:
    """The ends of the middle 95 % of what is defined (a small resample may lack a class)."""
    tail = 100 * (1 - LEVEL) / 2
    low, high = np.percentile(values[np.isfinite(values)], [tail, 100 - tail])
    return float(low), float(high)


def _masks(table: Predictions) -> list[NDArray[np.bool_]]:
    return [table.repeats == repeat for repeat in np.unique(table.repeats)]


def _defined(table: Predictions, mask: NDArray[np.bool_], scores: Scores) -> dict[str, float]:
    """The scores of some rows that are defined."""
    once = np.ones((int(mask.sum()), 1))
    found = scores(table.truth[mask], table.probabilities[mask], once, table.task)
    return {name: float(values[0]) for name, values in found.items() if np.isfinite(values[0])}


def _mean_over_repeats(table: Predictions, scores: Scores) -> dict[str, float]:
    """The mean over the repeats in which a score is defined."""
    found: dict[str, list[float]] = {}
    for mask in _masks(table):
        for name, value in _defined(table, mask, scores).items():
            found.setdefault(name, []).append(value)
    return {name: float(np.mean(values)) for name, values in found.items()}


def _per_fold(table: Predictions, scores: Scores) -> list[dict[str, float]]:
    pairs = np.stack([table.repeats, table.folds], 1)
    parts = ((pairs == pair).all(1) for pair in np.unique(pairs, axis=0))
    return [_defined(table, part, scores) for part in parts]


def _resampled(table: Predictions, resamples: int, seed: int, scores: Scores) -> dict[str, Floats]:
    """Each score of every resample, mean over the repeats in which it is defined; NaN where in none."""
    masks = _masks(table)
    blocks = []
    for weights in unit_weights(table.units, resamples, seed):
        found = [
            scores(table.truth[mask], table.probabilities[mask], weights[mask], table.task) for mask in masks
        ]
        blocks.append({name: mean_of_defined(np.array([one[name] for one in found])) for name in found[0]})
    return {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}
