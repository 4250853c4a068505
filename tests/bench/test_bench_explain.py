"""What reasons cost: a price is what it is called, and says what it rests on."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from spermlens.bench import explain as bench
from spermlens.bench import rounds
from spermlens.bench.explain import bench_explain
from spermlens.cli import run

CPU = torch.device("cpu")


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "MODEL", "simple_cnn")
    monkeypatch.setattr(bench, "FINER", {})  # it has one map only
    monkeypatch.setattr(bench, "SIZE", 32)
    monkeypatch.setattr(rounds, "DRAWS", 20)
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
        "stride_16_over_32",
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
    seconds |= {"usual": 4.0, "fine": 5.0}
    monkeypatch.setattr(bench, "library", lambda: "there")
    monkeypatch.setattr(bench, "_by_library", lambda *_: lambda: None)
    monkeypatch.setattr(bench, "_reading", lambda _: [])
    monkeypatch.setattr(bench, "_graph", lambda *_: [])
    monkeypatch.setattr(bench, "timed", lambda works, *_: {name: np.full(3, seconds[name]) for name in works})
    added, read, ratio, fine = bench_explain([CPU], images=2, rounds=3)["rows"]
    assert (added["metric"], added["value"]) == ("added_over_forward", 0.5)
    assert (read["metric"], read["value"]) == ("read_over_forward", 1.5)
    assert (ratio["metric"], ratio["value"]) == ("library_added_over_ours_added", 5.0)
    assert (fine["metric"], fine["value"]) == ("stride_16_over_32", 1.25)


def test_the_command_writes_a_results_file_and_says_what_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    row = {"model": "n", "metric": "m", "condition": "c", "value": 1.0, "low": 0.5, "high": 2.0}
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
