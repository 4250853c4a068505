"""What reasons cost: everything is timed as often, by turns, and a price is what it is called."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from spermlens import bench
from spermlens.bench import bench_explain, timed
from spermlens.cli import run

CPU = torch.device("cpu")


def at_a_time(images: int, rounds: int, clock: Callable[[], float]) -> Any:
    return SimpleNamespace(rounds=rounds, clock=clock, samples=[None] * images)


def test_each_is_timed_as_often_and_begins_in_turn() -> None:
    now, order = [0.0], []

    def work(name: str, seconds: float) -> Callable[[], None]:
        def done() -> None:
            order.append(name)
            now[0] += seconds

        return done

    works = {"a": work("a", 1.0), "b": work("b", 3.0)}
    took = timed(works, at_a_time(1, 4, lambda: now[0]))
    assert took["a"].tolist() == [1.0] * 4
    assert took["b"].tolist() == [3.0] * 4
    assert order[2:] == ["a", "b", "b", "a", "a", "b", "b", "a"]  # the first two warmed up


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "MODEL", "simple_cnn")
    monkeypatch.setattr(bench, "SIZE", 32)
    monkeypatch.setattr(bench, "DRAWS", 20)
    monkeypatch.setattr(bench, "library", lambda: None)


def test_every_price_is_a_row_with_what_it_rests_on(small: None) -> None:
    threads = torch.get_num_threads()
    found = bench_explain([CPU], images=2, rounds=3)
    rows = found["rows"]
    assert [row["metric"] for row in rows] == [
        "added_over_forward",
        "read_over_forward",
        "predict_explain_over_predict",
        "predict_explain_over_predict",
        "onnx_over_torch",
    ]
    for row in rows:
        assert row["low"] <= row["value"] <= row["high"]
        assert (row["n_images"], row["repeats"], row["method"]) == (2, 3, "cam")
        assert row["condition"].startswith("cpu, 2 images at a time")
    assert rows[2]["condition"] != rows[3]["condition"]
    assert found["environment"]["versions"]["onnxruntime"]
    assert torch.get_num_threads() == threads


def test_the_library_is_held_against_what_ours_adds(small: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Theirs takes 10 s more than a forward pass, ours 2 s as a picture."""
    seconds = {"forward": 2.0, "read": 3.0, "maps": 1.0, "drawn": 2.0, "library": 12.0}
    monkeypatch.setattr(bench, "library", lambda: "there")
    monkeypatch.setattr(bench, "_by_library", lambda *_: lambda: None)
    monkeypatch.setattr(bench, "_reading", lambda _: [])
    monkeypatch.setattr(bench, "_graph", lambda *_: [])
    monkeypatch.setattr(bench, "timed", lambda works, _: {name: np.full(3, seconds[name]) for name in works})
    added, read, ratio = bench_explain([CPU], images=2, rounds=3)["rows"]
    assert (added["metric"], added["value"]) == ("added_over_forward", 0.5)
    assert (read["metric"], read["value"]) == ("read_over_forward", 1.5)
    assert (ratio["metric"], ratio["value"]) == ("library_added_over_ours_added", 5.0)


def test_the_command_writes_a_results_file_and_says_what_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    row = {"metric": "m", "condition": "c", "value": 1.0, "low": 0.5, "high": 2.0}
    monkeypatch.setattr(bench, "library", lambda: None)
    monkeypatch.setattr(bench, "bench_explain", lambda *_: {"rows": [row]})
    output = tmp_path / "results" / "bench.json"
    assert run(["bench", "explain", "-o", str(output), "--device", "cpu"]) == 0
    told = capsys.readouterr()
    assert "grad-cam is not installed: its row is left out" in told.err
    assert "0.500" in told.out
    assert json.loads(output.read_text()) == {"rows": [row]}
    assert run(["bench", "explain", "-o", str(output)]) == 2
    assert "--overwrite" in capsys.readouterr().err
