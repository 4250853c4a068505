"""A model that comes of a study: learned from everything, and told of by the table it was judged in."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from test_reproduce import EXPERIMENT, STUDY

from spermlens.cli import run
from spermlens.evaluate.table import write_predictions
from spermlens.lens import Lens
from spermlens.lens import load as load_lens
from spermlens.reproduce.committed import read_committed

MODELS = """
[[shipped]]
name = "a-network"
part = "shapes"
line = "narrow"
faults = ["Takes tapered for pyriform."]
not_for = ["Cells that were not stained."]

[[shipped]]
name = "a-network-and-a-ruler"
part = "shapes"
line = "with-measures"
faults = []
not_for = []
"""
AVERAGES = 'averages = [{ name = "with-measures", of = ["narrow", "svm"] }]\nmeasured = ["svm"]\n'
TARGET = "target_accuracy = 0.05\n"  # that even this network reaches
Say = Callable[..., int]


@pytest.fixture
def spermlens(hushem: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Say:
    """`spermlens reproduce` on a study of one network, with and without what measures say."""
    (tmp_path / "tiny.toml").write_text(EXPERIMENT + TARGET, encoding="utf-8")
    text = STUDY.format(experiment=tmp_path / "tiny.toml")
    lines = [line for line in text.splitlines() if not line.startswith(("averages", "best"))]
    study = "\n".join(lines) + "\n" + AVERAGES + 'best = "with-measures"\n' + MODELS
    (tmp_path / "small.toml").write_text(study, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    fixed = ["--results", "results", "--device", "cpu", "--root", f"hushem={hushem}"]
    return lambda *arguments: run(["reproduce", "small.toml", *fixed, *arguments])


@pytest.fixture
def judged(spermlens: Say) -> Say:
    """The same with its one job done."""
    assert spermlens("--only", "narrow", "-q") == 0
    return spermlens


def said_by_measures() -> None:
    """What a learner of measures might have said of the same images."""
    table = read_committed(Path("results/small/shapes/narrow-r100.csv")).answers["head_shape"][2]
    said = np.random.default_rng(0).dirichlet(np.ones(4), len(table))
    write_predictions(Path("results/shape-hushem-svm.predictions.csv"), [replace(table, probabilities=said)])


def shipped(name: str) -> Lens:
    return load_lens(Path("models") / name, device="cpu")


def test_a_shipped_model_tells_how_its_recipe_was_judged(judged: Say, hushem: Path) -> None:
    assert judged("--ship", "a-network") == 0
    lens = shipped("a-network")
    told = lens.description
    assert (told.name, told.data["images"], told.data["licence"]) == ("a-network", 20, "CC BY 4.0")
    assert told.faults == ("Takes tapered for pyriform.",)
    assert told.remembers_all
    assert judged("--tables") == 0
    table = json.loads(Path("results/shapes-small.json").read_text())
    of_line = {
        (row["metric"], row["condition"]): row["value"] for row in table["rows"] if row["recipe"] == "narrow"
    }
    ours = {(row["metric"], row["condition"]): row["value"] for row in told.results}
    shared = set(ours) & set(of_line)
    assert {metric for metric, _ in shared} >= {"accuracy", "log_loss", "recall_normal"}
    assert {key: ours[key] for key in shared} == {key: of_line[key] for key in shared}
    assert not told.voting
    threshold = next(one for one in table["certainty"] if one["recipe"] == "narrow")["threshold"]
    right, decided = (threshold["out_of_fold"][name] for name in ("right", "accepted"))
    assert (
        f"thresholds that each fold takes from the others were {100 * right['value']:.1f} % right on the "
        f"{100 * decided['value']:.1f} % that they decide ({right['n_images']} of 20 images)"
    ) in told.notes[0]


def test_its_weights_take_two_bytes_and_it_predicts(judged: Say, hushem: Path) -> None:
    assert judged("--ship", "a-network") == 0
    (run_folder,) = Path("runs").glob("*a-network*")
    whole, half = (
        path.joinpath("weights.safetensors").stat().st_size
        for path in (run_folder / "model", Path("models/a-network"))
    )
    assert half < 0.75 * whole
    image = next(hushem.rglob("*.BMP"))
    theirs, ours = (
        load_lens(path, device="cpu").predict(image)[0] for path in (run_folder, "models/a-network")
    )
    for task, values in theirs.probabilities.items():
        np.testing.assert_allclose(ours.probabilities[task], values, atol=0.02)


def test_where_measures_have_a_vote_the_model_has_a_ruler(judged: Say, hushem: Path) -> None:
    said_by_measures()
    assert judged("--ship", "a-network-and-a-ruler") == 0
    lens = shipped("a-network-and-a-ruler")
    assert set(lens.description.voting) == {"head_shape"}
    assert Path("models/a-network-and-a-ruler/ruler.safetensors").is_file()
    (prediction,) = lens.predict(next(hushem.rglob("*.BMP")))
    assert sum(prediction.probabilities["head_shape"]) == pytest.approx(1)


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("--ship", "a-netwrok"), 2, "Did you mean 'a-network'"),
        (("--ship", "a-network"), 2, "No job of 'shapes' is committed"),
        (("--ship", "a-network", "--list"), 2, "are different things"),
    ],
)
def test_what_cannot_be_shipped_is_said(
    spermlens: Say, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], code: int, says: str
) -> None:
    assert spermlens(*arguments) == code
    assert says in capsys.readouterr().err
    assert not Path("models").exists()


def test_a_model_whose_other_vote_is_missing_is_not_made(
    judged: Say, capsys: pytest.CaptureFixture[str]
) -> None:
    assert judged("--ship", "a-network-and-a-ruler") == 2
    assert "'with-measures' is judged on 0 of 1 repeats" in capsys.readouterr().err
