"""Learning from columns instead of pixels: the rival that every network must beat.

A learner takes columns, truth and units of the training images and returns what tells the probabilities of
other images. Its settings are chosen inside: five folds of the training images, units kept together, by the
log loss of calibrated scores. So the images that judge a learner have no part in any choice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spermlens.config import Protocol
from spermlens.datasets import Listing
from spermlens.errors import DataError
from spermlens.evaluate.table import Predictions
from spermlens.locate.columns import ALL, Columns, row_of
from spermlens.models._ruler import Ruler
from spermlens.predict.measured import located
from spermlens.training.folds import Split, splits
from spermlens.types import Task

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Units = NDArray[np.str_]
Teller = Callable[[Floats], Floats]  # n x columns -> n x classes
Learner = Callable[[Floats, Ints, Units], Teller]
Settings = Mapping[str, float]

INNER_FOLDS = 5
SVM_GRID = {"C": (1, 3, 10), "spread": (0.1, 0.3)}  # spread: gamma times the columns
BOOSTING_GRID = {"max_leaf_nodes": (4, 8)}


@dataclass(frozen=True, slots=True)
class Judged:
    """What was told of images not learned from, and what each column was worth for that."""

    predictions: Predictions
    worth: Mapping[str, float]  # rise of the log loss when the column is shuffled among the judged images


def majority(_values: Floats, truth: Ints, _units: Units) -> Teller:
    """How common each class is, whatever the columns say."""
    share = np.bincount(truth) / len(truth)
    return lambda others: np.tile(share, (len(others), 1))


def svm(values: Floats, truth: Ints, units: Units) -> Teller:
    """Support vectors, radial kernel, standardised columns; what is missing is the median, and is told."""
    return _searched(_svm, SVM_GRID, (values, truth, units)).tell


def boosting(values: Floats, truth: Ints, units: Units) -> Teller:
    """Boosted trees, which go their own way where a value is missing."""
    return _searched(_boosting, BOOSTING_GRID, (values, truth, units)).tell


def measured(listing: Listing) -> Columns:
    """Every column of each image, as a model that learned from the listing will find them in others."""
    rows = []
    for sample in listing:
        found, measures = located(sample.image, sample.um_per_pixel)
        rows.append(row_of(found, sample.image, measures, listing.card.um_per_pixel))
    return Columns(names=ALL, values=np.array(rows, np.float64).reshape(len(rows), len(ALL)))


def ruler_of(listing: Listing, columns: Columns, task: Task) -> Ruler:
    """`svm` of a whole listing, to be saved beside a network: the same search, the same answers."""
    truth = listing.labels(task.name)
    known = truth >= 0
    if absent := [name for number, name in enumerate(task.classes) if number not in truth]:
        raise DataError(
            f"No image of {listing.card.name} is {', '.join(absent)} ({task.name}), so measures cannot tell "
            "it. Add images of it, or save the model without a ruler."
        )
    units = np.array(listing.units)[known]
    return _as_ruler(columns.names, _searched(_svm, SVM_GRID, (columns.values[known], truth[known], units)))


def judged(
    learner: Learner, columns: Columns, listing: Listing, protocol: Protocol, *, shuffles: int = 0
) -> Judged:
    """The first task of a listing by a protocol: on its test images, or its inner ones where it says so.

    Each column is shuffled `shuffles` times to see what it is worth; of columns that say nearly the same,
    each then seems worth little.
    """
    task = listing.card.tasks[0]
    truth, units = listing.labels(task.name), np.array(listing.units)
    parts, gains = [], []
    for split in splits(listing, protocol):
        learned = split.train[truth[split.train] >= 0]
        told = learner(columns.values[learned], truth[learned], units[learned])
        asked = split.inner if protocol.judge == "inner" else split.test
        values = columns.values[asked]
        parts.append((split, asked, told(values)))
        known = truth[asked] >= 0
        gains.append(_worth(told, values[known], truth[asked][known], shuffles))
    worth = np.mean(gains, axis=0).tolist()
    table = _table(listing, task, parts, protocol.judge == "inner")
    return Judged(table, dict(zip(columns.names, worth, strict=True)) if shuffles else {})


def _table(
    listing: Listing, task: Task, parts: Sequence[tuple[Split, Ints, Floats]], inner: bool
) -> Predictions:
    rows = np.concatenate([asked for _, asked, _ in parts])
    return Predictions(
        task=task,
        ids=tuple(listing.ids[row] for row in rows),
        units=tuple(listing.units[row] for row in rows),
        repeats=np.concatenate([np.full(len(asked), split.repeat) for split, asked, _ in parts]),
        folds=np.concatenate([np.full(len(asked), split.fold) for split, asked, _ in parts]),
        truth=listing.labels(task.name)[rows],
        probabilities=np.concatenate([told for *_, told in parts]),
        inner=inner,
    )


@dataclass(frozen=True, slots=True)
class _Learned:
    """A model that scores columns, and what makes probabilities of its scores."""

    model: Any
    calibrator: Any

    def tell(self, values: Floats) -> Floats:
        scores = _two_dimensional(self.model.decision_function(values))
        return np.asarray(self.calibrator.predict_proba(scores), np.float64)


def _searched(
    build: Callable[[Settings, int], Any],
    grid: Mapping[str, Sequence[float]],
    known: tuple[Floats, Ints, Units],
) -> _Learned:
    """The best of a grid, learned from all training images; its scores become probabilities by those that
    the inner folds gave to images they had not seen."""
    from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict

    values, truth, units = known
    maker = StratifiedGroupKFold(INNER_FOLDS, shuffle=True, random_state=0)
    folds = list(maker.split(values, truth, units))
    found = []
    for chosen in product(*grid.values()):
        model = build(dict(zip(grid, chosen, strict=True)), values.shape[1])
        scores = _two_dimensional(
            cross_val_predict(model, values, truth, cv=folds, method="decision_function")
        )
        told = cross_val_predict(_calibrator(), scores, truth, cv=folds, method="predict_proba")
        found.append((_log_loss(truth, told), model, scores))
    _, model, scores = min(found, key=lambda one: one[0])
    return _Learned(model.fit(values, truth), _calibrator().fit(scores, truth))


def _svm(settings: Settings, columns: int) -> Any:
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    imputer = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
    return make_pipeline(imputer, StandardScaler(), SVC(C=settings["C"], gamma=settings["spread"] / columns))


def _as_ruler(columns: Sequence[str], learned: _Learned) -> Ruler:
    """The numbers of a pipeline that `_svm` built; of two classes the calibrator has the second's alone."""
    imputer, scaler, machine = (step for _, step in learned.model.steps)
    scores, logistic = (step for _, step in learned.calibrator.steps)
    two = len(machine.classes_) == 2
    return Ruler(
        columns=tuple(columns),
        medians=imputer.statistics_,
        told=imputer.indicator_.features_,
        means=scaler.mean_,
        spreads=scaler.scale_,
        vectors=machine.support_vectors_,
        counts=machine.n_support_,
        duals=machine.dual_coef_,
        offsets=machine.intercept_,
        gamma=np.array(machine.gamma),
        score_means=scores.mean_,
        score_spreads=scores.scale_,
        weights=np.vstack([np.zeros((1, 1)), logistic.coef_]) if two else logistic.coef_,
        biases=np.append(0.0, logistic.intercept_) if two else logistic.intercept_,
    )


def _boosting(settings: Settings, columns: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier

    few = 0.3 if columns > 10 else 1.0  # share of the columns that a branch may choose among
    return HistGradientBoostingClassifier(
        **settings,
        max_iter=100,  # half or twice as many changed nothing
        min_samples_leaf=10,
        l2_regularization=1.0,
        max_features=few,
        early_stopping=False,
        random_state=0,
    )


def _calibrator() -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))


def _worth(told: Teller, values: Floats, truth: Ints, shuffles: int) -> Floats:
    """The mean rise of the log loss, one value a column."""
    rng = np.random.default_rng(0)
    before = _log_loss(truth, told(values))
    rises = np.zeros((shuffles, values.shape[1]))
    for column in range(values.shape[1]):
        for turn in range(shuffles):
            mixed = values.copy()
            mixed[:, column] = rng.permutation(mixed[:, column])
            rises[turn, column] = _log_loss(truth, told(mixed)) - before
    return np.asarray(rises.mean(0) if shuffles else rises.sum(0), np.float64)


def _log_loss(truth: Ints, probabilities: Floats) -> float:
    of_truth = probabilities[np.arange(len(truth)), truth]
    return float(-np.log(np.maximum(of_truth, np.finfo(np.float64).eps)).mean())


def _two_dimensional(scores: Floats) -> Floats:
    """Of two classes there is one score an image."""
    return np.asarray(scores.reshape(len(scores), -1), np.float64)
