"""Is the confidence worth what it says, and from which confidence on may a decision stand?

Confidence is the probability of the likeliest class. All functions take truth (n class numbers) and
probabilities (n x classes), one row per image: of several repeats, give the first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from spermlens.evaluate.counts import LEVEL
from spermlens.evaluate.scores import BINS, bin_of
from spermlens.evaluate.table import UNKNOWN, Predictions

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Rows = NDArray[np.bool_]

FEWEST = 10  # accepted images below which a measured accuracy supports no threshold
COLDEST, HOTTEST = 0.05, 20.0


@dataclass(frozen=True, slots=True)
class Bin:
    """The images whose confidence lies above `low` and up to `high`."""

    low: float
    high: float
    confidence: float  # mean
    accuracy: float
    count: int


@dataclass(frozen=True, slots=True, eq=False)
class RiskCoverage:
    """Accepting confidence >= threshold[i] accepts the share coverage[i], of which risk[i] is wrong."""

    threshold: Floats  # every confidence that occurs, falling
    coverage: Floats  # rising to 1
    risk: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """The confidence from which on decisions reached the target, and how far that is supported.

    The threshold is the smallest that reached the target on the images it is measured on, so `accuracy`
    flatters: more often than not the true accuracy lies below the target (simulated with calibrated models,
    216 images and a target of 95 %: for 74 % of thresholds). `low` is the figure to promise by; it takes
    images as independent and the threshold as given.
    """

    target: float
    threshold: float  # accept confidence >= threshold
    accuracy: float  # of the accepted
    coverage: float  # share accepted
    accepted: int
    n_images: int
    low: float  # exact one-sided 95 % lower bound of the accuracy


@dataclass(frozen=True, slots=True, eq=False)
class FoldTemperatures:
    """What the other folds of its repeat say of a fold: the temperatures of one model, or of several."""

    inside: Rows  # of n, the fold's own
    others: Rows  # those of other folds and units of its repeat that have truth: they fit the temperatures
    before: tuple[float, ...]  # of each model before the mean; empty for one alone
    after: float | None  # of what is used; None where there are no others


@dataclass(frozen=True, slots=True, eq=False)
class WithoutFold:
    """What is said of a fold and of the others of its repeat where the fold's labels are unknown."""

    inside: Rows
    others: Rows
    probabilities: Floats  # n x classes


def reliability(truth: Ints, probabilities: Floats, bins: int = BINS) -> tuple[Bin, ...]:
    """Bins of equal width over 0..1, lowest first; empty bins are left out."""
    confidence, right = _confidence_and_right(truth, probabilities)
    member = bin_of(confidence, bins)
    return tuple(
        Bin(
            b / bins,
            (b + 1) / bins,
            float(confidence[member == b].mean()),
            float(right[member == b].mean()),
            int((member == b).sum()),
        )
        for b in np.unique(member).tolist()
    )


def risk_coverage(truth: Ints, probabilities: Floats) -> RiskCoverage:
    """One point for every confidence that occurs; equal confidences are accepted together."""
    threshold, accepted, right = _accepted_and_right(truth, probabilities)
    return RiskCoverage(threshold, accepted / len(truth), 1 - right / accepted)


def threshold_for(
    truth: Ints, probabilities: Floats, target: float, *, fewest: int = FEWEST
) -> Threshold | None:
    """The smallest confidence that occurs at which the accepted reach the target accuracy.

    None where no threshold with `fewest` accepted images or more reaches it: nothing then supports
    the target, and whoever asked must say so rather than fall back on a threshold of their own.
    """
    from scipy.stats import binomtest

    if not 0 < target <= 1:
        raise ValueError(f"A target accuracy lies above 0 and up to 1, but is {target}.")
    thresholds, accepted, right = _accepted_and_right(truth, probabilities)
    good = np.flatnonzero((right / accepted >= target) & (accepted >= fewest))
    if not len(good):
        return None
    k, n = int(right[good[-1]]), int(accepted[good[-1]])
    low = binomtest(k, n, alternative="greater").proportion_ci(LEVEL, method="exact").low
    return Threshold(
        target=target,
        threshold=float(thresholds[good[-1]]),
        accuracy=k / n,
        coverage=n / len(truth),
        accepted=n,
        n_images=len(truth),
        low=float(low),
    )


def fit_temperature(truth: Ints, probabilities: Floats) -> float:
    """The temperature that makes the log loss least, 0.05..20; above 1 the model was too confident.

    Where every decision is right the colder the better, and the answer is the coldest allowed.
    """
    from scipy.optimize import minimize_scalar

    logits = _logits(probabilities)
    rows = np.arange(len(truth))

    def loss(log_temperature: float) -> float:
        return float(-_log_softmax(logits / np.exp(log_temperature))[rows, truth].mean())

    bounds = (np.log(COLDEST), np.log(HOTTEST))
    found = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-8})
    return float(np.exp(min([found.x, *bounds], key=loss)))


def temper(probabilities: Floats, temperature: float) -> Floats:
    """The probabilities with their logarithms divided by the temperature; the likeliest class stays so."""
    if not temperature > 0:
        raise ValueError(f"A temperature is above 0, but is {temperature}.")
    return np.asarray(np.exp(_log_softmax(_logits(probabilities) / temperature)))


def fit_temperatures(truth: Ints, votes: Sequence[Floats]) -> tuple[list[float], float]:
    """Of several models on the same rows: the temperature of each, and that of the mean they then have.

    One model has no temperature before, only its own.
    """
    before = [fit_temperature(truth, vote) for vote in votes] if len(votes) > 1 else []
    return before, fit_temperature(truth, tempered_mean(votes, before))


def tempered_mean(votes: Sequence[Floats], each: Sequence[float]) -> Floats:
    """The mean of the probabilities of several models, each at its own temperature if they have any."""
    tempered = [temper(vote, t) for vote, t in zip(votes, each, strict=True)] if each else votes
    return np.asarray(np.mean(tempered, axis=0))


def cross_fitted(table: Predictions) -> Predictions:
    """The same rows, each fold tempered by what the other folds of its repeat say of other units.

    So no image takes part in choosing its own temperature. A fold keeps its probabilities where the others
    have no annotated image. Whoever chooses anything more by these rows takes `without_each_fold` instead:
    here the temperatures of the other folds follow from each fold's labels.
    """
    return cross_fitted_mean([table])


def cross_fitted_mean(tables: Sequence[Predictions]) -> Predictions:
    """The mean of several models on the same rows, each tempered before and the mean after.

    All temperatures of a fold follow from what the models say of the other folds of its repeat. Those before
    weigh the models anew, so the likeliest class of a mean may become another.
    """
    votes = [table.probabilities for table in tables]
    mixed = np.empty_like(votes[0])
    for fold in fold_temperatures(tables):
        mixed[fold.inside] = _tempered_by_others(votes, fold)
    return replace(tables[0], probabilities=mixed)


def fold_temperatures(tables: Sequence[Predictions]) -> Iterator[FoldTemperatures]:
    """Of one model, or of several on the same rows: for each repeat and fold, what the others fit."""
    first, votes = tables[0], [table.probabilities for table in tables]
    units = np.asarray(first.units, object)
    for repeat, fold in np.unique(np.stack([first.repeats, first.folds], 1), axis=0):
        same = first.repeats == repeat
        inside = same & (first.folds == fold)
        others = same & ~np.isin(units, units[inside]) & (first.truth != UNKNOWN)
        if others.any():
            before, after = fit_temperatures(first.truth[others], [vote[others] for vote in votes])
            yield FoldTemperatures(inside, others, tuple(before), after)
        else:
            yield FoldTemperatures(inside, others, (), None)


def without_each_fold(tables: Sequence[Predictions]) -> Iterator[WithoutFold]:
    """For each repeat and fold, what one model or the mean of several says without that fold's labels.

    The fold is tempered by all others, and each of the others by the rest of them. So whoever chooses by the
    rows of the others, and judges those inside, lets no label judge itself.
    """
    votes = [table.probabilities for table in tables]
    for fold in fold_temperatures(tables):
        said = tempered_mean(votes, [])
        said[fold.inside] = _tempered_by_others(votes, fold)
        if fold.others.any():
            rest = [table.rows(fold.others) for table in tables]
            said[fold.others] = cross_fitted_mean(rest).probabilities
        yield WithoutFold(fold.inside, fold.others, said)


def _tempered_by_others(votes: Sequence[Floats], fold: FoldTemperatures) -> Floats:
    """The fold's own rows; as they come where there are no others."""
    own = tempered_mean([vote[fold.inside] for vote in votes], fold.before)
    return own if fold.after is None else temper(own, fold.after)


def _confidence_and_right(truth: Ints, probabilities: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    if len(truth) == 0 or len(truth) != len(probabilities):
        raise ValueError(f"Expected as many truths as probabilities: {len(truth)}, {len(probabilities)}.")
    return probabilities.max(1), probabilities.argmax(1) == truth


def _accepted_and_right(truth: Ints, probabilities: Floats) -> tuple[Floats, Ints, Ints]:
    """Every confidence that occurs, falling; how many images reach it, and how many of those are right."""
    confidence, right = _confidence_and_right(truth, probabilities)
    order = np.argsort(-confidence, kind="stable")
    falling = confidence[order]
    last = np.flatnonzero(np.append(falling[1:] < falling[:-1], True))
    return falling[last], last + 1, np.cumsum(right[order])[last].astype(np.int64)


def _logits(probabilities: Floats) -> Floats:
    """Logits up to a constant per row, which the softmax forgets."""
    return np.log(np.maximum(probabilities, np.finfo(np.float64).tiny))


def _log_softmax(logits: Floats) -> Floats:
    shifted = logits - logits.max(1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(1, keepdims=True)))
