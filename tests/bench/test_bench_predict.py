"""Images a second: every network in every way, and the peer that all are held against."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from timm.models.efficientnet import EfficientNet

from spermlens.bench import predict as bench
from spermlens.bench import rounds
from spermlens.bench.predict import MODELS, PEER, bench_predict
from spermlens.bench.subjects import drawn_cells
from spermlens.cli import run


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "SIZE", 32)
    monkeypatch.setattr(rounds, "DRAWS", 20)
    monkeypatch.setattr(bench.os, "cpu_count", lambda: 3)


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The peer takes 2 s, ours 4 s with one view and 16 s with eight; with how many threads it was asked."""
    asked: list[int] = []

    def timed(works: dict[str, Callable[[], object]], count: int, clock: object) -> dict[str, np.ndarray]:
        asked.append(torch.get_num_threads())
        return {
            name: np.full(count, 2.0 if PEER in name else 4.0 if name.endswith(", 1)") else 16.0)
            for name in works
        }

    monkeypatch.setattr(bench, "timed", timed)
    return asked


def test_every_network_stands_there_in_every_way_with_what_it_rests_on(seconds: list[int]) -> None:
    found = bench_predict(images=8, rounds=3)
    rows = {(row["model"], row["metric"], row["condition"]): row for row in found["rows"]}
    assert seconds == [1, 3]
    assert len(rows) == len(found["rows"]) == 2 * (1 + 2 * 2 * len(MODELS))
    for way in ("1 thread", "3 threads"):
        assert rows[PEER, "images_per_second", f"cpu, {way}, 1 view"]["value"] == 4.0
        for model in MODELS:
            for views, pace, times in (("1 view", 2.0, 0.5), ("8 views", 0.5, 0.125)):
                where = f"cpu, {way}, {views}"
                assert rows[model, "images_per_second", where]["value"] == pace
                assert rows[model, "times_as_fast", where]["value"] == times
    for row in rows.values():
        assert (row["n_images"], row["repeats"]) == (8, 3)
        assert row["low"] <= row["value"] <= row["high"]
    assert "8 at a time" in found["protocol"]
    assert "3 rounds" in found["protocol"]
    assert "Untrained" in found["protocol"]


def test_what_is_timed_is_a_reading_and_a_plain_forward_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "MODELS", ("simple_cnn",))
    before = torch.get_num_threads()
    found = bench_predict(images=2, rounds=3)
    paces = {
        (row["model"], row["condition"]): row["value"]
        for row in found["rows"]
        if row["metric"] == "images_per_second"
    }
    assert len(paces) == 6
    assert all(pace > 0 for pace in paces.values())
    one, eight = (paces["simple_cnn", f"cpu, 1 thread, {views}"] for views in ("1 view", "8 views"))
    assert one > eight  # a thread's own seconds: so also where the machine is busy
    assert torch.get_num_threads() == before


def test_the_peer_is_given_the_squares_that_ours_see(tmp_path: Path) -> None:
    samples = drawn_cells(2)
    seen: list[torch.Tensor] = []
    works = bench._works(samples, tmp_path)
    catch = torch.nn.modules.module.register_module_forward_pre_hook(
        lambda module, given: seen.append(given[0]) if isinstance(module, EfficientNet) else None
    )
    try:
        works[PEER, 1]()
    finally:
        catch.remove()
    (squares,) = seen
    assert squares.shape == (2, 3, 32, 32)
    assert 0 <= squares.min() < squares.max() <= 1


def test_the_command_writes_what_it_found_and_replaces_nothing_unasked(
    tmp_path: Path, seconds: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "results" / "bench-predict.json"
    assert run(["bench", "predict", "-o", str(output), "--rounds", "2", "--images", "2"]) == 0
    assert "images_per_second" in capsys.readouterr().out
    assert {row["model"] for row in json.loads(output.read_text())["rows"]} == {PEER, *MODELS}
    assert run(["bench", "predict", "-o", str(output)]) == 2
    assert "--overwrite" in capsys.readouterr().err
