"""`spermlens data audit` through the command line: exit codes, streams, files."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spermlens.cli import run
from spermlens.datasets import Listing
from spermlens.types import Image


def test_a_set_in_order_ends_well(
    cells: Callable[[], Listing], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cells()
    assert run(["data", "audit", str(tmp_path / "cells"), "--output", str(tmp_path / "out")]) == 0
    told = capsys.readouterr()
    assert told.out.startswith("60 images: no copies")
    assert "Page" in told.err
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "images.csv",
        "pairs.csv",
        "clean.csv",
        "audit.json",
        "page.html",
    }


def test_a_leaking_split_is_exit_code_3_after_everything_was_written(
    cells: Callable[[], Listing],
    heads: list[Image],
    save: Any,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for number in range(8):  # that all eight pairs fall together by chance is out of the question
        save(np.rot90(heads[2 * number]), f"long/zz-{number}.jpg", quality=90)
    arguments = ["data", "audit", str(tmp_path / "cells"), "--json", "-q", "-o", str(tmp_path / "out")]
    assert run(arguments) == 3
    told = capsys.readouterr()
    assert json.loads(told.out)["plans"][0]["leaks"] is True
    assert "Error: 5 folds: on both sides stand" in told.err
    assert "pairs of near copies" in told.err
    assert (tmp_path / "out" / "page.html").is_file()


def test_identical_images_do_not_leak_for_folds_keep_them_together(
    cells: Callable[[], Listing], heads: list[Image], save: Any, tmp_path: Path
) -> None:
    for number in range(8):
        save(heads[2 * number], f"long/zz-{number}.png")
    assert run(["data", "audit", str(tmp_path / "cells")]) == 0


def test_an_experiment_whose_split_cannot_be_made_is_an_error(
    cells: Callable[[], Listing], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cells()
    where = str(tmp_path / "cells")
    assert run(["data", "audit", where, "--experiment", "own-images"]) == 0
    assert "the protocol of 'own-images'" in capsys.readouterr().out
    assert run(["data", "audit", where, "--experiment", "own-image"]) == 2
    assert "Did you mean 'own-images'" in capsys.readouterr().err
    strict = tmp_path / "strict.toml"
    from spermlens.config import load_experiment, to_toml

    strict.write_text(to_toml(load_experiment("own-images", ["protocol.allow_ungrouped=false"])))
    assert run(["data", "audit", where, "--experiment", str(strict)]) == 2
    assert "cannot be made" in capsys.readouterr().err


def test_a_run_doubts_labels(trained: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["data", "audit", "hushem", "--root", str(trained.data), "--run", str(trained.folder)]
    code = run([*arguments, "--output", str(tmp_path / "out")])
    assert code == 3  # the drawn heads of one class are much alike
    assert (tmp_path / "out" / "suspects.csv").is_file()
    assert "20 images" in capsys.readouterr().out


def test_auditing_needs_no_torch() -> None:
    rooms = "findings, folder, page, words, leaks, metadata, suspects, survey"
    code = (
        f"import sys\nfrom spermlens.audit import {rooms}\n"
        "heavy = {'torch', 'torchvision', 'timm', 'matplotlib'} & set(sys.modules)\n"
        "sys.exit(f'imported: {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
