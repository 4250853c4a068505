"""A model as one ONNX file: it says what torch says, for any number of pictures, and tells what it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from spermlens.cli import run
from spermlens.errors import BadModel
from spermlens.framing import Framing
from spermlens.lens import find_model
from spermlens.models import build
from spermlens.models._description import Description
from spermlens.models._export import export
from spermlens.models._familiar import Familiar, directions
from spermlens.models._graph import described_by, outputs_of
from spermlens.models._store import Saved, load, save
from spermlens.types import Task

TASKS = (Task("shape", ("round", "long")), Task("type.b", ("a", "b", "c")))
TEMPERATURE = {"shape": 0.5}
SIZE = 32

Said = dict[str, Any]


def made(name: str, arguments: dict[str, Any]) -> Saved:
    torch.manual_seed(3)
    network = build(name, TASKS, arguments=arguments).eval()
    with torch.no_grad():
        network.familiar = Familiar(directions(network.features(torch.rand(9, 3, SIZE, SIZE))))
    data = {"licence": "CC-BY 4.0", "pixels": ["0123456789abcdef"]}
    description = Description(
        name="tiny",
        architecture=name,
        arguments=arguments,
        tasks=TASKS,
        framing=Framing(size=SIZE, field_px=40),
        views=4,
        temperature=TEMPERATURE,
        threshold={"shape": 0.7},
        strangest=0.4,
        data=data,
    )
    return Saved(network, description)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> tuple[Saved, Path]:
    """A model and its graph."""
    folder = tmp_path_factory.mktemp("graph")
    saved = made("simple_cnn", {"width": 4, "cbam": True})
    model = save(folder / "model", saved.network, saved.description)
    export(replace(saved, description=model), folder / "tiny.onnx")
    return replace(saved, description=model), folder / "tiny.onnx"


def by_graph(file: Path, squares: np.ndarray[Any, Any]) -> Said:
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, {"squares": squares}), strict=True))


def check_agreement(saved: Saved, file: Path, count: int) -> None:
    size, network = saved.description.framing.size, saved.network
    squares = torch.rand(count, 3, size, size, generator=torch.Generator().manual_seed(count))
    with torch.no_grad():
        passage = network.read(squares)
    said = by_graph(file, squares.numpy())
    for task in network.tasks:
        logits, probabilities, maps = (said.pop(name) for name in outputs_of(task.name))
        expected = torch.softmax(
            passage.logits[task.name] / saved.description.temperatures_of_network.get(task.name, 1), 1
        )
        np.testing.assert_allclose(probabilities, expected, atol=1e-4)
        np.testing.assert_allclose(logits, passage.logits[task.name], atol=1e-4)
        np.testing.assert_allclose(maps, passage.maps[task.name], atol=1e-4)
    if network.familiar is not None:
        with torch.no_grad():
            np.testing.assert_allclose(said.pop("distances"), network.familiar(passage.features), atol=1e-4)
    assert not said


@pytest.mark.parametrize("count", [1, 2, 7])
def test_it_says_what_the_network_says(tiny: tuple[Saved, Path], count: int) -> None:
    check_agreement(*tiny, count)


def test_the_shipped_model_agrees(tmp_path: Path) -> None:
    saved = load(find_model("synthetic-heads"))
    export(saved, tmp_path / "heads.onnx")
    check_agreement(saved, tmp_path / "heads.onnx", 3)


def test_a_large_network_agrees(tmp_path: Path) -> None:
    saved = made("efficientnet_b0_cbam", {})
    export(saved, tmp_path / "large.onnx")
    check_agreement(saved, tmp_path / "large.onnx", 3)
    assert [path.name for path in tmp_path.iterdir()] == ["large.onnx"]  # the weights lie in the same file


def test_it_tells_what_it_is(tiny: tuple[Saved, Path]) -> None:
    saved, file = tiny
    told = {entry.key: entry.value for entry in onnx.load(file).metadata_props}
    assert told["model"] == saved.description.id
    assert told["licence"] == "CC-BY 4.0"
    assert told["use"].startswith("Research use only")
    assert json.loads(told["classes"]) == {task.name: list(task.classes) for task in TASKS}
    assert json.loads(told["framing"])["size"] == SIZE
    assert json.loads(told["temperature"]) == TEMPERATURE
    assert json.loads(told["threshold"]) == {"shape": 0.7}
    assert json.loads(told["views"]) == 4
    assert "0123456789abcdef" not in str(told)
    description, rulers = described_by(told, "here")
    assert description == replace(saved.description, data={"licence": "CC-BY 4.0"})
    assert rulers == {}


CHANGES: dict[str, Callable[[dict[str, str]], object]] = {
    "no description": lambda told: told.pop("description"),
    "not JSON": lambda told: told.update(description="{"),
    "another format": lambda told: told.update(description='{"format": 9}'),
    "a foreign ruler": lambda told: told.update(ruler="AAAA"),
    "a ruler that is no text of bytes": lambda told: told.update(ruler="ä"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_metadata_that_is_not_whole(
    tiny: tuple[Saved, Path], change: Callable[[dict[str, str]], object]
) -> None:
    told = {entry.key: entry.value for entry in onnx.load(tiny[1]).metadata_props}
    change(told)
    with pytest.raises(BadModel, match=r"^here: "):
        described_by(told, "here")


def test_the_command_writes_one_file_and_replaces_none_unasked(
    tiny: tuple[Saved, Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written = []
    monkeypatch.setattr("spermlens.models._export._graph", lambda saved: written.append(1) or Small(tiny[1]))
    model, place = str(tiny[1].parent / "model"), tmp_path / "out"
    assert run(["models", "export", model, str(place), "--onnx"]) == 0
    assert [path.name for path in place.iterdir()] == ["tiny.onnx"]
    assert f"in {place / 'tiny.onnx'}" in capsys.readouterr().out
    assert run(["models", "export", model, str(place / "tiny.onnx"), "--onnx"]) == 2
    assert "is there already" in capsys.readouterr().err
    assert len(written) == 1
    assert run(["models", "export", model, str(place / "tiny.onnx"), "--onnx", "--overwrite"]) == 0
    assert len(written) == 2
    assert run(["models", "export", model, str(tmp_path / "b.onnx"), "--onnx", "--half"]) == 2
    assert not (tmp_path / "b.onnx").exists()


class Small:
    """What the exporter gives, of a graph that was made before."""

    def __init__(self, file: Path) -> None:
        self.model_proto = onnx.load(file)
        del self.model_proto.metadata_props[:]
