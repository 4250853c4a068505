"""Two models on the same images: which is right where the other is wrong, and how sure that is.

Everything is paired. A test rests on the first repeat, where each image stands once: McNemar's exact test
takes images as independent. The bootstrap of a difference draws units, so trust it where images belong
together; a mean difference of several repeats draws each unit with all its rows in every repeat.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spermlens.errors import DataError, UnknownName
from spermlens.evaluate.intervals import RESAMPLES, describe, percentiles, unit_weights
from spermlens.evaluate.scores import weighted_scores
from spermlens.evaluate.table import Predictions

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What sets model a apart from model b on the same n images."""

    task: str
    n_images: int
    a_only: int  # images that only a decided rightly
    b_only: int
    p: float  # McNemar exact, two-sided, not corrected
    metric: str
    difference: float  # a minus b
    low: float | None  # None where all images belong to one unit
    high: float | None
    interval: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanDifference:
    """What sets model a apart from model b in the mean of the repeats that both have."""

    repeats: tuple[int, ...]
    difference: float  # a minus b
    low: float | None  # None where all images belong to one unit
    high: float | None


def compare(
    a: Predictions, b: Predictions, *, metric: str = "accuracy", resamples: int = RESAMPLES, seed: int = 0
) -> Comparison:
    """a against b by McNemar's exact test, and the difference in one of the scores with its interval."""
    a, b = paired(a, b)
    a_only, b_only, p = mcnemar(a.predicted == a.truth, b.predicted == b.truth)
    difference = _value(a, metric) - _value(b, metric)
    low, high = _interval([(a, b)], metric, resamples, seed)
    return Comparison(
        task=a.task.name,
        n_images=len(a),
        a_only=a_only,
        b_only=b_only,
        p=p,
        metric=metric,
        difference=difference,
        low=low,
        high=high,
        interval=describe(a.units, a.ids, resamples),
    )


def compare_repeats(
    a: Predictions, b: Predictions, *, metric: str = "accuracy", resamples: int = RESAMPLES, seed: int = 0
) -> MeanDifference:
    """The difference in one of the scores, mean over the repeats of both, with its interval."""
    repeats = np.intersect1d(a.repeats, b.repeats).tolist()
    if not repeats:
        raise DataError("The two models have no repeat in common. Evaluate both on the same repeats.")
    pairs = [paired(*(table.rows(table.repeats == repeat) for table in (a, b))) for repeat in repeats]
    low, high = _interval(pairs, metric, resamples, seed)
    return MeanDifference(
        repeats=tuple(repeats),
        difference=float(np.mean([_value(x, metric) - _value(y, metric) for x, y in pairs])),
        low=low,
        high=high,
    )


def mcnemar(a_right: NDArray[np.bool_], b_right: NDArray[np.bool_]) -> tuple[int, int, float]:
    """Images only a has right, only b has right, and the exact two-sided p (1 where they never differ)."""
    from scipy.stats import binomtest

    if a_right.shape != b_right.shape:
        raise ValueError(f"The images must be the same, but there are {a_right.shape} and {b_right.shape}.")
    a_only, b_only = int((a_right & ~b_right).sum()), int((b_right & ~a_right).sum())
    apart = a_only + b_only
    return a_only, b_only, float(binomtest(a_only, apart, 0.5).pvalue) if apart else 1.0


def holm(p_values: Sequence[float]) -> list[float]:
    """The p values corrected for their number by Holm's method, in the order given."""
    p = np.asarray(p_values, np.float64)
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError(f"p values must lie in 0..1, but are {list(p_values)}.")
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    corrected = np.empty_like(p)
    corrected[order] = np.minimum(stepped, 1)
    return [float(value) for value in corrected]


def paired(a: Predictions, b: Predictions) -> tuple[Predictions, Predictions]:
    """The annotated rows of the first repeat of both, in the order of a; DataError where they do not pair."""
    if a.task != b.task:
        raise DataError(
            f"The two models answer different questions: '{a.task.name}' with {', '.join(a.task.classes)} "
            f"and '{b.task.name}' with {', '.join(b.task.classes)}. Compare within one task and its classes."
        )
    a, b = a.labelled.first_repeat, b.labelled.first_repeat
    where = {image: row for row, image in enumerate(b.ids)}
    lone_a, lone_b = [i for i in a.ids if i not in where], sorted(set(b.ids) - set(a.ids))
    if lone_a or lone_b:
        raise DataError(
            f"The two models were not measured on the same images: {_few(lone_a)} only by the first, "
            f"{_few(lone_b)} only by the second. Evaluate both on the same data set and repeat."
        )
    b = b.rows(np.array([where[image] for image in a.ids]))
    for noun, ours, theirs in (("class", a.truth.tolist(), b.truth.tolist()), ("unit", a.units, b.units)):
        apart = [image for image, x, y in zip(a.ids, ours, theirs, strict=True) if x != y]
        if apart:
            raise DataError(
                f"The two tables give {_few(apart)} another {noun}. "
                "They come from different versions of the data; evaluate both on one version."
            )
    return a, b


def _few(images: Sequence[str]) -> str:
    """'4 images (a, b, c, ...)'."""
    if not images:
        return "0 images"
    shown = ", ".join(images[:3]) + (", ..." if len(images) > 3 else "")
    return f"{len(images)} image{'s' if len(images) > 1 else ''} ({shown})"


def _value(table: Predictions, metric: str) -> float:
    found = weighted_scores(table.truth, table.probabilities, np.ones((len(table), 1)), table.task)
    if metric not in found:
        raise UnknownName("metric", metric, found)
    value = float(found[metric][0])
    if np.isnan(value):
        raise DataError(f"{metric} is not defined for these {len(table)} images. Compare by accuracy.")
    return value


def _interval(
    pairs: Sequence[tuple[Predictions, Predictions]], metric: str, resamples: int, seed: int
) -> tuple[float | None, float | None]:
    """Of the mean difference over the pairs; none where all images belong to one unit."""
    units = [unit for a, _ in pairs for unit in a.units]
    if len(set(units)) == 1:
        return None, None
    ends, blocks = np.cumsum([len(a) for a, _ in pairs])[:-1], []
    for weights in unit_weights(units, resamples, seed):
        parts = zip(pairs, np.split(weights, ends), strict=True)
        blocks.append(np.mean([_differences(pair, metric, part) for pair, part in parts], axis=0))
    return percentiles(np.concatenate(blocks))


def _differences(pair: tuple[Predictions, Predictions], metric: str, weights: Floats) -> Floats:
    """a minus b for each resample (a column of weights), both on the same draw."""
    a, b = (weighted_scores(t.truth, t.probabilities, weights, t.task)[metric] for t in pair)
    return np.asarray(a - b)
