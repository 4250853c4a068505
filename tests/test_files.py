"""What is written is there whole, or is not there; what was there before stays."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from spermlens.errors import CannotWrite
from spermlens.files import (
    folder_in_one_piece,
    sha256_of,
    sha256_of_file,
    sweep,
    write_bytes,
    write_json,
    write_text,
)


def everything_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def disk_full(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def interrupted(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_file_is_written_with_its_folder_and_readable_by_others(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "er" / "Zelle für Müller.txt"
    write_text(path, "µm")
    assert path.read_bytes() == "µm".encode()
    assert path.stat().st_mode & 0o777 == 0o644
    assert everything_in(path.parent) == [path.name]


def test_json_keeps_its_order_and_refuses_nan(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_json(path, {"b": 1, "a": "µm"})
    assert path.read_text(encoding="utf-8") == '{\n  "b": 1,\n  "a": "µm"\n}\n'
    with pytest.raises(ValueError, match="JSON"):
        write_json(path, {"a": float("nan")})
    assert json.loads(path.read_text(encoding="utf-8"))["b"] == 1


@pytest.mark.parametrize("step", ["replace", "fsync", "chmod", "fdopen"])
@pytest.mark.parametrize("fault", [disk_full, interrupted])
def test_a_failed_write_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, fault: object
) -> None:
    path = tmp_path / "weights.bin"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, step, fault)
    with pytest.raises((CannotWrite, KeyboardInterrupt)):
        write_bytes(path, b"new")
    monkeypatch.undo()
    assert everything_in(tmp_path) == ["weights.bin"]
    assert path.read_bytes() == b"old"


def test_a_folder_that_takes_no_files_is_an_error_that_leaves_it_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.mkstemp", lambda **_: disk_full())
    with pytest.raises(CannotWrite, match="a: the disk is full"):
        write_bytes(tmp_path / "a", b"new")
    assert everything_in(tmp_path) == []


def test_a_very_long_name_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / ("ü" * 120)
    write_bytes(path, b"x")
    assert path.read_bytes() == b"x"


KILLED = """
import sys
from pathlib import Path
from spermlens.files import write_bytes
print("ready", flush=True)
for number in range(10**9):
    write_bytes(Path(sys.argv[1]), bytes([number % 256]) * 300_000)
"""


def test_a_killed_writer_leaves_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"\0" * 300_000)
    for wait in (0.01, 0.04, 0.07):
        writer = subprocess.Popen([sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE)
        assert writer.stdout is not None
        writer.stdout.readline()
        time.sleep(wait)
        writer.send_signal(signal.SIGKILL)
        writer.communicate()
        content = path.read_bytes()
        assert len(content) == 300_000
        assert len(set(content)) == 1


def test_a_folder_appears_whole_and_replaces_the_old_one(tmp_path: Path) -> None:
    model = tmp_path / "runs" / "model"
    for version in ("one", "two"):
        with folder_in_one_piece(model) as draft:
            (draft / version).write_text(version)
            assert not (model / version).exists()
        assert everything_in(tmp_path / "runs") == ["model", f"model/{version}"]
    assert model.stat().st_mode & 0o777 == 0o755


def test_a_failed_folder_leaves_the_old_one_and_no_draft(tmp_path: Path) -> None:
    model = tmp_path / "model"
    (model / "sub").mkdir(parents=True)
    (model / "sub" / "old").write_text("old")

    def training() -> None:
        with folder_in_one_piece(model) as draft:
            (draft / "new").write_text("new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        training()
    assert everything_in(tmp_path) == ["model", "model/sub", "model/sub/old"]


@pytest.mark.parametrize("failing", [1, 2])
def test_a_folder_that_cannot_take_its_name_gives_the_old_one_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    model = tmp_path / "model"
    model.mkdir()
    (model / "old").write_text("old")
    calls = []
    replace = Path.replace

    def replace_or_fail(self: Path, target: Path) -> Path:
        calls.append(target)
        if len(calls) == failing:
            disk_full()
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", replace_or_fail)
    with pytest.raises(CannotWrite, match="model: the disk is full"), folder_in_one_piece(model) as draft:
        (draft / "new").write_text("new")
    assert everything_in(tmp_path) == ["model", "model/old"]


def test_what_could_not_be_tidied_does_not_undo_the_new_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tmp_path / "model"
    model.mkdir()
    rmtree = shutil.rmtree
    monkeypatch.setattr(shutil, "rmtree", lambda path, **_: rmtree(path / "no such", ignore_errors=True))
    with folder_in_one_piece(model) as draft:
        (draft / "new").write_text("new")
    assert (model / "new").read_text() == "new"


def test_what_a_killed_writer_left_is_swept_and_a_running_one_is_let_be(tmp_path: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    kept = f".a.csv.{os.getpid()}-abcd.part"
    for name in (f".a.csv.{dead.pid}-abcd.part", kept, ".a.csv.journal", ".hidden.part", "a.csv"):
        (tmp_path / name).write_text("x")
    aside = tmp_path / f".model.{dead.pid}-abcd.old" / "model"
    aside.mkdir(parents=True)
    (aside / "weights").write_text("old")
    (tmp_path / f".model.{dead.pid}-abcd.part").mkdir()
    sweep(tmp_path)
    left = sorted([kept, ".a.csv.journal", ".hidden.part", "a.csv", "model", "model/weights"])
    assert everything_in(tmp_path) == left
    assert (tmp_path / "model" / "weights").read_text() == "old"


def test_hashes_are_those_of_the_standard_library(tmp_path: Path) -> None:
    data = bytes(range(256)) * 5000
    (tmp_path / "a").write_bytes(data)
    assert sha256_of(data) == sha256_of_file(tmp_path / "a") == hashlib.sha256(data).hexdigest()
