"""A small study, trained: in pieces, once each, and its tables."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from spermlens.cli import run
from spermlens.reproduce.lock import lock
from spermlens.runs import list_runs
from spermlens.training import experiment as training

EXPERIMENT = """
name = "tiny"
claim = "A small network tells four drawn shapes apart."

[data]
name = "hushem"

[model]
name = "simple_cnn"
pretrained = false
arguments = { width = 4 }

[framing]
size = 32

[protocol]
folds = 2
inner_share = 0
allow_ungrouped = true

[training]
batch_size = 8

[[training.phases]]
train = "all"
epochs = 1
learning_rate = 1e-2

[decide]
views = 2
"""
STUDY = """
claim = "A study."

[[parts]]
name = "shapes"
table = "shapes-small"
claim = "Four drawn shapes."
experiment = "{experiment}"
repeats = [100]
recipes_tried = 1
recipes = [{{ name = "narrow" }}, {{ name = "wide", set = ["model.arguments.width=6"] }}]
averages = [{{ name = "both", of = ["narrow", "wide"] }}]
reference = ["narrow"]
best = "both"
"""

Say = Callable[..., tuple[int, str]]


@pytest.fixture
def spermlens(
    hushem: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Say:
    """`spermlens reproduce` on the small study: the exit code, and what was said."""
    experiment = tmp_path / "tiny.toml"
    experiment.write_text(EXPERIMENT, encoding="utf-8")
    (tmp_path / "small.toml").write_text(STUDY.format(experiment=experiment), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def say(*arguments: str) -> tuple[int, str]:
        capsys.readouterr()
        code = run(["reproduce", "small.toml", "--results", "results", "--device", "cpu", *arguments])
        return code, "".join(capsys.readouterr())

    return say


def states(said: str) -> dict[str, str]:
    return dict(re.findall(r"^(shapes/\S+)\s+(\w+)", said, re.MULTILINE))


def test_a_study_is_done_job_by_job_and_told_in_a_table(spermlens: Say, hushem: Path, tmp_path: Path) -> None:
    data = f"hushem={hushem}"
    assert states(spermlens("--list")[1]) == {"shapes/narrow-r100": "waiting", "shapes/wide-r100": "waiting"}
    assert "no job of it is committed" in spermlens("--tables")[1]

    code, said = spermlens("--only", "narrow", "--root", data)
    assert code == 0, said
    table = tmp_path / "results" / "small" / "shapes" / "narrow-r100.csv"
    assert len(table.read_text().splitlines()) == 21
    about = json.loads(table.with_suffix(".json").read_text())
    assert str(tmp_path) not in table.with_suffix(".json").read_text()
    assert str(hushem) not in table.with_suffix(".json").read_text()
    assert (about["looks"], about["device"], about["recipe"]["name"]) == (
        20,
        "cpu",
        "small-shapes-narrow-r100",
    )
    assert about["seconds"] > 0
    assert 0 < about["strangest"] <= 2
    assert len(about["data"]["pixels_sha256"]) == 64

    said = spermlens("--list")[1]
    assert states(said) == {"shapes/narrow-r100": "committed", "shapes/wide-r100": "waiting"}
    assert re.search(r"wide-r100\s+waiting\s+1 min", said)
    assert "1 of 2 jobs" in spermlens("--tables")[1]

    code, said = spermlens("--missing", "--root", data)
    assert code == 0
    assert "shapes/narrow-r100: is committed. Left out." in said
    assert "wide-r100.csv" in said
    assert len(list_runs(tmp_path / "runs")) == 2

    assert spermlens("--tables")[0] == 0
    found = json.loads((tmp_path / "results" / "shapes-small.json").read_text())
    assert {row["recipe"] for row in found["rows"]} == {"narrow", "wide", "both"}
    assert found["jobs"] == {"wanted": 2, "committed": 2, "missing": []}
    assert not list((tmp_path / "results").rglob(".*"))


def test_a_job_goes_on_where_it_stopped(
    spermlens: Say, hushem: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    only = ("--only", "narrow", "--root", f"hushem={hushem}")
    train = training._train

    def stop_at_the_second(run, study, split, place):  # type: ignore[no-untyped-def]
        if place["index"] == 1:
            raise KeyboardInterrupt
        return train(run, study, split, place)

    with monkeypatch.context() as patch:
        patch.setattr(training, "_train", stop_at_the_second)
        assert spermlens(*only)[0] == 130
    assert states(spermlens("--list", "--only", "narrow")[1]) == {"shapes/narrow-r100": "stopped"}
    assert not list((tmp_path / "results").rglob("*.csv"))
    first = next((tmp_path / "runs").glob("*/folds/r100f0/metrics.jsonl"))
    os.utime(first, (1, 1))

    assert spermlens(*only)[0] == 0
    assert first.stat().st_mtime == 1
    assert len(list_runs(tmp_path / "runs")) == 1


def test_what_is_trained_is_committed_without_training_again(
    spermlens: Say, hushem: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    only = ("--only", "narrow", "--root", f"hushem={hushem}")
    assert spermlens(*only)[0] == 0
    table = tmp_path / "results" / "small" / "shapes" / "narrow-r100.csv"
    before = table.read_bytes()
    table.unlink()
    assert states(spermlens("--list", "--only", "narrow")[1]) == {"shapes/narrow-r100": "done"}
    monkeypatch.delattr(training, "_train")
    assert spermlens(*only)[0] == 0
    assert table.read_bytes() == before


def test_what_is_committed_is_left_alone_unless_it_is_of_another_run_or_damaged(
    spermlens: Say, hushem: Path, tmp_path: Path
) -> None:
    only = ("--only", "narrow", "--root", f"hushem={hushem}")
    assert spermlens(*only)[0] == 0
    table = tmp_path / "results" / "small" / "shapes" / "narrow-r100.csv"
    beside = table.with_suffix(".json")
    written, whole = json.loads(beside.read_text()), table.read_bytes()

    known = json.loads(beside.read_text()) | {"commit": "0123456789ab"}  # which the run itself does not know
    del known["recipe"]["training"]["loss"]  # a setting that came after
    beside.write_text(json.dumps(known))
    before = beside.read_bytes()
    assert spermlens(*only)[0] == 0
    assert (beside.read_bytes(), table.read_bytes()) == (before, whole)

    table.write_bytes(whole[:-20])
    assert spermlens(*only)[0] == 0
    assert table.read_bytes() == whole
    beside.write_text(json.dumps(known | {"run": "another"}))
    assert spermlens(*only)[0] == 0
    assert json.loads(beside.read_text()) == written


def test_the_weights_behind_a_run_are_committed_with_it(spermlens: Say, hushem: Path, tmp_path: Path) -> None:
    fixed = ("--only", "narrow", "--root", f"hushem={hushem}", "-q")
    assert spermlens(*fixed)[0] == 0
    table = tmp_path / "results" / "small" / "shapes" / "narrow-r100.json"
    assert "behind" not in json.loads(table.read_text())
    (found,) = list_runs(tmp_path / "runs")
    behind = {"models/cells": "a" * 64}
    environment = found.environment() | {"behind": behind}
    (found.folder / "environment.json").write_text(json.dumps(environment))
    table.unlink()
    assert spermlens(*fixed)[0] == 0
    assert json.loads(table.read_text())["behind"] == behind


def test_a_changed_recipe_is_another_job(spermlens: Say, hushem: Path, tmp_path: Path) -> None:
    data = f"hushem={hushem}"
    assert spermlens("--only", "narrow", "--root", data)[0] == 0
    changed = (tmp_path / "tiny.toml").read_text().replace("width = 4", "width = 5")
    (tmp_path / "tiny.toml").write_text(changed)
    said = spermlens("--list", "--only", "narrow")[1]
    assert re.search(r"narrow-r100\s+other recipe", said)
    assert spermlens("--only", "narrow", "--missing", "--root", data)[0] == 0
    assert len(list_runs(tmp_path / "runs")) == 2
    assert states(spermlens("--list", "--only", "narrow")[1]) == {"shapes/narrow-r100": "committed"}


def test_a_job_that_another_process_does_is_left_out(spermlens: Say, hushem: Path, tmp_path: Path) -> None:
    place = tmp_path / "results" / "small" / "shapes" / ".narrow-r100.lock"
    with lock(place):
        assert states(spermlens("--list", "--only", "narrow")[1]) == {"shapes/narrow-r100": "running"}
        code, said = spermlens("--only", "narrow", "--root", f"hushem={hushem}")
        assert code == 0
        assert f"shapes/narrow-r100: process {os.getpid()} on" in said
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--only", "narow"), "Unknown part, recipe or job 'narow'. Did you mean 'narrow'"),
        (("--root", "smids=there"), "Unknown data set of this study 'smids'"),
        (("--root", "hushem"), "Write name=value"),
        (("--list", "--tables"), "Give one of them"),
    ],
)
def test_wrong_names_are_errors_before_anything_is_trained(
    spermlens: Say, tmp_path: Path, arguments: tuple[str, ...], says: str
) -> None:
    code, said = spermlens(*arguments)
    assert (code, says in said) == (2, True), said
    assert not (tmp_path / "runs").exists()


def test_data_that_is_not_there_is_said_and_the_lock_goes(spermlens: Say, tmp_path: Path) -> None:
    code, said = spermlens("--root", f"hushem={tmp_path / 'nowhere'}")
    assert code == 3
    assert "nothing is there" in said
    assert not list((tmp_path / "results").rglob(".*.lock"))
