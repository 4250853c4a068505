"""A model folder is trusted only after it was checked, and a pickle is never opened."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save as to_bytes

from spermlens.errors import BadModel, DataMissing, UsageError
from spermlens.files import sha256_of_file
from spermlens.framing import Framing
from spermlens.models import build
from spermlens.models._description import Description, Voting, describe
from spermlens.models._ruler import Ruler
from spermlens.models._store import load, save
from spermlens.types import Spread, Task

TASKS = (Task("shape", ("round", "long")), Task("kind", ("cell", "debris", "none")))
DESCRIPTION = Description(
    name="tiny",
    architecture="simple_cnn",
    arguments={"width": 2},
    tasks=TASKS,
    framing=Framing(size=16, field_px=20.0, um_per_pixel=0.1),
    views=4,
    temperature={"shape": 1.5},
    threshold={"shape": 0.8, "kind": 1.01},
    not_a_cell={"kind": "none"},
    normal={"shape": {"taper": Spread(30, tuple(range(23)))}},
    data={"name": "drawn", "licence": "CC0"},
    results=({"metric": "accuracy", "value": 0.5},),
    notes=("a note",),
    faults=("confuses long with round",),
    not_for=("cells that were not stained",),
)
Model = dict[str, Any]


VOTING = replace(DESCRIPTION, voting={"shape": Voting(network=0.5, measures=2.0)})


def ruler(classes: int = 2) -> Ruler:
    """Reads two columns, the second of which may be missing; one vector a class."""
    rng = np.random.default_rng(classes)
    pairs, scores = classes * (classes - 1) // 2, classes if classes > 2 else 1
    return Ruler(
        columns=("taper", "width_px"),
        medians=np.array([1.0, 20.0]),
        told=np.array([1]),
        means=np.array([1.0, 20.0, 0.1]),
        spreads=np.ones(3),
        vectors=rng.normal(size=(classes, 3)),
        counts=np.ones(classes, np.int64),
        duals=rng.normal(size=(classes - 1, classes)),
        offsets=rng.normal(size=pairs),
        gamma=np.array(0.1),
        score_means=np.zeros(scores),
        score_spreads=np.ones(scores),
        weights=rng.normal(size=(classes, scores)),
        biases=rng.normal(size=classes),
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    save(tmp_path / "model", build("simple_cnn", TASKS, arguments={"width": 2}), DESCRIPTION)
    return tmp_path / "model"


@pytest.fixture
def voting(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    network = build("simple_cnn", TASKS, arguments={"width": 2})
    save(tmp_path / "voting", network, VOTING, rulers={"shape": ruler()})
    return tmp_path / "voting"


def rewrite(folder: Path, change: Callable[[Model], object]) -> None:
    path = folder / "model.json"
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def replace_weights(folder: Path, data: bytes) -> None:
    """Other weights with a description that vouches for them."""
    path = folder / "weights.safetensors"
    path.write_bytes(data)
    rewrite(folder, lambda model: model.update(weights_sha256=sha256_of_file(path)))


def test_the_description_comes_back_whole(folder: Path) -> None:
    found = load(folder).description
    assert found == replace(DESCRIPTION, weights_sha256=found.weights_sha256)
    assert found == describe(folder)
    assert found.id == f"tiny@{sha256_of_file(folder / 'weights.safetensors')[:12]}"


def test_a_model_saved_before_measures_were_kept_is_read(folder: Path) -> None:
    rewrite(folder, lambda model: model.pop("normal"))
    assert load(folder).description.normal == {}


def test_a_model_saved_before_faults_were_named_is_read(folder: Path) -> None:
    rewrite(folder, lambda model: [model.pop(name) for name in ("faults", "not_for")])
    assert (describe(folder).faults, describe(folder).not_for) == ((), ())


def test_a_model_keeps_its_alignment_and_an_older_one_has_none(folder: Path) -> None:
    rewrite(folder, lambda model: model["framing"].update(align="head"))
    assert load(folder).description.framing.aligns
    rewrite(folder, lambda model: model["framing"].pop("align"))
    assert load(folder).description.framing == DESCRIPTION.framing


def test_a_model_loaded_in_inference_mode_can_be_explained(folder: Path) -> None:
    with torch.inference_mode():
        network = load(folder).network
    assert not any(parameter.is_inference() for parameter in network.parameters())


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(DataMissing, match="no saved model is there"):
        load(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["model.pt", "model.zip", "model.safetensors"])
def test_a_single_file_is_refused_unread(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / name
    torch.save({"weights": torch.zeros(2)}, path)

    def never(*args: Any, **kwargs: Any) -> None:
        raise AssertionError("a pickle was opened")

    for module, attribute in [(pickle, "load"), (pickle, "loads"), (pickle, "Unpickler"), (torch, "load")]:
        monkeypatch.setattr(module, attribute, never)
    with pytest.raises(BadModel, match="never opened"):
        load(path)


def test_a_pickle_under_the_right_name_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.save({"weights": torch.zeros(2)}, folder / "evil.pt")
    replace_weights(folder, (folder / "evil.pt").read_bytes())
    monkeypatch.setattr(torch, "load", None)
    with pytest.raises(BadModel, match="not a whole safetensors file"):
        load(folder)


def test_missing_weights(folder: Path) -> None:
    (folder / "weights.safetensors").unlink()
    with pytest.raises(BadModel, match=r"weights\.safetensors is missing"):
        load(folder)


@pytest.mark.parametrize("where", [0, 200, -1])
def test_one_altered_byte_is_noticed(folder: Path, where: int) -> None:
    path = folder / "weights.safetensors"
    data = bytearray(path.read_bytes())
    data[where] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(BadModel, match="changed or cut short"):
        load(folder)


def test_truncated_weights_are_noticed_even_if_vouched_for(folder: Path) -> None:
    replace_weights(folder, (folder / "weights.safetensors").read_bytes()[:-8])
    with pytest.raises(BadModel, match="not a whole safetensors file"):
        load(folder)


@pytest.mark.parametrize("which", ["extra", "missing", "misshapen"])
def test_weights_of_something_else(folder: Path, which: str) -> None:
    from safetensors.torch import load_file

    tensors = load_file(folder / "weights.safetensors")
    if which == "extra":
        tensors["foreign"] = torch.zeros(1)
    elif which == "missing":
        del tensors["heads.shape.linear.bias"]
    else:
        tensors["heads.shape.linear.bias"] = torch.zeros(3)
    replace_weights(folder, to_bytes(tensors))
    with pytest.raises(BadModel, match="do not fit 'simple_cnn'"):
        load(folder)


def test_a_newer_format_asks_for_an_update(folder: Path) -> None:
    rewrite(folder, lambda model: model.update(format=2))
    with pytest.raises(BadModel, match=r"format 2, but this version reads format 1\. Update spermlens"):
        load(folder)


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"format": 1', "\xff", "[" * 200_000])
def test_a_description_that_is_none(folder: Path, text: str) -> None:
    (folder / "model.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(BadModel, match="Copy the folder again"):
        load(folder)


FAULTS: dict[str, Callable[[Model], object]] = {
    "a foreign field": lambda m: m.update(colour="red"),
    "no tasks": lambda m: m.pop("tasks"),
    "tasks that are words": lambda m: m.update(tasks="shape"),
    "a task of one class": lambda m: m["tasks"][0].update(classes=["round"]),
    "a framing without size": lambda m: m["framing"].pop("size"),
    "a framing with a foreign field": lambda m: m["framing"].update(angle=3),
    "a framing of nought": lambda m: m["framing"].update(size=0),
    "no views": lambda m: m.update(views=0),
    "views in words": lambda m: m.update(views="four"),
    "a temperature of nought": lambda m: m.update(temperature={"shape": 0}),
    "a temperature that is no number": lambda m: m.update(temperature={"shape": float("nan")}),
    "a temperature in words": lambda m: m.update(temperature={"shape": "warm"}),
    "a temperature of no task": lambda m: m.update(temperature={"shade": 1.0}),
    "a vote of no task": lambda m: m.update(voting={"shade": {"network": 1.0, "measures": 1.0}}),
    "a vote without a temperature": lambda m: m.update(voting={"shape": {"network": 1.0}}),
    "a vote of nought": lambda m: m.update(voting={"shape": {"network": 1.0, "measures": 0}}),
    "a vote without a ruler": lambda m: m.update(voting={"shape": {"network": 1.0, "measures": 1.0}}),
    "a ruler without a vote": lambda m: m.update(ruler_sha256="0" * 64),
    "a threshold of no task": lambda m: m.update(threshold={"shade": 0.5}),
    "a threshold below nought": lambda m: m.update(threshold={"shape": -0.5}),
    "a class that is not there": lambda m: m.update(not_a_cell={"kind": "dirt"}),
    "results that are a number": lambda m: m.update(results=3),
    "an unknown architecture": lambda m: m.update(architecture="complex_cnn"),
    "an unknown argument": lambda m: m.update(arguments={"depth": 3}),
    "another width": lambda m: m.update(arguments={"width": 3}),
    "a width in words": lambda m: m.update(arguments={"width": "two"}),
    "arguments that are a list": lambda m: m.update(arguments=[3]),
    "weights to be downloaded": lambda m: m.update(arguments={"width": 2, "pretrained": True}),
    "a task twice": lambda m: m["tasks"].append(m["tasks"][0]),
    "another hash": lambda m: m.update(weights_sha256="0" * 64),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_tampered_description_is_refused(folder: Path, fault: str) -> None:
    rewrite(folder, FAULTS[fault])
    with pytest.raises(BadModel) as caught:
        load(folder)
    assert str(folder) in str(caught.value)


def test_half_the_bytes_and_not_beyond_their_range(tmp_path: Path) -> None:
    network = build("simple_cnn", TASKS, arguments={"width": 16})
    description = replace(DESCRIPTION, arguments={"width": 16})
    save(tmp_path / "full", network, description)
    save(tmp_path / "half", network, description, half=True)
    full, half = ((tmp_path / name / "weights.safetensors").stat().st_size for name in ("full", "half"))
    assert half < 0.55 * full
    with torch.no_grad():
        network.head("shape").linear.bias[0] = 1e5
    with pytest.raises(UsageError, match=r"'heads\.shape\.linear\.bias' are too large for 16 bits"):
        save(tmp_path / "half", network, description, half=True)
    assert load(tmp_path / "half").network.head("shape").linear.bias[0] < 1


def test_a_description_of_another_network_is_not_saved(tmp_path: Path) -> None:
    network = build("simple_cnn", TASKS[:1], arguments={"width": 2})
    with pytest.raises(ValueError, match="must name the tasks of the network"):
        save(tmp_path / "model", network, DESCRIPTION)
    assert not (tmp_path / "model").exists()


def test_a_ruler_comes_back_with_its_model(voting: Path) -> None:
    found, values = load(voting), np.array([[1.2, 18.0], [0.9, np.nan]])
    assert found.description == describe(voting)
    assert found.description.voting == VOTING.voting
    assert found.description.ruler_sha256 == sha256_of_file(voting / "ruler.safetensors")
    assert set(found.rulers) == {"shape"}
    assert np.array_equal(found.rulers["shape"].probabilities(values), ruler().probabilities(values))


def test_a_model_saved_before_measures_could_vote_is_read(folder: Path) -> None:
    rewrite(folder, lambda model: [model.pop(name) for name in ("voting", "ruler_sha256")])
    assert load(folder).rulers == {}


def test_the_name_of_a_model_tells_both_files(voting: Path) -> None:
    found = describe(voting)
    assert found.id != replace(found, ruler_sha256="").id == f"tiny@{found.weights_sha256[:12]}"
    others = {found.id, replace(found, ruler_sha256="1").id, replace(found, weights_sha256="1").id}
    assert len(others) == 3


def test_half_the_bytes_of_the_weights_and_all_of_the_ruler(voting: Path, tmp_path: Path) -> None:
    saved = load(voting)
    half = save(tmp_path / "half", saved.network, saved.description, rulers=saved.rulers, half=True)
    assert half.weights_sha256 != saved.description.weights_sha256
    assert half.ruler_sha256 == saved.description.ruler_sha256


@pytest.mark.parametrize("where", [0, 200, -1])
def test_a_ruler_that_was_changed_is_noticed(voting: Path, where: int) -> None:
    path = voting / "ruler.safetensors"
    data = bytearray(path.read_bytes())
    data[where] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(BadModel, match=r"ruler\.safetensors: .* The ruler was changed or cut short"):
        load(voting)


def test_a_ruler_cut_short_is_noticed_even_if_vouched_for(voting: Path) -> None:
    path = voting / "ruler.safetensors"
    path.write_bytes(path.read_bytes()[:-8])
    rewrite(voting, lambda model: model.update(ruler_sha256=sha256_of_file(path)))
    with pytest.raises(BadModel, match="not a whole safetensors file"):
        load(voting)


def test_a_ruler_that_is_missing_or_that_nothing_vouches_for(voting: Path, folder: Path) -> None:
    (voting / "ruler.safetensors").rename(folder / "ruler.safetensors")
    with pytest.raises(BadModel, match=r"ruler\.safetensors is missing"):
        load(voting)
    with pytest.raises(BadModel, match=r"model\.json says nothing of it"):
        load(folder)


def test_a_ruler_of_other_classes_is_refused(voting: Path, tmp_path: Path) -> None:
    rewrite(voting, lambda model: model["tasks"][0].update(classes=["round", "long", "bent"]))
    network = build(
        "simple_cnn", (Task("shape", ("round", "long", "bent")), TASKS[1]), arguments={"width": 2}
    )
    replace_weights(voting, to_bytes(network.state_dict()))
    with pytest.raises(BadModel, match="its tasks or classes are not those"):
        load(voting)


@pytest.mark.parametrize("rulers", [{}, {"kind": ruler(3)}, {"shape": ruler(3)}])
def test_a_model_that_votes_is_not_saved_without_its_own_ruler(rulers: Any, tmp_path: Path) -> None:
    network = build("simple_cnn", TASKS, arguments={"width": 2})
    with pytest.raises(ValueError, match="needs a ruler of its classes"):
        save(tmp_path / "model", network, VOTING, rulers=rulers)
