"""What the file alone tells of the label: its size, its proportions, its format, and no pixel.

Where that is more than always naming the commonest class, a network may learn it, too, and do well on
this set for a reason that no other microscope has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spermlens.audit.survey import Seen
from spermlens.evaluate.counts import Share, share
from spermlens.types import Task

Columns = dict[str, NDArray[np.float64]]

SIZES = ("width", "height", "area", "aspect")
FOLDS = 5
FEWEST = 5 * FOLDS  # images of a class; rarer ones are left out of the question
BOOSTING, NEIGHBOURS = "gradient boosting", "15 nearest neighbours"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """How often a column, or several, tell the class of images not learned from."""

    task: str
    columns: tuple[str, ...]
    learner: str
    accuracy: Share  # five folds, copies and groups together; exact 95 % interval
    majority: float  # share of the commonest class, which needs no metadata

    @property
    def tells(self) -> bool:
        """Whether that is more than chance would easily give."""
        return self.accuracy.low > self.majority


def columns_of(seen: Sequence[Seen]) -> Columns:
    """The columns that differ between images; all of `seen` must be readable."""
    measures = [one.content.measures for one in seen if one.content is not None]
    width = np.array([m.width for m in measures], float)
    height = np.array([m.height for m in measures], float)
    found: Columns = {"width": width, "height": height, "area": width * height, "aspect": width / height}
    sources = [one.source for one in seen if one.source is not None]
    if len(sources) == len(seen):
        kinds = sorted({source.format for source in sources})
        found["bytes"] = np.array([source.bytes for source in sources], float)
        found["format"] = np.array([kinds.index(source.format) for source in sources], float)
    return {name: values for name, values in found.items() if len(np.unique(values)) > 1}


def what_metadata_tells(
    columns: Columns, labels: NDArray[np.int64], task: Task, units: NDArray[np.int64]
) -> list[Told]:
    """All columns, the sizes, then each column; empty where there is nothing to learn from.

    labels: class numbers, -1 where not annotated; units: what is never divided between folds.
    """
    common = [n for n in range(len(task.classes)) if len(set(units[labels == n])) >= FEWEST]
    kept = np.isin(labels, common)
    if len(common) < 2 or not columns:
        return []
    truth, parts = labels[kept], units[kept]
    majority = float(np.bincount(truth).max() / len(truth))
    folds = _folds(truth, parts)
    sizes = tuple(name for name in SIZES if name in columns)
    asked = [(tuple(columns), learner) for learner in (BOOSTING, NEIGHBOURS)]
    if 1 < len(sizes) < len(columns):
        asked += [(sizes, learner) for learner in (BOOSTING, NEIGHBOURS)]
    asked += [((name,), BOOSTING) for name in columns if len(columns) > 1]
    found = []
    for names, learner in asked:
        table = np.stack([columns[name][kept] for name in names], 1)
        right = sum(_right(learner, table, truth, train, test) for train, test in folds)
        accuracy = share(right, len(truth))
        told = Told(task=task.name, columns=names, learner=learner, accuracy=accuracy, majority=majority)
        found.append(told)
    return found


def _folds(
    truth: NDArray[np.int64], units: NDArray[np.int64]
) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    from sklearn.model_selection import StratifiedGroupKFold

    maker = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0)
    return list(maker.split(truth, truth, units))


def _right(
    learner: str,
    table: NDArray[np.float64],
    truth: NDArray[np.int64],
    train: NDArray[np.int64],
    test: NDArray[np.int64],
) -> int:
    model = _new(learner, len(train)).fit(table[train], truth[train])
    return int((model.predict(table[test]) == truth[test]).sum())


def _new(learner: str, count: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if learner == NEIGHBOURS:
        return make_pipeline(StandardScaler(), KNeighborsClassifier(min(15, count)))
    return HistGradientBoostingClassifier(
        max_iter=40, max_leaf_nodes=8, min_samples_leaf=10, early_stopping=False, random_state=0
    )
