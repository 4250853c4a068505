"""A model of everything, judged elsewhere, is the one that a whole run would have ended with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from spermlens.config import load_experiment
from spermlens.evaluate.table import read_predictions
from spermlens.models._description import describe
from spermlens.runs import Run
from spermlens.training.experiment import Elsewhere, train_on_all


@pytest.fixture
def whole(trained: Any) -> Run:
    return Run(trained.folder)


@pytest.fixture
def alone(whole: Run, hushem: Path, tmp_path: Path) -> Run:
    """The same experiment without its folds, told what they said."""
    experiment = load_experiment(str(whole.config), [f"data.root={str(hushem)!r}"])
    files = {
        1: whole.folder / "predictions-1-view.csv",
        experiment.decide.views: whole.predictions,
    }
    tables = {views: list(read_predictions(path).values()) for views, path in files.items()}
    return train_on_all(
        experiment, tmp_path, Elsewhere(tables, describe(whole.model).strangest), device="cpu"
    )


def test_it_is_the_same_model_with_the_same_card(whole: Run, alone: Run) -> None:
    ours, theirs = describe(alone.model), describe(whole.model)
    assert ours.weights_sha256 == theirs.weights_sha256
    assert (ours.threshold, ours.strangest, ours.normal) == (
        pytest.approx(theirs.threshold),
        theirs.strangest,
        theirs.normal,
    )
    assert ours.data["pixels"] == theirs.data["pixels"]
    figures = [[(r["metric"], r["condition"], r["n_images"]) for r in d.results] for d in (ours, theirs)]
    assert figures[0] == figures[1]
    for one, other in zip(ours.results, theirs.results, strict=True):
        assert one["value"] == pytest.approx(other["value"], abs=1e-6)


def test_no_fold_is_trained(alone: Run) -> None:
    assert alone.parts() == ["final"]
    assert alone.status() == "finished"
