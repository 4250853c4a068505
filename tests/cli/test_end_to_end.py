"""From data to page through the command line: exit codes, streams, files."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from spermlens.cli import run

SMALL = [
    "--set",
    "model.name=simple_cnn",
    "--set",
    "model.pretrained=false",
    "--set",
    "model.arguments={width = 4}",
    "--set",
    "framing.size=32",
    "--set",
    "protocol.folds=2",
    "--set",
    "training.phases=[{train = 'all', epochs = 1, learning_rate = 0.01}]",
    "--set",
    "decide.views=1",
]


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Say = Callable[..., Said]


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Say:
    """Run a command; no command ever shows a trace."""
    monkeypatch.setenv("COLUMNS", "200")

    def saying(*arguments: object) -> Said:
        code = run([str(argument) for argument in arguments])
        told = capsys.readouterr()
        assert "Traceback" not in told.err
        return Said(code, told.out, told.err)

    return saying


@pytest.fixture
def heads(trained: Any, tmp_path: Path) -> Path:
    place = tmp_path / "heads"
    shutil.copytree(trained.data / "02_Tapered", place)
    return place


def test_data(say: Say, hushem: Path, tmp_path: Path) -> None:
    assert {card["name"] for card in say("data", "list", "--json").json} >= {"hushem", "synthetic", "folder"}
    assert "CC BY 4.0" in say("data", "list").out
    assert "15 patients" in say("data", "show", "hushem").out
    assert say("data", "show", "hushem", "--json").json["group"] == "not released"
    assert "01_Normal" in say("data", "show", hushem).out
    whole = say("data", "verify", "hushem", "--root", hushem)
    assert (whole.code, whole.out) == (0, "")
    assert "'hushem' is whole: 20 images" in whole.err
    assert say("data", "verify", "hushem", "--root", hushem, "--quiet").err == ""
    assert say("data", "verify", "hushem", "--root", hushem, "--json").json["problems"] == []
    shutil.copytree(hushem, tmp_path / "broken")
    (tmp_path / "broken" / "01_Normal" / "image_001.BMP").unlink()
    broken = say("data", "verify", "hushem", "--root", tmp_path / "broken")
    assert broken.code == 3
    assert "01_Normal/image_001.BMP: this official image is missing" in broken.out
    assert "2 problem(s) in 19 images" in broken.err
    as_json = say("data", "verify", "hushem", "--root", tmp_path / "broken", "--json")
    assert as_json.code == 3
    assert len(as_json.json["problems"]) == 2
    drawn = say("data", "verify", "synthetic", "--option", "count=3")
    assert (drawn.code, "3 images" in drawn.err) == (0, True)


def test_train_then_every_verb_that_reads_runs(say: Say, hushem: Path, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    line = ["train", "-e", "hushem-simple-cnn", "--root", hushem, "--runs", runs, "--device", "cpu", *SMALL]
    first = say(*line)
    assert first.code == 0
    assert "balanced_accuracy" in first.out
    assert "Reading and verifying 20 images." in first.err
    assert "Page " in first.err
    second = say(*line, "--set", "training.seed=1", "--quiet", "--json")
    assert second.err == ""
    folder = Path(second.json["run"])
    assert (folder / "report.html").is_file()
    assert {row["metric"] for row in second.json["results"]} >= {"accuracy", "ece"}

    listed = say("runs", "list", "--runs", runs, "--json").json
    assert [row["status"] for row in listed] == ["finished"] * 2
    assert listed[1]["run"] == folder.name
    assert listed[1]["n"] == 20
    assert folder.name in say("runs", "list", "--runs", runs).out
    shown = say("runs", "show", folder.name, "--runs", runs, "--json").json
    assert shown["results"] == second.json["results"]
    assert "roc_auc_ovr_macro" in say("runs", "show", folder, "--runs", runs).out
    compared = say("runs", "compare", listed[0]["run"], listed[1]["run"], "--runs", runs, "--json").json
    assert compared["comparisons"][0]["n_images"] == 20
    assert "only a right" in say("runs", "compare", listed[0]["run"], folder, "--runs", runs).out
    assert say("runs", "show", "hushem", "--runs", runs).code == 2

    again = say("train", "--resume", folder.name, "--runs", runs, "--json", "--quiet")
    assert again.json["results"] == second.json["results"]
    mixed = say("train", "--resume", folder.name, "--runs", runs, "--set", "training.seed=3")
    assert mixed.code == 2
    assert "Leave out what says how to train" in mixed.err

    warm = say("train", "--data", hushem, "--from", folder, "--runs", tmp_path / "warm", *SMALL[8:], "--set",
               "protocol.allow_overlap=true", "--map",
               "label.02_Tapered=head_shape.tapered")  # fmt: skip
    assert warm.code == 0, warm.err
    assert "Classes carried over: label.02_Tapered from head_shape.tapered." in warm.err
    assert "Classes that start fresh: label.01_Normal, label.03_Pyriform, label.04_Amorphous." in warm.err


def test_models(say: Say, trained: Any) -> None:
    assert "simple_cnn" in say("models", "list", "--json").json["architectures"]
    assert "efficientnet_b0_cbam" in say("models", "list").out
    shown = say("models", "show", trained.folder)
    for part in (
        "normal, tapered, pyriform, amorphous",
        "32 px square, 131 source px",
        "15 patients",
        "pooled",
    ):
        assert part in shown.out
    told = say("models", "show", trained.model, "--json").json
    assert told["architecture"] == "simple_cnn"
    assert "pixels" not in told["data"]
    assert "data pixels " not in shown.out


def test_evaluate_and_its_gate(say: Say, trained: Any, hushem: Path, tmp_path: Path) -> None:
    line = ["evaluate", trained.folder, "hushem", "--root", hushem, "--device", "cpu"]
    found = say(
        *line, "--output", tmp_path / "out", "--json", "--gate", "accuracy=0", "--gate", "log_loss=99"
    )
    assert found.code == 0
    rows = json.loads((tmp_path / "out" / "results.json").read_text())["rows"]
    assert rows == found.json
    assert "20 of 20 images were learned from: these figures are too good" in found.err
    told = json.loads((tmp_path / "out" / "results.json").read_text())
    assert told["claim"] == "tiny judged on hushem."
    assert "20 of 20 images were learned from: these figures are too good." in told["protocol"]
    assert len((tmp_path / "out" / "predictions.csv").read_text().splitlines()) == 21
    shown = say(*line)
    assert "balanced_accuracy" in shown.out
    assert "15 patients" in shown.err
    for gate, side in (("accuracy=1.01", "below the 1.01"), ("log_loss=0.001", "above the 0.001")):
        missed = say(*line, "--quiet", "--gate", gate)
        assert missed.code == 4
        assert side in missed.err
    assert say(*line, "--gate", "acuracy=0.5").code == 2
    assert say(*line, "--gate", "accuracy=high").code == 2
    assert say(*line, "--gate", "accuracy").code == 2
    assert say(*line, "--views", "3").code == 2


def test_predict_to_every_place(
    say: Say, trained: Any, heads: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = ["predict", trained.folder, heads, "--device", "cpu"]
    printed = say(*line, "--quiet")
    assert printed.err == ""
    rows = list(csv.DictReader(io.StringIO(printed.out)))
    assert [row["image"] for row in rows] == [f"image_00{n}.BMP" for n in range(1, 6)]
    assert say(*line, "-o", tmp_path / "out.csv").code == 0
    assert (tmp_path / "out.csv").read_text() == printed.out
    assert say(*line, "-o", tmp_path / "out.json", "--quiet").out == ""
    told = say(*line, "--json")
    assert told.json == json.loads((tmp_path / "out.json").read_text())
    assert [repr(row["head_shape_confidence"]) for row in told.json] == [
        r["head_shape_confidence"] for r in rows
    ]
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{heads / 'image_002.BMP'}\n"))
    streamed = say("predict", trained.folder, "-", "--device", "cpu", "--json")
    assert [Path(row["image"]).name for row in streamed.json] == ["image_002.BMP"]


def test_predict_with_maps_and_a_page(say: Say, trained: Any, heads: Path, tmp_path: Path) -> None:
    maps, page = tmp_path / "maps", tmp_path / "page.html"
    line = ["predict", trained.folder, heads, "--explain", maps, "--report", page, "--method", "cam"]
    told = say(*line, "--device", "cpu")
    assert told.code == 0
    assert f"Maps   {maps}" in told.err
    assert (maps / "contact-sheet.png").is_file()
    pictures = [path.name for path in maps.iterdir() if path.name != "contact-sheet.png"]
    assert len(pictures) == 5
    assert all(name.startswith("image_00") and name.endswith(".cam.png") for name in pictures)
    text = page.read_text()
    assert "image_001.BMP" in text
    assert "Research use only" in text
    assert say(*line, "--device", "cpu").code == 2
    assert say(*line, "--device", "cpu", "--overwrite").code == 0


def test_an_image_that_cannot_be_read_is_said_and_the_rest_is_done(
    say: Say, trained: Any, heads: Path, tmp_path: Path
) -> None:
    (heads / "broken.png").write_bytes(b"not an image")
    told = say("predict", trained.folder, heads, heads / "gone.png", "-o", tmp_path / "out.csv")
    assert told.code == 3
    assert "2 of 7 images could not be read; their rows say why." in told.err
    assert len((tmp_path / "out.csv").read_text().splitlines()) == 8


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["predict", "no-model", "HEADS"], 2, "no folder, run or shipped model"),
        (["predict", "MODEL", "EMPTY"], 3, "holds no PNG"),
        (["predict", "EMPTY", "HEADS"], 3, "no saved model is there"),
        (["predict", "MODEL", "HEADS", "-o", "out.txt"], 2, "must end in .csv or .json"),
        (["predict", "MODEL", "HEADS", "--method", "cma", "--explain", "maps"], 2, "Did you mean 'cam'"),
        (["predict", "MODEL", "HEADS", "--method", "cam"], 2, "add --explain or --report"),
        (["predict", "MODEL", "HEADS", "--layer", "trnk", "--explain", "maps"], 2, "Did you mean 'trunk'"),
        (["predict", "MODEL", "HEADS", "--views", "3"], 2, "views must be one of"),
        (["predict", "MODEL", "HEADS", "--um-per-pixel", "500"], 2, "between 0.005 and 5"),
        (["predict", "MODEL", "HEADS", "--device", "abacus"], 2, "The device 'abacus'"),
        (["predict", "MODEL", "HEADS", "--batch-size", "0"], 2, "--batch-size"),
        (["train"], 2, "Name an experiment with --experiment"),
        (["train", "-e", "hushem"], 2, "Unknown experiment 'hushem'. Did you mean"),
        (["train", "-e", "hushem-b0", "--set", "training.epoch=3"], 2, "Unknown setting 'training.epoch'"),
        (["train", "-e", "hushem-b0", "--root", "EMPTY"], 3, "expected the folders 01_Normal"),
        (["train", "--data", "nowhere"], 2, "Unknown data set or folder 'nowhere'"),
        (["train", "-e", "hushem-b0", "--map", "a.b=c.d"], 2, "it needs --from"),
        (["train", "--resume", "nothing"], 2, "no runs in runs yet"),
        (["evaluate", "MODEL", "hushen"], 2, "Did you mean 'hushem'"),
        (["evaluate", "MODEL", "synthetic", "--option", "cuont=3"], 2, "Did you mean 'count'"),
        (["evaluate", "MODEL", "EMPTY"], 3, "two or more class folders"),
        (["data", "show", "hushen"], 2, "Did you mean 'hushem'"),
        (["models", "show", "simple_cnn"], 2, "no folder, run or shipped model"),
        (["runs", "show", "x", "--runs", "EMPTY"], 2, "There are no runs in"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_the_user_can_mend_is_a_sentence_on_stderr(
    say: Say, trained: Any, heads: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    arguments: list[str], code: int, sentence: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    places = {"MODEL": trained.folder, "HEADS": heads, "EMPTY": tmp_path / "empty"}
    told = say(*(places.get(argument, argument) for argument in arguments))
    assert told.code == code
    assert sentence in told.err
    assert told.out == ""


def test_a_fault_of_ours_shows_its_trace(trained: Any, heads: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("spermlens.batch.read_batch", broken)
    with pytest.raises(ZeroDivisionError):
        run(["predict", str(trained.folder), str(heads)])


def test_an_interrupt_says_how_to_go_on(
    say: Say, trained: Any, heads: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("spermlens.batch.read_batch", stopped)
    told = say("predict", trained.folder, heads)
    assert told.code == 130
    assert "train with --resume" in told.err


def test_the_doctor(say: Say) -> None:
    told = say("doctor", "--json")
    assert told.code == 0
    assert {"python", "torch", "device", "ImageNet weights", "data hushem"} <= {
        row["what"] for row in told.json
    }
    assert "threads" in say("doctor").out or "cuda" in say("doctor").out


def test_a_model_is_handed_on_at_half_its_size(say: Say, trained: Any, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    assert say("models", "export", trained.folder, copy, "--half").code == 0
    sizes = [(place / "weights.safetensors").stat().st_size for place in (copy, trained.model)]
    assert sizes[0] < 0.7 * sizes[1]
    tasks = [say("models", "show", place, "--json").json["tasks"] for place in (copy, trained.model)]
    assert tasks[0] == tasks[1]
    again = say("models", "export", trained.folder, copy)
    assert again.code == 2
    assert "is there already" in again.err
    assert say("models", "export", trained.folder, copy, "--overwrite").code == 0


def test_only_the_folder_of_a_model_is_ever_replaced(say: Say, trained: Any, tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "dear.txt").write_text("keep me")
    assert say("models", "export", trained.folder, tmp_path / "letters", "--overwrite").code == 3
    assert (tmp_path / "letters" / "dear.txt").read_text() == "keep me"
