"""Run folders: found by name, read back as written, and damage is said, not traced."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from spermlens.errors import DataCorrupt, DataMissing, UnknownName, UsageError
from spermlens.runs import Run, describe_environment, find_run, list_runs, new_run
from spermlens.types import Result

RESULT = Result(
    dataset="d",
    model="m",
    task="t",
    metric="accuracy",
    value=0.1 + 0.2,
    low=0.1,
    high=1 / 3,
    interval="bootstrap",
    n_images=7,
    per_fold=(0.25, 1 / 3),
)


def make(root: Path, name: str) -> Run:
    return new_run(root, name, 'name = "x"\n', {"data": {"name": "d"}})


def test_a_new_run_has_its_files_and_a_name_of_its_own(tmp_path: Path) -> None:
    first, second = make(tmp_path, "b0"), make(tmp_path, "b0")
    assert first.id != second.id
    assert first.config.read_text() == 'name = "x"\n'
    assert first.environment() == {"data": {"name": "d"}}
    assert first.status() == "running"
    first.set_status("finished")
    assert first.status() == "finished"


def test_runs_are_listed_oldest_first_and_other_folders_left_out(tmp_path: Path) -> None:
    runs = [make(tmp_path, name) for name in ("c", "a", "b")]
    for age, run in enumerate(runs):
        os.utime(run.config, (1000 + age, 1000 + age))
    (tmp_path / "notes").mkdir()
    assert [run.id for run in list_runs(tmp_path)] == [run.id for run in runs]
    assert list_runs(tmp_path / "nowhere") == []


def test_a_run_is_found_by_folder_by_name_and_by_the_only_fitting_part(tmp_path: Path) -> None:
    plain, longer = make(tmp_path, "b0"), make(tmp_path, "b0-cbam")
    assert find_run(tmp_path, str(plain.folder)) == plain
    assert find_run(tmp_path, plain.id) == plain
    assert find_run(tmp_path, "cbam") == longer


def test_a_whole_name_wins_over_a_longer_one_that_holds_it(tmp_path: Path) -> None:
    short, long = tmp_path / "run", tmp_path / "run-again"
    for folder in (short, long):
        folder.mkdir()
        (folder / "config.toml").touch()
    assert find_run(tmp_path, "run") == Run(short)


def test_a_part_that_fits_several_runs_names_them(tmp_path: Path) -> None:
    runs = [make(tmp_path, "b0"), make(tmp_path, "b0-cbam")]
    with pytest.raises(UsageError, match="'b0' fits 2 runs") as told:
        find_run(tmp_path, "b0")
    assert all(run.id in str(told.value) for run in runs)


def test_a_name_that_fits_none_lists_what_is_there(tmp_path: Path) -> None:
    run = make(tmp_path, "b0")
    with pytest.raises(UnknownName, match=run.id):
        find_run(tmp_path, "efficient")


def test_results_come_back_digit_for_digit(tmp_path: Path) -> None:
    run = make(tmp_path, "b0")
    run.write_results("claim", "protocol", [RESULT])
    assert run.results() == [RESULT]


def test_a_run_without_results_says_how_far_it_is(tmp_path: Path) -> None:
    run = make(tmp_path, "b0")
    run.set_status("stopped")
    with pytest.raises(DataMissing, match=r"no results yet \(it is stopped\)"):
        run.results()


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[1]",
        "\udcff",
        "{}",
        '{"rows": 3}',
        '{"rows": [3]}',
        '{"rows": [{"metric": "x"}]}',
        '{"rows": [{"strange": 1}]}',
    ],
)
def test_damaged_results_are_said(tmp_path: Path, text: str) -> None:
    run = make(tmp_path, "b0")
    path = run.folder / "results.json"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(DataCorrupt, match=r"results\.json"):
        run.results()


def test_damaged_and_missing_files_are_said(tmp_path: Path) -> None:
    run = make(tmp_path, "b0")
    (run.folder / "status.json").write_text("{")
    with pytest.raises(DataCorrupt, match=r"status\.json: not JSON"):
        run.status()
    (run.folder / "environment.json").unlink()
    with pytest.raises(DataMissing, match="Is this the folder of a run"):
        run.environment()
    run.part("r0f0").mkdir(parents=True)
    (run.part("r0f0") / "metrics.jsonl").write_text('{"epoch": 1}\n{"epo')
    with pytest.raises(DataCorrupt, match=r"metrics\.jsonl: not JSON"):
        run.metrics("r0f0")
    for damaged in (b"{}", b"\xff"):
        (run.part("r0f0") / "metrics.jsonl").write_bytes(damaged)
        with pytest.raises(DataCorrupt, match=r"metrics\.jsonl: "):
            run.metrics("r0f0")


def test_parts_and_metrics(tmp_path: Path) -> None:
    run = make(tmp_path, "b0")
    assert run.parts() == []
    assert run.metrics("r0f0") == []
    run.part("r0f1").mkdir(parents=True)
    run.part("r0f0").mkdir()
    (run.part("r0f0") / "metrics.jsonl").write_text('{"epoch": 1}\n{"epoch": 2}\n')
    assert run.parts() == ["r0f0", "r0f1"]
    assert run.metrics("r0f0") == [{"epoch": 1}, {"epoch": 2}]


def test_the_environment_names_versions_device_and_seed() -> None:
    found = describe_environment("cpu", 5)
    assert found["seed"] == 5
    assert found["device"] == "cpu"
    assert found["versions"]["torch"]
    assert "commit" in found
