"""A graph as an eye: the rows of torch, without torch."""

from __future__ import annotations

import csv
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from spermlens.cli import run
from spermlens.datasets import open_data
from spermlens.errors import BadModel, DataMissing, UnknownName, UsageError
from spermlens.explain._scaled import Question
from spermlens.files import write_bytes
from spermlens.lens import Lens, find_model
from spermlens.models._description import Voting
from spermlens.models._export import export
from spermlens.models._store import Saved, load, save
from spermlens.predict.graph import GraphEye, check_method, open_graph, pictures_of, turned
from spermlens.predict.network import NetworkEye
from spermlens.predict.pipeline import Ask, read_samples
from spermlens.predict.sides import COUNTS, Sides
from spermlens.predict.tensors import to_tensor
from spermlens.predict.views import view
from spermlens.report.overlay import png_bytes
from spermlens.types import Reading, Sample, Status

WITHOUT_TORCH = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("torch", "torchvision", "timm"):
            raise ModuleNotFoundError(f"No module named '{name}'", name=name)  # as where it is not installed

sys.meta_path.insert(0, Blocked())
from spermlens.cli import run
sys.exit(run(sys.argv[1:]))
"""
NUMBERS = ("confidence", "p_", "strangeness")


@pytest.fixture(scope="module")
def shipped() -> Saved:
    """Three tasks, eight views, temperatures, thresholds, pictures that it remembers."""
    return load(find_model("synthetic-heads"))


@pytest.fixture(scope="module")
def file(shipped: Saved, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("graph") / "heads.onnx"
    export(shipped, path)
    return path


@pytest.fixture(scope="module")
def cells() -> list[Sample]:
    drawn = list(open_data("synthetic", options={"count": 5}))
    blank = Sample(id="blank", image=np.full((70, 70, 3), 128, np.uint8))
    noise = np.random.default_rng(1).integers(0, 256, (90, 90, 3)).astype(np.uint8)
    return [*drawn, blank, Sample(id="noise", image=noise)]


def without_torch(order: list[str], place: Path) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-c", WITHOUT_TORCH, *order]
    return subprocess.run(line, capture_output=True, text=True, cwd=place)


def both(shipped: Saved, file: Path, cells: list[Sample], ask: Ask) -> list[tuple[Reading, Reading]]:
    network = NetworkEye(shipped, torch.device("cpu"))
    return list(
        zip(read_samples(network, cells, ask), read_samples(open_graph(file), cells, ask), strict=True)
    )


@pytest.mark.parametrize("views", [1, 8, 16])
def test_it_answers_as_torch_does(shipped: Saved, file: Path, cells: list[Sample], views: int) -> None:
    statuses = set()
    for ours, theirs in both(shipped, file, cells, Ask(views=views, methods=("cam",), measures=True)):
        one, other = ours.prediction, theirs.prediction
        assert (one.status, one.decisions, one.message) == (other.status, other.decisions, other.message)
        for task, said in one.probabilities.items():
            np.testing.assert_allclose(other.probabilities[task], said, atol=1e-4)
        assert other.strangeness == pytest.approx(one.strangeness, abs=1e-4)
        for seen, again in zip(ours.explanations, theirs.explanations, strict=True):
            assert (seen.task, seen.target, seen.map_size) == (again.task, again.target, again.map_size)
            np.testing.assert_allclose(again.heat, seen.heat, atol=1e-4)
            np.testing.assert_allclose(again.against, seen.against, atol=1e-4)
            assert again.peak == pytest.approx(seen.peak, rel=1e-4)
        assert (ours.measures is None) == (theirs.measures is None)
        statuses.add(one.status)
    assert statuses >= {Status.DECIDED, Status.NOT_A_CELL}


def test_views_are_averaged_before_the_temperature(shipped: Saved, file: Path, cells: list[Sample]) -> None:
    """Of tempered views the mean would be another one."""
    graph, task = open_graph(file), shipped.description.tasks[0].name
    graph = replace(graph, description=replace(graph.description, temperature={task: 0.3}))
    framing = shipped.description.framing
    squares = np.stack([framing.square(cell.image) for cell in cells])
    seen = graph.look(squares, Sides(8)).probabilities[task]
    plain = replace(graph, description=replace(graph.description, temperature={}))
    mean = plain.look(squares, Sides(8)).probabilities[task]
    expected = mean ** (1 / 0.3)
    np.testing.assert_allclose(seen, expected / expected.sum(1, keepdims=True), atol=1e-9)


@pytest.mark.parametrize("upright", [False, True])
def test_pictures_are_turned_as_tensors_are(upright: bool) -> None:
    squares = np.random.default_rng(2).integers(0, 256, (2, 24, 24, 3)).astype(np.uint8)
    for count in COUNTS:
        sides = Sides(count, upright)
        for index in range(count):
            found = turned(pictures_of(squares), *sides.pose(index))
            expected = view(to_tensor(squares), index, count, upright=upright).numpy()
            np.testing.assert_allclose(found, expected, atol=2e-5)


def test_why_one_class_and_not_another(shipped: Saved, file: Path, cells: list[Sample]) -> None:
    squares = np.stack([shipped.description.framing.square(cell.image) for cell in cells])
    question = Question(task="head_shape", targets=(1,) * len(cells), rivals=(2,) * len(cells), method="cam")
    network = NetworkEye(shipped, torch.device("cpu"))
    for ours, theirs in zip(
        network.why(squares, question), open_graph(file).why(squares, question), strict=True
    ):
        np.testing.assert_allclose(theirs.values, ours.values, atol=1e-4)
        assert (theirs.signed, theirs.layer) == (ours.signed, ours.layer)


def test_without_torch_a_folder_becomes_rows_maps_and_a_page(
    shipped: Saved, file: Path, cells: list[Sample], tmp_path: Path
) -> None:
    images = tmp_path / "images"
    for cell in cells:
        write_bytes(images / f"{cell.id}.png", png_bytes(cell.image))
    written = ["--explain", str(tmp_path / "maps"), "--report", str(tmp_path / "page.html")]
    order = [
        "predict",
        str(file),
        str(images),
        "--runtime",
        "onnx",
        "-o",
        str(tmp_path / "onnx.csv"),
        *written,
    ]
    done = without_torch(order, tmp_path)
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "maps").rglob("*.png"))) > 3 * len(cells)
    assert "<html" in (tmp_path / "page.html").read_text()
    assert run(["predict", "synthetic-heads", str(images), "-o", str(tmp_path / "torch.csv"), "-q"]) == 0
    ours, theirs = (
        list(csv.DictReader((tmp_path / f"{name}.csv").read_text().splitlines()))
        for name in ("torch", "onnx")
    )
    assert len(ours) == len(cells)
    assert any(row["length_px"] for row in theirs)
    for one, other in zip(ours, theirs, strict=True):
        for column, value in one.items():
            if value and (column.startswith(NUMBERS) or column.endswith(NUMBERS)):
                assert float(other[column]) == pytest.approx(float(value), abs=1e-4), column
            else:
                assert other[column] == value, column


@pytest.mark.parametrize(
    ("order", "needs"),
    [
        (
            ["predict", "synthetic-heads", "x.png"],
            "synthetic-heads: is no ONNX file, and any other model is read",
        ),
        (["predict", "runs/a-run", "x.png"], "runs/a-run: is no ONNX file, and any other model"),
        (["models", "list"], "This needs"),
        (["models", "show", "synthetic-heads"], "This needs"),
        (["bench", "explain"], "This needs"),
        (["demo"], "This needs"),
    ],
    ids=lambda value: " ".join(value[:2]) if isinstance(value, list) else "",
)
def test_what_needs_torch_says_so_and_what_to_do(order: list[str], needs: str, tmp_path: Path) -> None:
    """It also shows that torch is really blocked for the test before."""
    done = without_torch(order, tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"Error: {needs}")
    assert "PyTorch, which is not installed here (no package 'torch')" in done.stderr
    assert "pip install torch" in done.stderr
    assert "predict FILE.onnx IMAGES --runtime onnx" in done.stderr
    assert len(done.stderr.splitlines()) == 2
    assert not list(tmp_path.iterdir())


def test_a_folder_is_no_graph_and_becomes_one_by_export(tmp_path: Path) -> None:
    done = without_torch(["predict", "synthetic-heads", "x.png", "--runtime", "onnx"], tmp_path)
    assert done.returncode == 3
    assert "models export MODEL FILE.onnx --onnx" in done.stderr


def test_another_missing_package_is_our_failure() -> None:
    from spermlens.cli._torch import without_torch as said

    with pytest.raises(ModuleNotFoundError, match="numpy"):
        said(ModuleNotFoundError("No module named 'numpy'", name="numpy"))


def test_what_a_graph_does_not_hold_is_said_before_anything_is_read(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = ["--runtime", "onnx", "--report", str(tmp_path / "page.html")]
    for more, said in [
        (["--method", "gradcam"], "holds CAM at the map that is pooled, not the method 'gradcam'"),
        (["--layer", "trunk"], "not the layer 'trunk'"),
        (["--device", "cuda"], "is read on the CPU, not on 'cuda'"),
    ]:
        assert run(["predict", str(file), str(tmp_path), *page, *more]) == 2
        assert said in capsys.readouterr().err
    assert run(["predict", str(file), str(tmp_path), "--runtime", "tensorflow"]) == 2
    assert "Unknown runtime 'tensorflow'" in capsys.readouterr().err
    assert run(["predict", str(file), str(tmp_path)]) == 2
    assert "Add --runtime onnx" in capsys.readouterr().err
    assert not (tmp_path / "page.html").exists()
    with pytest.raises(UnknownName, match="'gradcm'"):
        check_method(["gradcm"])
    with pytest.raises(UsageError, match=r"cam\+smooth"):
        check_method(["cam+smooth"])


def test_files_that_are_no_graph_of_ours(file: Path, tmp_path: Path) -> None:
    import onnx

    with pytest.raises(DataMissing, match="Check the path"):
        open_graph(tmp_path / "nothing.onnx")
    (tmp_path / "cut.onnx").write_bytes(file.read_bytes()[:1000])
    with pytest.raises(BadModel, match="not a whole ONNX file"):
        open_graph(tmp_path / "cut.onnx")
    foreign = onnx.load(file)
    del foreign.metadata_props[:]
    onnx.save(foreign, tmp_path / "foreign.onnx")
    with pytest.raises(BadModel, match="not a graph that spermlens exported"):
        open_graph(tmp_path / "foreign.onnx")


def test_a_ruler_goes_along_and_votes(trained: Any, tmp_path: Path, cells: list[Sample]) -> None:
    from spermlens.locate.columns import ALL
    from spermlens.models._ruler import Ruler

    saved = load(trained.model)
    task, chance = saved.description.tasks[0], np.random.default_rng(5)
    k, c = len(task.classes), 6
    ruler = Ruler(
        columns=tuple(ALL[:c]),
        medians=np.zeros(c),
        told=np.array([0]),
        means=np.zeros(c + 1),
        spreads=np.full(c + 1, 50.0),
        vectors=chance.normal(size=(2 * k, c + 1)),
        counts=np.full(k, 2),
        duals=chance.normal(size=(k - 1, 2 * k)),
        offsets=np.zeros(k * (k - 1) // 2),
        gamma=np.array(0.1),
        score_means=np.zeros(k),
        score_spreads=np.ones(k),
        weights=np.eye(k),
        biases=np.zeros(k),
    )
    votes = {task.name: Voting(network=0.7, measures=1.3)}
    description = replace(saved.description, voting=votes, temperature={task.name: 0.8})
    model = save(tmp_path / "model", saved.network, description, rulers={task.name: ruler})
    voting = Saved(saved.network, model, {task.name: ruler})
    export(voting, tmp_path / "voting.onnx")
    graph = open_graph(tmp_path / "voting.onnx")
    assert isinstance(graph, GraphEye)
    assert graph.description.id == model.id
    for ours, theirs in both(voting, tmp_path / "voting.onnx", cells, Ask(views=2)):
        said = ours.prediction.probabilities[task.name]
        np.testing.assert_allclose(theirs.prediction.probabilities[task.name], said, atol=1e-4)
        assert theirs.prediction.votes == ours.prediction.votes
    alone = Lens(replace(saved, description=replace(description, voting={})), torch.device("cpu"))
    assert not np.allclose(alone.predict(cells[:1], views=2)[0].probabilities[task.name], said, atol=1e-3)
