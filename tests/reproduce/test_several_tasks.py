"""A job may answer several tasks: one file, a line for each, and one network a task told as one line."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.metrics import accuracy_score, fbeta_score, log_loss, matthews_corrcoef, recall_score

from spermlens.errors import ConfigError, DataCorrupt
from spermlens.evaluate.calibration import cross_fitted
from spermlens.evaluate.normal_threshold import threshold_on
from spermlens.evaluate.table import UNKNOWN, Predictions
from spermlens.report import question_tables
from spermlens.reproduce.committed import Answers, read_committed, write_committed
from spermlens.reproduce.job import Job, jobs
from spermlens.reproduce.progress import Places, looks
from spermlens.reproduce.study import Part
from spermlens.reproduce.study_file import load_study
from spermlens.reproduce.tables import table_of
from spermlens.types import Task

STUDY = """
claim = "c"

[[parts]]
name = "official"
table = "two-official"
claim = "The publisher's split."
experiment = "mhsma-multi"
repeats = [0, 1]
recipes_tried = 1
set = ["protocol.kind=official"]
recipes = [
    { name = "joint", set = ["data.tasks=['acrosome', 'head']"] },
    { name = "only-acrosome", set = ["data.tasks=['acrosome']"] },
    { name = "only-head", set = ["data.tasks=['head']"] },
]
panels = [{ name = "each", of = ["only-acrosome", "only-head"] }]
reference = ["joint"]
best = "joint"
commonest = true

[[parts]]
name = "groups"
table = "two-groups"
claim = "Folds."
experiment = "mhsma-multi"
repeats = [0]
recipes_tried = 1
recipes = [
    { name = "joint", set = ["data.tasks=['acrosome', 'head']"] },
    { name = "smaller", set = [
        "data.tasks=['acrosome', 'head']", "data.options.size=64", "framing.size=64",
    ] },
]
averages = [{ name = "both", of = ["joint", "smaller"] }]
reference = ["joint"]
best = "both"
"""
KEEPS = "set = [\"data.tasks=['head']\", 'protocol.keep=balanced_inner']"
TWO = ("normal", "abnormal")
TASKS = ("acrosome", "head")
IMAGES, FEW = 90, 200
SENTENCE = "the publisher's own split. 5 of the 5 groups are learned from too, so figures may be too good."


def judged(task: str, job: Job, *, inner: bool = False) -> Predictions:
    """What a fair model says; three images a patient; some acrosomes nobody has judged."""
    name, official = job.recipe.name, job.part.name == "official"
    rng = np.random.default_rng([TASKS.index(task), len(name), job.repeat, inner])
    images = np.arange(IMAGES)
    truth = (np.sin(images * (3 + TASKS.index(task))) > 0.3).astype(np.int64)
    abnormal = 1 / (1 + np.exp(1.5 - 2 * truth - rng.normal(size=IMAGES)))
    if task == "acrosome":
        truth[7] = UNKNOWN
    return Predictions(
        task=Task(task, TWO),
        ids=tuple(f"{'valid' if inner else 'test'}/{number}" for number in images),
        units=tuple(f"patient {number // 3}" for number in images),
        repeats=np.full(IMAGES, job.repeat, np.int64),
        folds=(images // 3 * (not official) % 5).astype(np.int64),
        truth=truth,
        probabilities=np.stack([1 - abnormal, abnormal], 1),
        inner=inner,
    )


def sharper(table: Predictions) -> Predictions:
    sharp = table.probabilities**2
    return replace(table, probabilities=sharp / sharp.sum(1, keepdims=True))


def said(job: Job) -> Answers:
    tasks = job.experiment().data.tasks
    return {task: {8: judged(task, job), 1: sharper(judged(task, job))} for task in tasks}


class Desk:
    """The study, and what its jobs have committed."""

    def __init__(self, folder: Path) -> None:
        path = folder / "two.toml"
        path.write_text(STUDY, encoding="utf-8")
        self.name, self.study = load_study(str(path))
        self.jobs = jobs(self.name, self.study)
        self.places = Places(folder / "runs", folder / "results")

    def job(self, path: str) -> Job:
        return next(job for job in self.jobs if job.path == path)

    def commit(self, job: Job) -> Path:
        tasks = job.experiment().data.tasks
        inner = {task: {8: judged(task, job, inner=True)} for task in tasks}
        size = job.experiment().framing.size
        about = {
            "job": job.path,
            "recipe": job.experiment().model_dump(mode="json"),
            "data": {"name": "mhsma", "images": IMAGES, "pixels_sha256": f"of {size}"},
            "device": "cpu",
            "cores": 2,
            "seconds": 10.0,
            "looks": 500,
            "protocol": SENTENCE if job.repeat == 0 else "the second.",
        }
        official = job.part.name == "official"
        write_committed(self.places.table(job), said(job), about, inner if official else None)
        return self.places.table(job)

    def table(self, part: str) -> dict[str, Any]:
        wanted: Part = next(one for one in self.study.parts if one.name == part)
        for job in self.jobs:
            if job.part.name == part:
                self.commit(job)
        found = table_of(self.name, wanted, self.places, resamples=FEW)
        assert found is not None
        return found


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def row(table: dict[str, Any], recipe: str, task: str, metric: str, condition: str) -> dict[str, Any]:
    wanted = (recipe, task, metric, condition)
    found = [
        one
        for one in table["rows"]
        if tuple(one[k] for k in ("recipe", "task", "metric", "condition")) == wanted
    ]
    assert len(found) == 1, wanted
    return found[0]


def test_all_tasks_of_a_job_come_back_from_one_file(desk: Desk) -> None:
    job = desk.job("official/joint-r1")
    path = desk.commit(job)
    header = path.read_text().splitlines()[0].replace('"', "").split(",")
    assert header[:5] == ["image", "unit", "repeat", "fold", "acrosome.truth"]
    assert "head.p8_abnormal" in header
    assert len(path.read_text().splitlines()) == 1 + IMAGES
    found = read_committed(path)
    assert list(found.answers) == list(TASKS)
    for task, tables in said(job).items():
        for views, table in tables.items():
            back = found.answers[task][views]
            assert (back.task, back.ids, back.units, back.inner) == (
                table.task,
                table.ids,
                table.units,
                False,
            )
            np.testing.assert_array_equal(back.truth, table.truth)
            np.testing.assert_allclose(back.probabilities, table.probabilities, rtol=6e-7)
        (chosen_on,) = found.inner[task].values()
        assert chosen_on.inner
        expected = judged(task, job, inner=True).probabilities
        np.testing.assert_allclose(chosen_on.probabilities, expected, rtol=6e-7)


def test_names_with_dots_are_told_apart(desk: Desk, tmp_path: Path) -> None:
    path = desk.commit(desk.job("groups/joint-r0"))
    about = json.loads(path.with_suffix(".json").read_text())
    tasks = (Task("a", ("x.y", "b.p8_x")), Task("a.b", ("x", "truth")))
    first = judged("head", desk.job("official/joint-r0"))
    answers = {task.name: {8: replace(first, task=task)} for task in tasks}
    write_committed(tmp_path / "dots.csv", answers, about)
    found = read_committed(tmp_path / "dots.csv").answers
    assert tuple(tables[8].task for tables in found.values()) == tasks
    np.testing.assert_allclose(found["a.b"][8].probabilities, first.probabilities, rtol=6e-7)


def test_other_inner_images_than_the_job_wrote_are_refused(desk: Desk) -> None:
    path = desk.commit(desk.job("official/joint-r0"))
    inner = path.with_suffix(".inner.csv")
    inner.write_text(inner.read_text().replace("valid/3", "valid/x", 1))
    with pytest.raises(DataCorrupt, match="belongs to another CSV"):
        read_committed(path)
    inner.unlink()
    with pytest.raises(DataCorrupt, match="not what a job wrote"):
        read_committed(path)


def test_each_task_has_its_rows_by_scikit_learn(desk: Desk) -> None:
    table = desk.table("official")
    for task in TASKS:
        both = [judged(task, desk.job(f"official/joint-r{repeat}")).labelled for repeat in (0, 1)]
        expected = {
            "accuracy": [accuracy_score(t.truth, t.predicted) for t in both],
            "mcc": [matthews_corrcoef(t.truth, t.predicted) for t in both],
            "recall_abnormal": [recall_score(t.truth, t.predicted) for t in both],
            "normal_f0.5": [fbeta_score(t.truth == 0, t.predicted == 0, beta=0.5) for t in both],
            "log_loss": [log_loss(t.truth, t.probabilities) for t in both],
        }
        for metric, values in expected.items():
            found = row(table, "joint", task, metric, "8 views")
            assert found["value"] == pytest.approx(np.mean(values), rel=1e-5), (task, metric)
            assert (found["alias"], found["repeats"]) == ("best", 2)
            assert found["n_images"] == (IMAGES - 1 if task == "acrosome" else IMAGES)
            assert "30 units" in found["interval"]
    assert {one["recipe"] for one in table["rows"]} == {"joint", "each", "commonest"}


def test_the_exact_interval_is_that_of_the_first_seed(desk: Desk) -> None:
    found = row(desk.table("official"), "joint", "head", "exact_accuracy", "8 views")
    first = judged("head", desk.job("official/joint-r0"))
    right = int((first.predicted == first.truth).sum())
    ends = binomtest(right, IMAGES).proportion_ci(0.95, method="exact")
    assert (found["low"], found["high"]) == (pytest.approx(ends.low), pytest.approx(ends.high))


def test_always_the_commonest_class_is_a_line_that_needs_no_network(desk: Desk) -> None:
    table = desk.table("official")
    for task in TASKS:
        one = judged(task, desk.job("official/joint-r0")).labelled
        always = np.zeros_like(one.truth)
        expected = {
            "accuracy": accuracy_score(one.truth, always),
            "balanced_accuracy": 0.5,
            "mcc": 0,
            "recall_abnormal": 0,
            "normal_recall": 1,
        }
        for metric, value in expected.items():
            found = row(table, "commonest", task, metric, "nothing")
            assert found["value"] == pytest.approx(value), (task, metric)
            assert (found["model"], found["repeats"], found["runs"]) == ("majority", 1, "")
            assert found["n_images"] == len(one)
    metrics = {one["metric"] for one in table["rows"] if one["recipe"] == "commonest"}
    assert not metrics & {"log_loss", "ece", "brier"}  # no probabilities were meant
    assert not [one for one in desk.table("groups")["rows"] if one["recipe"] == "commonest"]  # not asked for


def test_the_page_on_questions_can_be_made_of_it(desk: Desk) -> None:
    official, groups = desk.table("official"), desk.table("groups")
    for table in question_tables.OF_OFFICIAL.values():
        assert "(ours)**" in table(official) or "| no |" in table(official)
    assert question_tables.as_printed(official).count("threshold from validation") == 2 * len(TASKS)
    assert question_tables.in_groups(groups).count("90") >= 2
    assert "| head | **one network, four answers (ours)**" in question_tables.as_we_judge(official)
    assert "| head | one network, four answers | Accuracy | " in question_tables.sharing(official, groups)


def test_a_network_for_each_task_is_one_line(desk: Desk) -> None:
    table = desk.table("official")
    for task in TASKS:
        both = [judged(task, desk.job(f"official/only-{task}-r{repeat}")).labelled for repeat in (0, 1)]
        found = row(table, "each", task, "accuracy", "8 views")
        assert found["value"] == pytest.approx(np.mean([accuracy_score(t.truth, t.predicted) for t in both]))
        assert found["runs"] == f"official/only-{task}-r0, official/only-{task}-r1"


def test_thresholds_come_from_the_images_for_choices(desk: Desk) -> None:
    condition = "8 views, threshold from validation"
    table = desk.table("official")
    for recipe, task in (("joint", "acrosome"), ("joint", "head"), ("each", "head")):
        values = []
        for repeat in (0, 1):
            name = recipe if recipe == "joint" else f"only-{task}"
            job = desk.job(f"official/{name}-r{repeat}")
            chosen_on, one = judged(task, job, inner=True).labelled, judged(task, job).labelled
            threshold = threshold_on(chosen_on.truth, chosen_on.probabilities[:, 1])
            values.append(accuracy_score(one.truth, one.probabilities[:, 1] > threshold))
        found = row(table, recipe, task, "accuracy", condition)
        assert found["value"] == pytest.approx(np.mean(values))
        assert found["alias"] == ""
        area = row(table, recipe, task, "normal_auc", condition)["value"]
        assert area == pytest.approx(row(table, recipe, task, "normal_auc", "8 views")["value"])
    metrics = {one["metric"] for one in table["rows"] if one["condition"] == condition}
    assert not metrics & {"log_loss", "ece", "brier"}


def test_lines_are_compared_within_a_task(desk: Desk) -> None:
    table = desk.table("official")
    assert {(one["a"], one["b"], one["task"]) for one in table["comparisons"]} == {
        ("joint", "each", task) for task in TASKS
    }
    for told in table["comparisons"]:
        a, b = (
            judged(told["task"], desk.job(f"official/{name}-r0")).labelled
            for name in ("joint", f"only-{told['task']}")
        )
        only_a = int(((a.predicted == a.truth) & (b.predicted != b.truth)).sum())
        assert (told["a_only"], told["n"]) == (only_a, len(a))
    assert {one["task"] for one in table["views"]} == set(TASKS)
    assert [(one["recipe"], one["task"]) for one in table["certainty"]] == [("joint", task) for task in TASKS]


def test_each_seed_of_an_official_split_is_told_by_itself(desk: Desk) -> None:
    table = desk.table("official")
    told = [one for one in table["distribution"] if (one["recipe"], one["task"]) == ("joint", "head")]
    first, second = (judged("head", desk.job(f"official/joint-r{repeat}")) for repeat in (0, 1))
    assert [one["right"] for one in told] == [int((t.predicted == t.truth).sum()) for t in (first, second)]
    assert f"repeats 0, 1, each from another seed, of which the first: {SENTENCE[:-1]};" in table["protocol"]
    assert table["protocol"].count("speaks of 235") == 1


def test_folds_have_a_temperature_for_each_task(desk: Desk) -> None:
    table = desk.table("groups")
    for task in TASKS:
        one = cross_fitted(judged(task, desk.job("groups/joint-r0"))).labelled
        found = row(table, "joint", task, "log_loss", "8 views, calibrated")
        assert found["value"] == pytest.approx(log_loss(one.truth, one.probabilities), rel=1e-4)
        assert row(table, "both", task, "accuracy", "8 views, calibrated")["alias"] == "best"
    assert not [one for one in table["rows"] if "threshold" in one["condition"]]
    assert "groups (patient, inferred from the original file names), identical images" in table["protocol"]


def test_the_pace_is_told_once_a_recipe(desk: Desk) -> None:
    told = {one["recipe"]: one["task"] for one in desk.table("official")["pace"]}
    assert told == {"joint": "acrosome, head", "only-acrosome": "acrosome", "only-head": "head"}
    assert len(desk.table("official")["pace"]) == 3


def test_an_official_split_learns_from_about_two_thirds(desk: Desk) -> None:
    epochs = sum(phase.epochs for phase in desk.jobs[0].experiment().training.phases)
    assert looks(desk.job("official/joint-r0").experiment()) / epochs == pytest.approx(1000, abs=20)


def test_what_a_script_adds_is_a_line(desk: Desk) -> None:
    part = desk.study.parts[0].model_copy(update={"added": ("branched",)})
    desk.table("official")
    job = desk.job("official/joint-r0")
    about = json.loads(desk.places.table(job).with_suffix(".json").read_text())
    other = {task: {8: judged(task, desk.job("official/joint-r1"))} for task in TASKS}
    other = {task: {8: replace(t[8], repeats=np.zeros(IMAGES, np.int64))} for task, t in other.items()}
    path = desk.places.table(job).with_name("branched-r0.csv")
    told = {key: value for key, value in about.items() if key != "inner_sha256"}
    write_committed(path, other, {**told, "job": "official/branched-r0", "seconds": 0.0, "looks": 0})
    found = table_of(desk.name, part, desk.places, resamples=FEW)
    assert found is not None
    for task in TASKS:
        one = other[task][8].labelled
        line = row(found, "branched", task, "accuracy", "8 views")
        assert line["value"] == pytest.approx(accuracy_score(one.truth, one.predicted))
        assert (line["repeats"], line["runs"]) == (1, "official/branched-r0")
    assert found["jobs"] == {"wanted": 6, "committed": 6, "missing": ["official/branched-r1"]}
    assert "6 of 6 jobs" in found["protocol"]
    assert "branched" not in {one["recipe"] for one in found["pace"]}


def test_an_addition_to_a_recipe_that_has_changed_is_missing(desk: Desk) -> None:
    part = desk.study.parts[0].model_copy(update={"added": ("branched",)})
    desk.table("official")
    for ending in (".csv", ".json", ".inner.csv"):
        path = desk.places.table(desk.job("official/joint-r1"))
        text = path.with_suffix(ending).read_text()
        path.with_name(f"branched-r0{ending}").write_text(text)  # of repeat 1, so of no job of repeat 0
    found = table_of(desk.name, part, desk.places, resamples=FEW)
    assert found is not None
    assert "official/branched-r0" in found["jobs"]["missing"]


def test_recipes_may_keep_other_epochs_of_one_division(tmp_path: Path) -> None:
    changed = STUDY.replace("set = [\"data.tasks=['head']\"]", KEEPS)
    assert changed != STUDY
    (tmp_path / "two.toml").write_text(changed, encoding="utf-8")
    name, study = load_study(str(tmp_path / "two.toml"))
    kept = {job.experiment().protocol.keep for job in jobs(name, study, ["official"])}
    assert kept == {"last", "balanced_inner"}


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("data.tasks=['head']", "data.tasks=['acrosome']", "answer one task each, and each another"),
        ("data.tasks=['head']", "data.tasks=[]", "every task"),
        ('"only-acrosome", "only-head"]', '"only-acrosome", "only-tail"]', "speaks of 'only-tail'"),
        ('best = "joint"', 'best = "only-head"', "speaks of 'only-head'"),
        ('name = "each"', 'name = "joint"', "names a recipe, average, panel or addition twice"),
    ],
)
def test_a_panel_that_does_not_fit_is_refused(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert old in STUDY
    path = tmp_path / "wrong.toml"
    path.write_text(STUDY.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigError, match=says):
        load_study(str(path))
