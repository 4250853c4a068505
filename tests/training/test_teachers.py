"""Teachers: each fold learns from the network of the same fold, and from none that knows its test images."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from spermlens.config import Experiment, parse_experiment
from spermlens.errors import BadModel, ConfigError, DataCorrupt, DataMissing
from spermlens.files import sha256_of_file
from spermlens.models._description import describe
from spermlens.models._store import load, save
from spermlens.runs import Run, list_runs
from spermlens.training import experiment as of_experiments
from spermlens.training.experiment import resume, start
from spermlens.training.loop import fit
from spermlens.training.outcome import NEVER
from spermlens.training.split_table import read_splits

RECIPE = """
name = "{name}"
claim = "A small network tells four drawn shapes apart."
data = {{name = {data}}}
model = {{name = "simple_cnn", pretrained = false, arguments = {{width = 4}}}}
framing = {{size = 16}}
protocol = {{folds = 2, inner_share = 0.25, allow_ungrouped = true}}
training = {{batch_size = 8, phases = [{{train = "all", epochs = 2, learning_rate = 1e-2}}]}}
"""


@pytest.fixture(scope="module")
def teacher(fake_hushem: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A finished run that kept its networks; not to be changed."""
    text = RECIPE.format(name="teacher", data=repr(str(fake_hushem)))
    experiment = parse_experiment(text, "teacher", ["protocol.keep_networks=true"])
    return start(experiment, tmp_path_factory.mktemp("teachers"), device="cpu")


@pytest.fixture
def copied(teacher: Run, tmp_path: Path) -> Run:
    """The same, to be damaged."""
    shutil.copytree(teacher.folder, tmp_path / "copied")
    return Run(tmp_path / "copied")


@pytest.fixture
def student(fake_hushem: Path) -> Callable[..., Experiment]:
    def of(folder: Path, *settings: str) -> Experiment:
        text = RECIPE.format(name="student", data=repr(str(fake_hushem)))
        return parse_experiment(text, "student", [f"training.teachers=[{str(folder)!r}]", *settings])

    return of


def judged_of(run: Run, part: str) -> list[str]:
    return sorted(read_splits(run.splits)[part]["test"])


def test_a_kept_network_is_its_folds_own_and_decides_nothing(teacher: Run) -> None:
    for part, roles in read_splits(teacher.splits).items():
        description = describe(teacher.network(part))
        assert description.data["pixels"] == sorted(digest[:16] for digest in roles["train"])
        assert description.threshold == {"label": NEVER}
        assert roles["inner"]
        assert roles["test"]
    states = [load(teacher.network(part)).network.state_dict() for part in ("r0f0", "r0f1")]
    assert not torch.equal(states[0]["heads.label.linear.weight"], states[1]["heads.label.linear.weight"])


def test_networks_are_kept_only_where_asked_for(
    student: Callable[..., Experiment], teacher: Run, tmp_path: Path
) -> None:
    run = start(student(teacher.folder, "training.teachers=[]"), tmp_path, device="cpu")
    assert not run.network("r0f0").exists()
    assert "Taught" not in run.told()["protocol"]


def test_chosen_on_inner_images_a_kept_network_remembers_these_too(
    student: Callable[..., Experiment], teacher: Run, tmp_path: Path
) -> None:
    settings = ["training.teachers=[]", "protocol.keep_networks=true", "protocol.keep=best_inner"]
    run = start(student(teacher.folder, *settings), tmp_path / "best", device="cpu")
    roles = read_splits(run.splits)["r0f0"]
    assert describe(run.network("r0f0")).learned_from(roles["inner"]) == len(roles["inner"])
    chosen = student(run.folder, "protocol.judge=inner", "protocol.final_model=false")
    with pytest.raises(ConfigError, match=r"that r0f0 of 'student' is judged on"):
        start(chosen, tmp_path / "runs", device="cpu")


def test_each_part_is_taught_by_its_own_and_remembers_what_stood_behind(
    student: Callable[..., Experiment], teacher: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taught: dict[str, Any] = {}

    def watched(network: Any, train: Any, inner: Any, plan: Any) -> Any:
        taught[plan.folder.parent.name] = plan.teachers
        return fit(network, train, inner, plan)

    monkeypatch.setattr(of_experiments, "fit", watched)
    run = start(student(teacher.folder, "protocol.keep_networks=true"), tmp_path, device="cpu")
    assert list(taught) == ["r0f0", "r0f1", "final"]
    for part, (network,) in taught.items():
        folder = teacher.model if part == "final" else teacher.network(part)
        expected = load(folder).network.state_dict()
        assert all(torch.equal(value, expected[name]) for name, value in network.state_dict().items())
    for part in ("r0f0", "r0f1"):
        assert describe(run.network(part)).learned_from(judged_of(run, part)) == 0
    assert run.environment()["behind"] == {
        f"{teacher.folder} {part}": describe(folder).weights_sha256
        for part, folder in (
            ("r0f0", teacher.network("r0f0")),
            ("r0f1", teacher.network("r0f1")),
            ("final", teacher.model),
        )
    }
    assert "behind" not in teacher.environment()
    words = f"Taught fold by fold by the networks of {teacher.id}: none of them had learned from the images"
    assert words in run.told()["protocol"]


def test_stopped_and_gone_on_with_a_taught_run_ends_bit_equal(
    student: Callable[..., Experiment], teacher: Run, tmp_path: Path
) -> None:
    class StoppedError(Exception):
        pass

    def tell(event: dict[str, Any]) -> None:
        if event["stage"] == "train" and (event["part"], event["epoch"]) == ("r0f1", 1):
            raise StoppedError

    wanted = student(teacher.folder, "training.teacher_weight=0.9", "training.consistency=1.0")
    whole = start(wanted, tmp_path / "whole", device="cpu")
    with pytest.raises(StoppedError):
        start(wanted, tmp_path / "stopped", device="cpu", tell=tell)
    (run,) = list_runs(tmp_path / "stopped")
    resume(run, device="cpu")
    for name in ("predictions.csv", "model/weights.safetensors"):
        assert sha256_of_file(run.folder / name) == sha256_of_file(whole.folder / name)


def test_a_run_is_not_finished_with_another_teacher(
    student: Callable[..., Experiment], copied: Run, tmp_path: Path
) -> None:
    run = start(student(copied.folder), tmp_path / "runs", device="cpu")
    resume(run, device="cpu")
    old = load(copied.network("r0f1"))
    save(copied.network("r0f1"), old.network, old.description, half=True)
    with pytest.raises(DataCorrupt, match="or a teacher are not what this run began with"):
        resume(run, device="cpu")


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (["protocol.repeats=[1]"], r"in r1f0 the images of run copied are not divided as those of 'student'"),
        (["protocol.folds=3"], r"in r0f0 the images of run copied are not divided as those of 'student'"),
        (["protocol.inner_share=0.4"], r"in r0f0 the images of run copied are not divided"),
        (["framing.size=32"], r"sees other squares: size 16 \(here 32\)"),
        (["framing.align=head"], r"sees other squares: align none \(here head\)"),
        (["data.options.task=shape"], r"this teacher answers label: .*, expected shape: "),
    ],
)
def test_teachers_that_do_not_fit_are_refused_before_there_is_a_run(
    student: Callable[..., Experiment], copied: Run, tmp_path: Path, settings: list[str], sentence: str
) -> None:
    with pytest.raises(ConfigError, match=sentence):
        start(student(copied.folder, *settings), tmp_path / "runs", device="cpu")
    assert not (tmp_path / "runs").exists()


def test_a_teacher_that_knows_a_test_image_is_refused(
    student: Callable[..., Experiment], copied: Run, tmp_path: Path
) -> None:
    path = copied.network("r0f1") / "model.json"
    told = json.loads(path.read_text())
    told["data"]["pixels"].append(judged_of(copied, "r0f1")[0][:16])
    path.write_text(json.dumps(told))
    with pytest.raises(ConfigError, match=r"learned from 1 of 10 images that r0f1 of 'student' is judged on"):
        start(student(copied.folder), tmp_path / "runs", device="cpu")
    begun = student(copied.folder, "protocol.allow_overlap=true")  # which is about saved models
    with pytest.raises(ConfigError, match="r0f1"):
        start(begun, tmp_path / "runs", device="cpu")


def test_what_is_missing_of_a_teacher_is_said(
    student: Callable[..., Experiment], copied: Run, tmp_path: Path
) -> None:
    def begin(folder: Path) -> None:
        start(student(folder), tmp_path / "runs", device="cpu")

    weights = copied.network("r0f1") / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    with pytest.raises(BadModel, match="changed or cut short"):
        begin(copied.folder)
    weights.unlink()
    with pytest.raises(BadModel, match=r"weights.safetensors is missing"):
        begin(copied.folder)
    shutil.rmtree(weights.parent)
    with pytest.raises(DataMissing, match=r"network of 'r0f1'.*protocol.keep_networks=true"):
        begin(copied.folder)
    copied.splits.write_text("image,repeat\na,0\n")
    with pytest.raises(DataCorrupt, match="not the splits of a run"):
        begin(copied.folder)
    with pytest.raises(DataMissing, match=r"neither a run \(config.toml\) nor a saved model"):
        begin(tmp_path / "nowhere")
    assert not (tmp_path / "runs").exists()


def test_a_saved_model_teaches_under_the_rule_for_models_gone_on_from(
    student: Callable[..., Experiment], teacher: Run, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=r"learned from 20 of these 20 images.*protocol.allow_overlap=true"):
        start(student(teacher.model), tmp_path / "runs", device="cpu")
    accepted = student(teacher.model, "protocol.allow_overlap=true", "protocol.kind=holdout")
    run = start(accepted, tmp_path / "runs", device="cpu")
    assert f"Taught by {describe(teacher.model).id}: 20 of 20 images" in run.told()["protocol"]
    assert run.environment()["behind"] == {str(teacher.model): describe(teacher.model).weights_sha256}
    old = load(teacher.model)
    save(tmp_path / "other", old.network, replace(old.description, data={"pixels": ["0" * 16]}))
    run = start(student(tmp_path / "other", "protocol.kind=holdout"), tmp_path / "runs", device="cpu")
    assert run.told()["protocol"].endswith("none of these images was learned from.")
    assert describe(run.model).data["pixels"][0] == "0" * 16
