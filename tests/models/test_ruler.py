"""The ruler reckons what the pipeline it was learned with reckons, and comes back from its file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from spermlens.errors import BadModel
from spermlens.models._ruler import Floats, Ruler, read_rulers, rulers_to_bytes
from spermlens.training.shape_models import _as_ruler, _Learned, _two_dimensional

NAMES = ("a", "b", "c", "d")
Tensors = dict[str, Any]


def cells(classes: int, count: int = 120) -> tuple[Floats, Any]:
    """Columns in which the class shows; one is never told, and of the second every seventh is missing."""
    rng = np.random.default_rng(classes)
    truth = np.arange(count) % classes
    values = rng.normal(size=(count, len(NAMES))) + truth[:, None] * [1.0, -0.7, 0, 0.2]
    values[::7, 1] = np.nan
    values[:, 2] = np.nan
    return values, truth


def learned(classes: int) -> _Learned:
    values, truth = cells(classes)
    imputer = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
    model = make_pipeline(imputer, StandardScaler(), SVC(C=3, gamma=0.2)).fit(values, truth)
    scores = _two_dimensional(model.decision_function(values))
    return _Learned(model, make_pipeline(StandardScaler(), LogisticRegression()).fit(scores, truth))


def ruler(classes: int = 3) -> Ruler:
    return _as_ruler(NAMES, learned(classes))


def asked(classes: int) -> Floats:
    """Other cells; one of which nothing is known, one of which a column is missing that never was."""
    values, _ = cells(classes, 60)
    others = np.random.default_rng(9).permutation(values[:, [3, 1, 2, 0]]) * 1.3
    others[3], others[4, 0] = np.nan, np.nan
    return others


@pytest.mark.parametrize("classes", [2, 3, 4])
def test_it_tells_what_its_pipeline_tells(classes: int) -> None:
    expected = learned(classes).tell(asked(classes))
    said = ruler(classes).probabilities(asked(classes))
    assert np.ptp(said, 0).min() > 0.1
    np.testing.assert_allclose(said, expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("classes", [2, 4])
def test_it_comes_back_from_its_file_to_the_last_digit(classes: int, tmp_path: Path) -> None:
    rulers = {"shape": ruler(classes), "a task. with a dot": ruler(3)}
    (tmp_path / "r").write_bytes(rulers_to_bytes(rulers))
    found = read_rulers(tmp_path / "r")
    assert set(found) == set(rulers)
    for task, one in rulers.items():
        assert found[task].columns == one.columns
        assert np.array_equal(found[task].probabilities(asked(2)), one.probabilities(asked(2)))


def test_a_row_does_not_depend_on_those_beside_it() -> None:
    one, values = ruler(4), asked(4)
    singly = np.concatenate([one.probabilities(row[None]) for row in values[::-1]])[::-1]
    assert np.array_equal(one.probabilities(values), singly)
    assert one.probabilities(values[:0]).shape == (0, 4)


def test_other_columns_than_its_own_are_refused() -> None:
    with pytest.raises(ValueError, match=r"reads 4 columns, but is given \(2, 3\)"):
        ruler().probabilities(np.zeros((2, 3)))


def _nan(tensors: Tensors) -> None:
    tensors["shape.vectors"][0, 0] = np.nan


FAULTS: dict[str, Callable[[Tensors], object]] = {
    "tensors are missing, or too many": lambda t: t.pop("shape.biases"),
    "vectors holds NaN or infinite values": _nan,
    "medians must be": lambda t: t.update({"shape.medians": np.zeros(3)}),
    "gamma must be positive": lambda t: t.update({"shape.gamma": np.array(0.0)}),
    "told must be columns": lambda t: t.update({"shape.told": t["shape.told"] + 9}),
    "counts must sum to": lambda t: t.update({"shape.counts": t["shape.counts"] + 1}),
    "score_spreads must be positive": lambda t: t.update({"shape.score_spreads": np.zeros(3)}),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_numbers_that_are_no_ruler_are_refused(fault: str, tmp_path: Path) -> None:
    path = tmp_path / "ruler.safetensors"
    path.write_bytes(rulers_to_bytes({"shape": ruler()}))
    tensors = load_file(path)
    FAULTS[fault](tensors)
    save_file(tensors, path, {"shape": json.dumps(NAMES)})
    with pytest.raises(BadModel, match=f"ruler.safetensors: not a reader of measures: {fault}"):
        read_rulers(path)


@pytest.mark.parametrize("metadata", [{}, {"shape": "[["}, {"shape": "3"}, {"shape": '["a"]'}])
def test_columns_without_names_are_refused(metadata: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "ruler.safetensors"
    path.write_bytes(rulers_to_bytes({"shape": ruler()}))
    save_file(load_file(path), path, metadata)
    with pytest.raises(BadModel, match="Copy"):
        read_rulers(path)
