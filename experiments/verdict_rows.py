"""From a value an image to rows: each model by itself, beside a blob, and with attention less without."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from verdict_heads import MODELS, STUDY
from verdict_measures import AREA, BLOB, Key

from spermlens.evaluate.counts import share
from spermlens.evaluate.overlap import mean_over
from spermlens.types import Result

PLACES = ("peak_in_head", "energy_in_head", "energy_over_area")
ACCURACY = "exact_accuracy"
BOTH = "b0-cbam less b0"  # of the same images
LESS_BLOB = "less the blob"
EXACT = "Clopper-Pearson, images taken as independent, 95 %"

ByImage = dict[str, float]


@dataclass
class Answers:
    """What one model's folds said, pooled: by question and image."""

    values: dict[Key, ByImage] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)

    def add(self, part: Mapping[str, Any]) -> None:
        """What is known of one fold; a value that is not defined is left out."""
        self.units |= dict(zip(part["ids"], part["units"], strict=True))
        for one in part["values"]:
            key = one["method"], one["condition"], one["metric"]
            known = zip(part["ids"], one["values"], strict=True)
            self.values.setdefault(key, {}).update((i, value) for i, value in known if value is not None)


def rows_of(dataset: str, task: str, answers: Mapping[str, Answers]) -> list[Result]:
    """Every row of a data set; `answers` by alias."""
    return [
        *(row for alias, found in answers.items() for row in _of_one(dataset, task, alias, found)),
        *_of_both(dataset, task, answers),
    ]


def _of_one(dataset: str, task: str, alias: str, found: Answers) -> Iterator[Result]:
    about = {"dataset": dataset, "task": task, "model": MODELS[alias], "alias": alias}
    for key, values in found.values.items():
        method, condition, metric = key
        if values:
            yield _row({**about, "condition": condition}, key, values, found.units)
        blob = found.values.get((BLOB, condition, metric))
        if values and blob and metric in PLACES and method not in (BLOB, AREA):
            yield _row({**about, "condition": LESS_BLOB}, key, _less(values, blob), found.units)


def _of_both(dataset: str, task: str, answers: Mapping[str, Answers]) -> Iterator[Result]:
    """The difference on the same images, where both were asked the same."""
    ours, theirs = (answers[alias] for alias in MODELS)
    about = {"dataset": dataset, "task": task, "model": " less ".join(MODELS.values()), "alias": BOTH}
    for key, values in ours.values.items():
        apart = _less(values, theirs.values.get(key, {}))
        if apart and key[0] not in (BLOB, AREA):
            yield _row({**about, "condition": key[1]}, key, apart, ours.units)


def _less(values: Mapping[str, float], others: Mapping[str, float]) -> ByImage:
    return {name: value - others[name] for name, value in values.items() if name in others}


def _row(about: Mapping[str, str], key: Key, values: Mapping[str, float], units: Mapping[str, str]) -> Result:
    method, _, metric = key
    told = {**about, "recipe": STUDY, "method": method, "metric": metric}
    names = sorted(values)
    of = [values[name] for name in names]
    if metric == ACCURACY and about["alias"] != BOTH:
        found = share(int(np.sum(of)), len(of))
        ends = {"value": found.value, "low": found.low, "high": found.high, "interval": EXACT}
        return Result(**told, **ends, n_images=len(of))
    return Result(**told, **asdict(mean_over(of, [units[name] for name in names])))
