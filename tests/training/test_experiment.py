"""A run: its files agree with each other, every figure can be recomputed, and it survives being killed."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import spermlens
from spermlens import runs as runs_module
from spermlens.config import Experiment, load_experiment, parse_experiment
from spermlens.datasets.hushem import HEAD_SHAPE
from spermlens.errors import ConfigError, DataCorrupt, UnknownName, UsageError
from spermlens.evaluate.calibration import cross_fitted, fit_temperature, temper, threshold_for
from spermlens.evaluate.intervals import INNER, judge
from spermlens.evaluate.selective import out_of_fold
from spermlens.evaluate.table import read_predictions
from spermlens.files import sha256_of_file
from spermlens.framing import Framing
from spermlens.lens import Lens
from spermlens.locate.pose import pose_for
from spermlens.models._description import describe
from spermlens.models._store import Saved, load, save
from spermlens.predict.tensors import probabilities
from spermlens.report.run_gallery import stored_framing
from spermlens.report.run_page import run_report
from spermlens.runs import Run
from spermlens.training.experiment import resume, start, train_fold, witness_of
from spermlens.training.folds import splits
from spermlens.training.outcome import NEVER
from spermlens.training.study import prepare
from spermlens.types import Table, Text

Tiny = Callable[[Path], str]


@pytest.fixture
def run(trained: Any) -> Run:
    return Run(trained.folder)


def splits_of(run: Run) -> list[dict[str, str]]:
    return list(csv.DictReader(run.splits.read_text().splitlines()))


def small(tiny: Tiny, data: Path, *settings: str) -> Experiment:
    folder = [f"data.name={str(data)!r}", "data.root=''"]
    return parse_experiment(tiny(data), "tiny", [*folder, *settings])


def test_the_run_folder_is_as_drawn(run: Run) -> None:
    drawn = [line.split()[0] for line in str(runs_module.__doc__).splitlines() if line.startswith("    ")]
    names = [name for name in drawn if name.endswith((".toml", ".json", ".csv", "/")) and "(" not in name]
    assert len(names) >= 8
    for name in names:
        assert (run.folder / name).exists(), name
    assert run.parts() == ["final", "r0f0", "r0f1"]
    for part in run.parts():
        assert [row["epoch"] for row in run.metrics(part)] == [1, 2, 3]
        assert not (run.part(part) / "checkpoint").exists()
    assert run.status() == "finished"


def test_the_configuration_is_complete_and_gives_the_same_experiment(run: Run) -> None:
    experiment = load_experiment(str(run.config))
    assert experiment.training.batch_size == 8
    assert "label_smoothing" in run.config.read_text()
    assert experiment.name == "tiny"


def test_the_results_are_recomputed_from_the_predictions_exactly(run: Run) -> None:
    sources = {
        "2 views": run.predictions,
        "2 views, calibrated": run.folder / "predictions-calibrated.csv",
        "1 view": run.folder / "predictions-1-view.csv",
        "inner images": run.inner,
        "inner images, calibrated": run.folder / "inner-calibrated.csv",
    }
    again = [
        result
        for condition, path in sources.items()
        for result in judge(
            read_predictions(path)["head_shape"],
            dataset="hushem",
            model="simple_cnn",
            recipe="tiny",
            condition=condition,
            runs=run.id,
        )
    ]
    assert again == run.results()


def test_every_image_is_tested_once_a_repeat_in_the_fold_of_the_splits(run: Run) -> None:
    table = read_predictions(run.predictions)["head_shape"]
    rows = splits_of(run)
    tested = {row["image"]: row["fold"] for row in rows if row["role"] == "test"}
    assert Counter(table.ids) == dict.fromkeys(tested, 1)
    assert len(tested) == 20
    assert [tested[image] for image in table.ids] == [str(fold) for fold in table.folds]
    truth = [HEAD_SHAPE.classes[number] for number in table.truth]
    assert all(image[3:].lower().startswith(label) for image, label in zip(table.ids, truth, strict=True))
    for fold in "01":
        assert Counter(row["image"] for row in rows if row["fold"] == fold) == dict.fromkeys(tested, 1)


def test_identical_images_are_in_one_fold_and_one_unit(run: Run) -> None:
    places: dict[str, set[tuple[str, ...]]] = {}
    for row in splits_of(run):
        places.setdefault(row["pixels_sha256"], set()).add((row["repeat"], row["fold"], row["role"]))
    assert len(places) == 19
    assert all(len(found) == 2 for found in places.values())  # once a fold
    table = read_predictions(run.predictions)["head_shape"]
    assert len(set(table.units)) == 19


def test_inner_images_are_judged_apart(run: Run) -> None:
    inner = read_predictions(run.inner)["head_shape"]
    expected = {(r["image"], int(r["fold"])) for r in splits_of(run) if r["role"] == "inner"}
    assert set(zip(inner.ids, inner.folds.tolist(), strict=True)) == expected
    assert expected


def test_the_final_model_predicts_and_carries_what_it_rests_on(run: Run, trained: Any) -> None:
    description = describe(run.model)
    assert description.views == 2
    assert 0 < description.threshold["head_shape"] <= 1
    assert "decides from a confidence of" in description.notes[0]
    assert description.told == run.environment()["data"]
    assert description.data["pixels"] == sorted({row["pixels_sha256"][:16] for row in splits_of(run)})
    assert {row["condition"] for row in description.results} == {"2 views", "2 views, calibrated"}
    lens = spermlens.load(run.folder, device="cpu")
    said = lens.predict(trained.data / "01_Normal" / "image_001.BMP")
    assert said[0].model_id == description.id


def test_the_temperature_of_the_final_model_is_that_of_all_folds(run: Run, trained: Any) -> None:
    plain = read_predictions(run.predictions)["head_shape"]
    tempered = read_predictions(run.calibrated)["head_shape"]
    expected = cross_fitted(plain)
    np.testing.assert_allclose(tempered.probabilities, expected.probabilities, atol=1e-12)
    assert not np.allclose(tempered.probabilities, plain.probabilities, atol=1e-3)
    saved = load(run.model)
    temperature = saved.description.temperature["head_shape"]
    assert temperature == pytest.approx(fit_temperature(plain.truth, plain.probabilities))
    limit = threshold_for(tempered.truth, tempered.probabilities, 0.05)
    assert limit is not None
    assert saved.description.threshold["head_shape"] == pytest.approx(limit.threshold)
    assert f"corrected by a temperature of {temperature:.2f}" in saved.description.notes[1]
    others = out_of_fold([plain], 0.05)
    assert others.right is not None
    assert saved.description.notes[0].endswith(
        f"which flatters a little: thresholds that each fold takes from the others were "
        f"{100 * others.right.value:.1f} % right on the {100 * others.accepted.value:.1f} % that they decide "
        f"({others.right.total} of 20 images)."
    )
    image = trained.data / "01_Normal" / "image_001.BMP"
    (said,) = spermlens.load(run.folder, device="cpu").predict(image)
    bare = Lens(Saved(saved.network, replace(saved.description, temperature={})), torch.device("cpu"))
    (raw,) = bare.predict(image)
    wanted = temper(raw.probabilities["head_shape"][None], temperature)[0]
    np.testing.assert_allclose(said.probabilities["head_shape"], wanted, atol=1e-12)


def test_the_page_speaks_of_the_confidences_that_the_final_model_gives(run: Run) -> None:
    report = run_report(run)
    parts = {section.title: section.parts for section in report.sections}
    captions = [part.caption for part in parts["Scores: head shape"] if isinstance(part, Table)]
    assert captions[0].startswith("2 views, calibrated. ")
    notes = [part.body for part in parts["Confidence: head shape"] if isinstance(part, Text)]
    assert notes[0].startswith("Decides from a confidence of")
    assert "corrected by a temperature of" in notes[1]


def test_judged_on_inner_images_no_test_image_is_looked_at(
    run: Run, hushem: Path, tmp_path: Path, tiny: Tiny
) -> None:
    settings = ["protocol.judge=inner", "protocol.final_model=false"]
    developed = start(parse_experiment(tiny(hushem), "tiny", settings), tmp_path, device="cpu")
    assert developed.inner.read_bytes() == run.inner.read_bytes()  # the same folds and the same weights
    assert not list(developed.folder.glob("predictions*"))
    assert not developed.model.exists()
    assert {row["role"] for row in splits_of(developed)} == {"train", "inner"}
    assert {result.condition for result in developed.results()} == {INNER, f"{INNER}, calibrated"}
    assert "Judged on the inner images only" in developed.told()["protocol"]
    said = json.loads((developed.part("r0f0") / "predictions.json").read_text())
    assert said["test"]["ids"] == []
    tested = {row["image"] for row in splits_of(run) if (row["fold"], row["role"]) == ("0", "test")}
    assert tested.isdisjoint(row["image"] for row in splits_of(developed) if row["fold"] == "0")


def test_a_run_judged_on_inner_images_claims_nothing(
    hushem: Path, tmp_path: Path, tiny: Tiny, capsys: pytest.CaptureFixture[str]
) -> None:
    from spermlens.cli import run as command

    file = tmp_path / "tiny.toml"
    file.write_text(tiny(hushem))
    settings = ["--set", "protocol.judge=inner", "--set", "protocol.final_model=false"]
    assert command(["train", "-e", str(file), "--runs", str(tmp_path / "runs"), *settings]) == 0
    told = capsys.readouterr().out
    assert "On inner images, to choose a recipe by" in told
    assert "never seen" not in told
    (run,) = runs_module.list_runs(tmp_path / "runs")
    assert not run.page.exists()
    assert command(["runs", "list", "--runs", str(tmp_path / "runs"), "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["run"], row["accuracy"]) == (run.id, None)
    assert command(["runs", "export", run.id, "--runs", str(tmp_path / "runs"), "-o", "x.json"]) == 2
    assert "there is nothing to claim" in capsys.readouterr().err


def test_maps_of_the_folds_lie_beside_their_predictions(run: Run) -> None:
    part = json.loads((run.part("r0f0") / "predictions.json").read_text())["test"]
    assert len(part["maps"]["head_shape"]) == len(part["ids"]) == 10
    assert np.abs(part["maps"]["head_shape"]).max() == 1


def test_without_a_threshold_that_holds_nothing_is_decided(
    fake_hushem: Path, tmp_path: Path, tiny: Tiny
) -> None:
    experiment = small(tiny, fake_hushem, "decide.target_accuracy=1.0", "protocol.inner_share=0")
    run = start(experiment, tmp_path, device="cpu")
    description = describe(run.model)
    assert description.threshold == {"label": NEVER}
    assert "no confidence supports 100 % accuracy" in description.notes[0]
    assert "every image is called unsure" in description.notes[0]
    said = spermlens.load(run.folder, device="cpu").predict(fake_hushem / "01_Normal" / "image_001.BMP")
    assert said[0].status == "unsure"
    assert not run.inner.exists()
    told = run.told()
    assert "nothing chosen" in told["protocol"]
    assert "Which images share a patient is not stated" in told["protocol"]


def test_without_a_final_model_there_is_none(fake_hushem: Path, tmp_path: Path, tiny: Tiny) -> None:
    kind = [
        "protocol.kind=holdout",
        "protocol.test_share=0.4",
        "protocol.final_model=false",
        "decide.views=1",
    ]
    run = start(small(tiny, fake_hushem, *kind), tmp_path, device="cpu")
    assert run.parts() == ["r0f0"]
    assert not run.model.exists()
    assert "hold-out of 40%" in run.told()["protocol"]


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ("model.name=simple_cn", "Did you mean 'simple_cnn'"),
        ("model.arguments.wide=3", "no argument 'wide'"),
        ("data.tasks=['shape']", "Unknown task 'shape'"),
        ("training.sampling=balanced:shape", "Unknown task 'shape'"),
        ("protocol.allow_ungrouped=false", "allow_ungrouped=true"),
    ],
)
def test_what_cannot_work_is_said_before_there_is_a_run(
    fake_hushem: Path, tmp_path: Path, tiny: Tiny, setting: str, sentence: str
) -> None:
    with pytest.raises((ConfigError, UnknownName, UsageError), match=sentence):
        start(small(tiny, fake_hushem, setting), tmp_path / "runs", device="cpu")
    assert not (tmp_path / "runs").exists()


def test_data_that_is_not_whole_is_refused(
    hushem: Path, tmp_path: Path, tiny: Tiny, monkeypatch: Any
) -> None:
    from spermlens.datasets import hushem as module

    monkeypatch.setattr(module, "CARD", replace(module.CARD, counts={"head_shape": (5, 5, 5, 6)}))
    with pytest.raises(DataCorrupt, match="expected 5 normal, 5 tapered, 5 pyriform, 6 amorphous"):
        start(parse_experiment(tiny(hushem), "tiny"), tmp_path / "runs", device="cpu")


def test_a_fold_of_a_folder_is_that_of_a_run_and_may_learn_from_fewer_images(
    run: Run, hushem: Path, tmp_path: Path, tiny: Tiny
) -> None:
    told: list[dict[str, Any]] = []
    study = prepare(parse_experiment(tiny(hushem), "tiny"), "cpu", told.append)
    split = splits(study.listing, study.experiment.protocol)[0]
    fewer = replace(split, train=split.train[::2])
    said = {}
    for name, one in (("whole", split), ("cut", fewer), ("cut", fewer)):
        folder = Run(tmp_path / name)
        train_fold(folder, study, one, {"part": one.name, "index": 0, "parts": 1})
        (said[name],) = witness_of(folder, study).pooled([one], 2, "test")
    assert len(told) == 1 + 2 * 3  # verified once; two trainings of three epochs, and nothing the third time
    expected = read_predictions(run.predictions)["head_shape"]
    expected = expected.rows(expected.folds == 0)
    assert said["cut"].ids == said["whole"].ids == expected.ids
    np.testing.assert_array_equal(said["whole"].probabilities, expected.probabilities)
    assert not np.allclose(said["cut"].probabilities, expected.probabilities, atol=1e-4)


class StoppedError(Exception):
    pass


def test_a_run_stopped_in_any_part_is_finished_by_resume(
    fake_hushem: Path, tmp_path: Path, tiny: Tiny
) -> None:
    experiment = small(tiny, fake_hushem)
    whole = start(experiment, tmp_path / "whole", device="cpu")
    stops = [("r0f0", 2), ("r0f1", 1), ("final", 3)]

    def tell(event: dict[str, Any]) -> None:
        if stops and event["stage"] == "train" and (event["part"], event["epoch"]) == stops[0]:
            stops.pop(0)
            raise StoppedError

    with pytest.raises(StoppedError):
        start(experiment, tmp_path / "often", device="cpu", tell=tell)
    (run,) = runs_module.list_runs(tmp_path / "often")
    run.splits.unlink()  # as when it was killed before these were written
    (run.folder / "framing.json").unlink()
    for _ in range(2):
        assert run.status() == "stopped"
        with pytest.raises(StoppedError):
            resume(run, device="cpu", tell=tell)
    resume(run, device="cpu", tell=tell)
    assert not stops
    assert run.status() == "finished"
    same_files(run, whole)


def same_files(run: Run, whole: Run) -> None:
    for name in ("predictions.csv", "inner.csv", "splits.csv", "framing.json", "model/weights.safetensors"):
        assert sha256_of_file(run.folder / name) == sha256_of_file(whole.folder / name), name


def test_a_finished_run_is_not_trained_again(trained: Any, hushem: Path, tmp_path: Path) -> None:
    import shutil

    run = Run(tmp_path / trained.folder.name)
    shutil.copytree(trained.folder, run.folder)
    told: list[str] = []
    resume(run, device="cpu", tell=lambda event: told.append(event["stage"]))
    assert told == ["verify"]
    same_files(run, Run(trained.folder))
    assert run.results() == Run(trained.folder).results()


def test_a_run_is_not_finished_on_other_images(trained: Any, tmp_path: Path, tiny: Tiny) -> None:
    import shutil

    data = tmp_path / "data"
    shutil.copytree(trained.data, data)
    run = start(small(tiny, data, "protocol.final_model=false"), tmp_path / "runs", device="cpu")
    (data / "01_Normal" / "image_001.BMP").unlink()
    with pytest.raises(DataCorrupt, match="not those this run began with"):
        resume(run, device="cpu")


def test_a_killed_run_ends_as_if_it_had_not_been(fake_hushem: Path, tmp_path: Path, tiny: Tiny) -> None:
    from spermlens.cli import run as command

    settings = ["training.phases.1.epochs=100", "training.ema_decay=0.9", "training.mixup_alpha=0.2"]
    experiment = small(tiny, fake_hushem, *settings)
    whole = start(experiment, tmp_path / "whole", device="cpu")
    file, runs = tmp_path / "tiny.toml", tmp_path / "killed"
    file.write_text(whole.config.read_text())
    line = [
        sys.executable,
        "-m",
        "spermlens",
        "train",
        "-e",
        str(file),
        "--runs",
        str(runs),
        "--device",
        "cpu",
    ]
    process = subprocess.Popen([*line, "--quiet"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    deadline = time.monotonic() + 120
    while not list(runs.glob("*/folds/r0f1/checkpoint/state.json")):  # in the second phase of the second fold
        assert process.poll() is None, process.communicate()[0].decode()
        assert time.monotonic() < deadline
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    (run,) = runs_module.list_runs(runs)
    assert run.status() == "running"
    assert not run.model.exists()
    assert command(["train", "--resume", run.id, "--runs", str(runs), "--quiet", "--device", "cpu"]) == 0
    same_files(run, whole)


def test_the_final_model_knows_its_like(run: Run) -> None:
    saved = load(run.model)
    assert saved.network.familiar is not None
    stored = [json.loads((run.part(f"r0f{fold}") / "predictions.json").read_text()) for fold in range(2)]
    distances = [value for part in stored for value in part["test"]["distances"]]
    assert len(distances) == len(set(read_predictions(run.predictions)["head_shape"].ids))
    assert saved.description.strangest == pytest.approx(max(np.quantile(distances, 0.99), 1e-6))


def test_a_warm_start_keeps_the_scale_of_its_model(
    trained: Any, tmp_path: Path, tiny: Tiny, fake_hushem: Path
) -> None:
    old = load(trained.model)
    scaled = replace(old.description, framing=Framing(size=32, field_px=100, um_per_pixel=0.1))
    save(tmp_path / "old", old.network, scaled)
    rows = [f"{path},{path.parent.name},0.05" for path in sorted(fake_hushem.rglob("*.BMP"))]
    (tmp_path / "m.csv").write_text("path,shape,um_per_pixel\n" + "\n".join(rows) + "\n")
    settings = [f"model.start_from={str(tmp_path / 'old')!r}", "framing.size=24", "framing.field_px=0"]
    framing = prepare(small(tiny, tmp_path / "m.csv", *settings)).framing
    assert framing == Framing(size=24, field_px=100, um_per_pixel=0.1)
    assert framing.scale(0.05) == pytest.approx(24 / 100 / 2)
    assert prepare(small(tiny, tmp_path / "m.csv", *settings, "framing.align=head")).framing.aligns


def test_a_run_on_aligned_heads_is_judged_and_saved_aligned(
    fake_hushem: Path, tmp_path: Path, tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[int, bool]] = []

    def spy(*given: Any, views: int = 1, upright: bool = False, **more: Any) -> Any:
        seen.append((views, upright))
        return probabilities(*given, views=views, upright=upright, **more)

    monkeypatch.setattr("spermlens.training.witness.probabilities", spy)
    aligned = small(tiny, fake_hushem, "framing.align=head", "decide.views=4")
    study = prepare(aligned)
    posed = 0
    for sample, square in zip(study.listing, study.pictures.squares, strict=True):
        pose = pose_for(study.framing, sample.image)
        assert np.array_equal(square, study.framing.square(sample.image, sample.um_per_pixel, pose))
        posed += pose is not None
    assert posed > 0
    run = start(aligned, tmp_path, device="cpu")
    saved = load(run.model)
    assert saved.description.framing == study.framing
    assert stored_framing(run, {}) == study.framing
    assert (4, True) in seen
    assert (4, False) not in seen


def test_inner_images_may_serve_several_folds(fake_hushem: Path, tmp_path: Path, tiny: Tiny) -> None:
    settings = ["protocol.folds=4", "protocol.inner_share=0.3", "protocol.keep='best_inner'"]
    run = start(small(tiny, fake_hushem, *settings, "protocol.final_model=false"), tmp_path, device="cpu")
    (table,) = read_predictions(run.inner, inner=True).values()
    assert len(set(table.ids)) < len(table.ids)
    assert len(set(zip(table.folds.tolist(), table.ids, strict=True))) == len(table.ids)
    with pytest.raises(DataCorrupt, match="stands twice"):
        read_predictions(run.inner)


@pytest.fixture
def begun(tiny: Tiny, fake_hushem: Path, tmp_path: Path) -> Callable[..., Experiment]:
    def from_model(folder: Path, *settings: str) -> Experiment:
        quick = ["protocol.kind=holdout", "protocol.test_share=0.4", "protocol.inner_share=0", *settings]
        return small(tiny, fake_hushem, f"model.start_from={str(folder)!r}", *quick)

    return from_model


def test_a_model_that_knows_the_images_is_no_beginning_unless_accepted(
    trained: Any, begun: Callable[..., Experiment], tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=r"learned from 20 of these 20 images.*protocol.allow_overlap=true"):
        start(begun(trained.model), tmp_path / "runs", device="cpu")
    assert not (tmp_path / "runs").exists()
    run = start(begun(trained.model, "protocol.allow_overlap=true"), tmp_path / "runs", device="cpu")
    words = (
        f"Begun from {describe(trained.model).id}: 20 of 20 images were learned from: these figures are too"
    )
    assert words in run.told()["protocol"]


def test_a_model_remembers_what_the_one_before_it_learned_from(
    trained: Any, begun: Callable[..., Experiment], tmp_path: Path
) -> None:
    old = load(trained.model)
    for name, data in (("other", {"pixels": ["0" * 16]}), ("silent", {})):
        save(tmp_path / name, old.network, replace(old.description, data=data))
    run = start(begun(tmp_path / "other"), tmp_path / "runs", device="cpu")
    assert run.told()["protocol"].endswith("none of these images was learned from.")
    assert describe(run.model).data["pixels"][0] == "0" * 16
    assert describe(run.model).overlap_in_words(["1" * 64]) == "none of these images was learned from"
    run = start(begun(tmp_path / "silent"), tmp_path / "runs", device="cpu")
    assert run.told()["protocol"].endswith("whether it learned from these images is not recorded.")
    assert describe(run.model).overlap_in_words(["1" * 64]).endswith("is not recorded")


def test_an_overlap_is_accepted_of_a_model_gone_on_from_alone(tiny: Tiny, fake_hushem: Path) -> None:
    with pytest.raises(ConfigError, match=r"set model\.start_from"):
        small(tiny, fake_hushem, "protocol.allow_overlap=true")


def test_a_run_is_not_finished_with_other_settings_labels_or_beginnings(
    trained: Any, tmp_path: Path, tiny: Tiny
) -> None:
    import shutil

    shutil.copytree(trained.data, tmp_path / "data")
    shutil.copytree(trained.model, tmp_path / "old")
    model = [f"model.start_from={str(tmp_path / 'old')!r}", "protocol.allow_overlap=true"]
    quick = ["protocol.kind=holdout", "protocol.test_share=0.4", "protocol.final_model=false"]
    run = start(small(tiny, tmp_path / "data", *model, *quick), tmp_path / "runs", device="cpu")
    resume(run, device="cpu")

    text = run.config.read_text()
    run.config.write_text(text.replace("seed = 0", "seed = 1"))
    with pytest.raises(DataCorrupt, match="begin a new run"):
        resume(run, device="cpu")
    run.config.write_text(text)

    image = next((tmp_path / "data" / "01_Normal").iterdir())
    image.rename(tmp_path / "data" / "02_Tapered" / "moved.BMP")
    with pytest.raises(DataCorrupt, match="labels or groups of the images"):
        resume(run, device="cpu")
    (tmp_path / "data" / "02_Tapered" / "moved.BMP").rename(image)
    resume(run, device="cpu")

    old = load(tmp_path / "old")
    shutil.rmtree(tmp_path / "old")
    save(tmp_path / "old", old.network, old.description, half=True)
    with pytest.raises(DataCorrupt, match="the model gone on"):
        resume(run, device="cpu")
