"""How long a job takes is told from finished ones of its kind, and guessed before there are any."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from drawn_jobs import Desk

from spermlens.reproduce import progress
from spermlens.reproduce.job import Job, jobs
from spermlens.reproduce.progress import estimate, looks, paces, state
from spermlens.reproduce.study_file import load_study

One = Callable[[str], Job]


def experiment(path: str):  # type: ignore[no-untyped-def]
    name, study = load_study("paper")
    return jobs(name, study, [path])[0].experiment()


def test_a_look_is_an_image_in_an_epoch() -> None:
    assert looks(experiment("hushem/b0-r100")) == 216 * 4 * 40
    assert looks(experiment("smids/b0-r100")) == 2947 * 4 * 12
    assert looks(experiment("holdout/b0-cbam-r0")) == pytest.approx(151 * 40, rel=0.01)


def test_before_any_job_is_done_the_time_is_a_guess_for_a_cpu() -> None:
    for network in ("b0", "simple-cnn"):  # committed jobs took about as long for both
        said = estimate(experiment(f"hushem/{network}-r100"), {})
        assert said == "14 min on a CPU, minutes on a GPU"


def test_the_time_is_that_of_the_same_model_and_size() -> None:
    known = {("efficientnet_b0", 128): 0.1}
    assert estimate(experiment("hushem/b0-r100"), known) == "58 min"
    assert "CPU" in estimate(experiment("hushem/b0-cbam-r100"), known)
    wider = estimate(experiment("ablation/hushem-192px-r0"), {("efficientnet_b0_cbam", 128): 0.1})
    assert wider.startswith("32 min")  # 2.25 times as many pixels


def test_only_this_machine_tells(desk: Desk, one: One, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.commit(one("one/cbam-r100"))
    assert paces(desk.jobs, desk.places) == {("efficientnet_b0_cbam", 128): pytest.approx(10 / 500)}
    monkeypatch.setattr(progress, "machine", lambda: "another")
    assert paces(desk.jobs, desk.places) == {}


def test_the_state_of_a_job(desk: Desk, one: One) -> None:
    job = one("one/cbam-r100")
    assert state(job, desk.places) == "waiting"
    desk.commit(job)
    assert state(job, desk.places) == "committed"
    for ending in (".csv", ".json"):
        path = desk.places.table(one("one/cbam-r100")).with_suffix(ending)
        path.replace(desk.places.table(one("one/plain-r100")).with_suffix(ending))
    assert state(one("one/plain-r100"), desk.places) == "other recipe"
