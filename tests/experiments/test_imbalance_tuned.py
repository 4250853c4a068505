"""What is fine-tuned for a rare class: cut as screened, not trained twice, told with what is missing."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import imbalance_folds
import imbalance_scores
import imbalance_tuned
import numpy as np
import pytest
from imbalance import QUESTIONS, RESULTS, Question, left_of, protocol_of
from imbalance_folds import RECIPE, Tuned, tuned
from imbalance_heads import ADJUSTED, MOVING, NONE, OVER
from imbalance_official import RECIPES, official, official_part, tables_of
from sklearn.metrics import average_precision_score, balanced_accuracy_score, log_loss, recall_score

from spermlens.config import load_experiment
from spermlens.evaluate.rare import factor_for, moved
from spermlens.evaluate.table import Predictions
from spermlens.files import write_json
from spermlens.reproduce.committed import write_committed
from spermlens.reproduce.job import Job, jobs_of
from spermlens.reproduce.progress import Places
from spermlens.runs import Run
from spermlens.training.folds import Split, splits
from spermlens.training.study import Study
from spermlens.training.witness import SAID
from spermlens.types import Task

FEW = 100
CUT = Question("hushem", "head_shape", "amorphous", (0,), cut=1)
TAIL = next(question for question in QUESTIONS if question.task == "tail")
TASKS = ("acrosome", "head", "vacuole", "tail")
IMAGES = 60


@pytest.fixture
def ways(
    hushem: Path, tiny: Callable[[Path], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], list[Tuned]]:
    """All ways on the fake HuSHeM, with a small network; asked again, as another command would ask."""
    text = tiny(hushem).replace("inner_share = 0.25", "inner_share = 0\nkeep_networks = true")
    file = tmp_path / "recipe.toml"
    file.write_text(text.replace("epochs = 2", "epochs = 3"), encoding="utf-8")
    monkeypatch.setattr(imbalance_folds, "RECIPE", str(file))
    monkeypatch.setattr(imbalance_tuned, "RECIPE", str(file))
    monkeypatch.setattr(imbalance_scores, "RESAMPLES", FEW)
    return lambda: tuned(CUT, hushem.parent, tmp_path / "kept")


def test_what_is_tuned_is_what_the_screening_chose() -> None:
    chosen = json.loads((RESULTS / "imbalance.json").read_text(encoding="utf-8"))["chosen"]
    for asked in QUESTIONS:
        here = {one["way"]: one for one in chosen if one["task"] == asked.task}
        if asked.cut:
            assert {*here, NONE} == set(imbalance_folds.WAYS)
            assert here[OVER]["epochs_times"] == pytest.approx(1.3, abs=0.05)
        else:
            assert {*here, NONE} == {*RECIPES, MOVING}
            assert here[ADJUSTED]["settings"] == ["training.logit_adjustment=1.0"]


def test_the_adjusted_recipe_changes_nothing_but_the_adjustment() -> None:
    found = {job.recipe.name: job.experiment() for job in jobs_of("mhsma", official_part()) if not job.repeat}
    plain, adjusted = (found[RECIPES[way]] for way in (NONE, ADJUSTED))
    assert (plain.training.logit_adjustment, adjusted.training.logit_adjustment) == (0, 1)
    training = adjusted.training.model_copy(update={"logit_adjustment": 0})
    assert adjusted.model_copy(update={"training": training, "name": plain.name}) == plain


def test_the_frozen_recipe_divides_as_the_screening_did() -> None:
    protocol, screened = load_experiment(RECIPE).protocol, protocol_of(QUESTIONS[-1])
    for key in ("kind", "folds", "inner_share", "allow_ungrouped"):
        assert getattr(protocol, key) == getattr(screened, key)
    assert protocol.repeats[0] in screened.repeats


def test_every_way_learns_from_the_images_that_the_screening_left(ways: Callable[[], list[Tuned]]) -> None:
    found = ways()
    listing = found[0].study.listing
    labels = listing.labels("head_shape")
    protocol = protocol_of(CUT).model_copy(update={"folds": 2})
    for number, split in enumerate(splits(listing, protocol)):
        wanted = left_of(split.train, labels, 3, split, CUT.cut)
        assert (labels[wanted] == 3).sum() == CUT.cut < (labels[split.train] == 3).sum()
        for way in found:
            np.testing.assert_array_equal(way.plan[number].train, wanted)
            np.testing.assert_array_equal(way.plan[number].test, split.test)


def test_the_ways_differ_in_what_they_are_called_after(ways: Callable[[], list[Tuned]]) -> None:
    found = {way.way: way.study.experiment.training for way in ways()}
    epochs = {name: [phase.epochs for phase in training.phases] for name, training in found.items()}
    assert (found[NONE].logit_adjustment, found[NONE].sampling) == (0, "as_they_come")
    assert (found[ADJUSTED].logit_adjustment, found[ADJUSTED].sampling) == (1, "as_they_come")
    assert (found[OVER].logit_adjustment, found[OVER].sampling) == (0, "balanced:head_shape")
    assert epochs[ADJUSTED] == epochs[NONE] == [1, 3]
    assert epochs[OVER] == [1, 4]  # three in eight of a class, and four classes


def test_a_piece_that_is_done_is_never_trained_again(
    ways: Callable[[], list[Tuned]], monkeypatch: pytest.MonkeyPatch
) -> None:
    trained: list[tuple[str, str]] = []
    stopped: list[bool] = []

    def train(run: Run, study: Study, split: Split, place: dict[str, Any]) -> None:
        if len(trained) == 2 and not stopped:
            stopped.append(True)
            raise KeyboardInterrupt
        trained.append((split.name, run.id.removeprefix("hushem-").rpartition("-")[0].replace("-", " ")))
        write_json(run.part(split.name) / SAID, {})

    monkeypatch.setattr(imbalance_folds, "train_fold", train)
    with pytest.raises(KeyboardInterrupt):
        imbalance_tuned.train(ways())
    told = imbalance_tuned.gathered(CUT, ways(), Path("nowhere"))
    assert told["questions"] == told["rows"] == []
    assert [name for name in told["missing"] if name.startswith("hushem")] == [
        "hushem none r0f1",
        "hushem logit adjustment r0f1",
        "hushem over-sampling r0f0",
        "hushem over-sampling r0f1",
    ]
    imbalance_tuned.train(ways())
    every = [(fold, way.replace("-", " ")) for fold in ("r0f0", "r0f1") for way in imbalance_folds.WAYS]
    assert trained == every
    assert not [split for way in ways() for split in way.missing()]


def test_other_settings_or_a_changed_cut_are_other_pieces(
    ways: Callable[[], list[Tuned]], hushem: Path, tmp_path: Path
) -> None:
    first = {way.run.id for way in ways()}
    assert {way.run.id for way in ways()} == first
    assert not {way.run.id for way in tuned(replace(CUT, cut=2), hushem.parent, tmp_path)} & first
    file = Path(imbalance_folds.RECIPE)
    file.write_text(file.read_text().replace("batch_size = 8", "batch_size = 6"), encoding="utf-8")
    assert not {way.run.id for way in ways()} & first


def test_the_command_writes_what_scikit_learn_says(
    ways: Callable[[], list[Tuned]],
    hushem: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(imbalance_tuned, "QUESTIONS", (CUT,))
    line = ["x", str(hushem.parent), "--parts", str(tmp_path / "kept"), "--results", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", [*line, "--tables"])
    imbalance_tuned.main()
    assert not (tmp_path / "imbalance-tuned.json").exists()
    monkeypatch.setattr(sys, "argv", line)
    imbalance_tuned.main()
    said = capsys.readouterr().out
    assert said.count("hushem none r0f0") == 1  # missing the first time only
    assert "mhsma official/joint-adjusted-r0" in said.splitlines()[-1]
    told = json.loads((tmp_path / "imbalance-tuned.json").read_text(encoding="utf-8"))
    tables = {way.way: way.table() for way in ways()}
    values: dict[str, dict[str, float]] = {}
    for row in told["rows"]:
        values.setdefault(row["condition"], {})[row["metric"]] = row["value"]
        assert (row["model"], row["repeats"], row["n_images"]) == ("simple_cnn", 1, 20)
    for way, table in tables.items():
        rare = table.truth == 3
        assert values[way]["balanced_accuracy"] == pytest.approx(
            balanced_accuracy_score(table.truth, table.predicted)
        )
        assert values[way]["recall_amorphous"] == recall_score(rare, table.predicted == 3)
        assert values[way]["log_loss"] == pytest.approx(log_loss(table.truth, table.probabilities))
        area = average_precision_score(rare, table.probabilities[:, 3])
        assert values[way]["average_precision_amorphous"] == pytest.approx(area)
    assert {row["a"] for row in told["comparisons"]} == {ADJUSTED, OVER}
    for row in told["comparisons"]:
        apart = values[row["a"]][row["metric"]] - values[NONE][row["metric"]]
        assert row["difference"] == pytest.approx(apart)
        assert row["low"] <= row["high"]
    assert (told["questions"][0]["rare_images"], told["questions"][0]["images"]) == (5, 20)


def said_of(task: str, job: Job, *, inner: bool = False) -> Predictions:
    """What a network says that leans to normal; its test images and those for choices."""
    rng = np.random.default_rng([TASKS.index(task), len(job.recipe.name), job.repeat, inner])
    truth = (np.arange(IMAGES) % 6 == 0).astype(np.int64)
    abnormal = 1 / (1 + np.exp(3 - 2 * truth - rng.normal(size=IMAGES)))
    names = tuple(f"{'valid' if inner else 'test'}/{number}" for number in range(IMAGES))
    return Predictions(
        task=Task(task, ("normal", "abnormal")),
        ids=names,
        units=tuple(f"patient {number // 3}" for number in range(IMAGES)),
        repeats=np.full(IMAGES, job.repeat, np.int64),
        folds=np.zeros(IMAGES, np.int64),
        truth=truth,
        probabilities=np.stack([1 - abnormal, abnormal], 1),
        inner=inner,
    )


def commit(results: Path, *names: str) -> dict[str, Job]:
    """Jobs of the part `official`, with drawn predictions."""
    jobs = {job.name: job for job in jobs_of("mhsma", official_part()) if job.name in names}
    for job in jobs.values():
        about = {
            "job": job.path,
            "recipe": job.experiment().model_dump(mode="json"),
            "data": {"name": "mhsma", "images": IMAGES, "pixels_sha256": "p"},
        }
        answers = {task: {8: said_of(task, job), 1: said_of(task, job)} for task in TASKS}
        inner = {task: {8: said_of(task, job, inner=True)} for task in TASKS}
        write_committed(Places(Path("runs"), results).table(job), answers, about, inner)
    return jobs


def test_a_moved_decision_needs_no_training_and_no_test_label(tmp_path: Path) -> None:
    jobs = commit(tmp_path, "joint-r0", "joint-r1")
    found, missing = official(tmp_path)
    assert missing == ["official/joint-adjusted-r0", "official/joint-adjusted-r1", *both(2)]
    assert found is not None
    tables = tables_of(found, TAIL)
    assert list(tables) == [NONE, MOVING]
    for repeat, job in enumerate(jobs.values()):
        chosen_on = said_of("tail", job, inner=True)
        factor = factor_for(chosen_on.truth, chosen_on.probabilities, chosen_on.task, 1)
        assert factor > 1.5
        here = tables[MOVING].rows(tables[MOVING].repeats == repeat)
        expected = moved(said_of("tail", job).probabilities, 1, factor)
        np.testing.assert_allclose(here.probabilities, expected, atol=1e-6)


def test_ways_are_held_against_each_other_on_the_repeats_that_all_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(tmp_path, "joint-r0", "joint-r1", "joint-adjusted-r1")
    monkeypatch.setattr(imbalance_scores, "RESAMPLES", FEW)
    monkeypatch.setattr(imbalance_tuned, "QUESTIONS", (TAIL,))
    told = imbalance_tuned.gathered(CUT, [], tmp_path)
    assert {row["condition"] for row in told["rows"]} == {NONE, ADJUSTED, MOVING}
    assert {(row["repeats"], row["n_images"]) for row in told["rows"]} == {(1, IMAGES)}
    assert told["missing"] == [f"mhsma {name}" for name in ("official/joint-adjusted-r0", *both(2))]
    assert told["questions"][0]["rare_images"] == IMAGES // 6
    apart = {(row["a"], row["metric"]): row["difference"] for row in told["comparisons"]}
    assert apart[MOVING, "log_loss"] == apart[MOVING, "average_precision_abnormal"] == 0
    assert apart[MOVING, "balanced_accuracy"] > 0
    assert apart[ADJUSTED, "log_loss"] != 0


def both(repeat: int) -> list[str]:
    return [f"official/{recipe}-r{repeat}" for recipe in RECIPES.values()]


def test_without_the_plain_recipe_nothing_is_told(tmp_path: Path) -> None:
    assert official(tmp_path) == (None, [name for repeat in range(3) for name in both(repeat)])
    commit(tmp_path, "joint-adjusted-r0")
    found, _ = official(tmp_path)
    assert found is not None
    assert tables_of(found, TAIL) == {}
