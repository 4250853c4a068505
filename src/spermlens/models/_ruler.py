"""A reader of measures: the ruler that votes beside a network, as plain numbers.

Support vectors with a radial kernel, one against one, and what makes probabilities of their scores: the same
digits as the scikit-learn pipeline they were learned with (`training.shape_models`), but without it, and
stored as tensors only. Each row is reckoned by itself, so it never depends on those beside it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spermlens.errors import BadModel

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

COUNTED = ("told", "counts")  # whole numbers


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ruler:
    """Reads c columns, tells m of them as missing, knows v support vectors of k classes and gives s scores.

    s is k, or 1 where there are two classes.
    """

    columns: tuple[str, ...]  # names of measures
    medians: Floats  # (c,) in place of what is missing
    told: Ints  # (m,) the columns of which it counts whether they are missing
    means: Floats  # (c + m,)
    spreads: Floats  # (c + m,)
    vectors: Floats  # (v, c + m) standardised, class by class
    counts: Ints  # (k,) how many of the vectors are of each class
    duals: Floats  # (k - 1, v) as libsvm lays them out
    offsets: Floats  # (k (k - 1) / 2,) one a pair of classes
    gamma: Floats  # () the kernel is exp(-gamma distance²)
    score_means: Floats  # (s,)
    score_spreads: Floats  # (s,)
    weights: Floats  # (k, s) of the standardised scores
    biases: Floats  # (k,)

    def __post_init__(self) -> None:
        c, m, v, k = len(self.columns), len(self.told), len(self.vectors), len(self.counts)
        s = k if k > 2 else 1
        shapes: dict[str, tuple[int, ...]] = {
            "medians": (c,),
            "told": (m,),
            "means": (c + m,),
            "spreads": (c + m,),
            "vectors": (v, c + m),
            "counts": (k,),
            "duals": (k - 1, v),
            "offsets": (k * (k - 1) // 2,),
            "gamma": (),
            "score_means": (s,),
            "score_spreads": (s,),
            "weights": (k, s),
            "biases": (k,),
        }
        for name, shape in shapes.items():
            kind = np.int64 if name in COUNTED else np.float64
            values = np.array(getattr(self, name), kind, order="C")  # one layout, so the same last digits
            object.__setattr__(self, name, values)
            _demand(values.shape == shape, f"{name} must be {shape}, but is {values.shape}")
            _demand(bool(np.isfinite(values).all()), f"{name} holds NaN or infinite values")
        _demand(k > 1, "there must be two classes or more")
        _demand(len(set(self.columns)) == c, "a column is named twice")
        _demand(bool(((self.told >= 0) & (self.told < c)).all()), "told must be columns")
        _demand(bool((self.counts >= 0).all()) and int(self.counts.sum()) == v, f"counts must sum to {v}")
        _demand(bool(self.gamma > 0), "gamma must be positive")
        for name in ("spreads", "score_spreads"):
            _demand(bool((getattr(self, name) > 0).all()), f"{name} must be positive")

    def probabilities(self, values: Floats) -> Floats:
        """n x columns, NaN where a measure could not be taken -> n x classes."""
        if values.ndim != 2 or values.shape[1] != len(self.columns):
            raise ValueError(f"The ruler reads {len(self.columns)} columns, but is given {values.shape}.")
        told = np.empty((len(values), len(self.counts)))
        for number, row in enumerate(values):
            told[number] = self._calibrated(self._scores(self._margins(self._prepared(row))))
        return told

    def _prepared(self, row: Floats) -> Floats:
        missing = np.isnan(row)
        filled = np.where(missing, self.medians, row)
        return np.asarray((np.concatenate([filled, missing[self.told]]) - self.means) / self.spreads)

    def _margins(self, row: Floats) -> Floats:
        """One a pair of classes, positive for the first of them."""
        near: Floats = np.exp(-self.gamma * np.square(self.vectors - row).sum(1))
        ends = np.cumsum(self.counts)
        of = [slice(end - count, end) for end, count in zip(ends, self.counts, strict=True)]
        sums = [
            self.duals[b - 1, of[a]] @ near[of[a]] + self.duals[a, of[b]] @ near[of[b]]
            for a, b in combinations(range(len(of)), 2)
        ]
        return np.asarray(self.offsets + sums)

    def _scores(self, margins: Floats) -> Floats:
        """A whole vote a pair won, and a part below one for how clearly."""
        k = len(self.counts)
        if k == 2:
            return margins
        votes, clearly = np.zeros(k), np.zeros(k)
        for (a, b), margin in zip(combinations(range(k), 2), margins, strict=True):
            votes[b if margin < 0 else a] += 1
            clearly[a] += margin
            clearly[b] -= margin
        return np.asarray(votes + clearly / (3 * (np.abs(clearly) + 1)))

    def _calibrated(self, scores: Floats) -> Floats:
        logits = self.weights @ ((scores - self.score_means) / self.score_spreads) + self.biases
        shares = np.exp(logits - logits.max())
        return np.asarray(shares / shares.sum())


TENSORS = tuple(field.name for field in fields(Ruler) if field.name != "columns")


def rulers_to_bytes(rulers: Mapping[str, Ruler]) -> bytes:
    """The rulers of several tasks as one safetensors file in 64 bits."""
    from safetensors.numpy import save

    tensors = {f"{task}.{name}": getattr(ruler, name) for task, ruler in rulers.items() for name in TENSORS}
    return save(tensors, {task: json.dumps(ruler.columns) for task, ruler in rulers.items()})


def read_rulers(path: Path) -> dict[str, Ruler]:
    """{task: its ruler}; anything that is not wholly one is refused."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "numpy") as file:
            named = {task: tuple(json.loads(names)) for task, names in (file.metadata() or {}).items()}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError, TypeError, RecursionError) as error:
        raise BadModel(
            f"{path}: not a whole safetensors file ({error}). Copy it again; other formats are not read."
        ) from error
    try:
        _demand(
            set(tensors) == {f"{task}.{name}" for task in named for name in TENSORS},
            "tensors are missing, or too many",
        )
        return {
            task: Ruler(
                columns=columns,
                **{name: tensors[f"{task}.{name}"] for name in TENSORS},
            )
            for task, columns in named.items()
        }
    except (ValueError, TypeError) as error:
        raise BadModel(f"{path}: not a reader of measures: {error}. Copy the folder again.") from error


def _demand(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)
