"""Going on from a saved model: its eyes are kept bit for bit, its classes where asked for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from spermlens.config import Architecture
from spermlens.errors import ConfigError, SpermlensError, UnknownName
from spermlens.framing import Framing
from spermlens.models import build
from spermlens.models._description import Description, describe, short_hash
from spermlens.models._store import Saved, save
from spermlens.training.warm_start import begin, begun_from, pixels_learned, warm_start
from spermlens.types import Task

OLD = (Task("shape", ("normal", "tapered", "round")), Task("tail", ("bent", "straight")))
NEW = (Task("tail", ("bent", "straight")), Task("form", ("pyriform", "good")))


@pytest.fixture
def saved() -> Saved:
    torch.manual_seed(3)
    network = build("simple_cnn", OLD, arguments={"width": 4, "cbam": True})
    description = Description(
        name="old",
        architecture="simple_cnn",
        arguments={"width": 4, "cbam": True},
        tasks=OLD,
        framing=Framing(size=32, field_px=64),
    )
    return Saved(network, description)


def test_trunk_and_attention_are_equal(saved: Saved) -> None:
    begun = warm_start(saved, NEW, {}).network
    old = saved.network.state_dict()
    for name, value in begun.state_dict().items():
        if not name.startswith("heads."):
            assert torch.equal(value, old[name])


def test_a_task_that_is_the_same_is_taken_over_whole(saved: Saved) -> None:
    begun = warm_start(saved, NEW, {})
    assert torch.equal(begun.network.head("tail").linear.weight, saved.network.head("tail").linear.weight)
    assert begun.inherited == ("tail.bent from tail.bent", "tail.straight from tail.straight")
    assert begun.fresh == ("form.pyriform", "form.good")


def test_mapped_rows_are_copied_and_the_others_are_not(saved: Saved) -> None:
    begun = warm_start(saved, NEW, {"form.good": "shape.normal"})
    new, old = begun.network.head("form").linear, saved.network.head("shape").linear
    assert torch.equal(new.weight[1], old.weight[0])
    assert new.bias[1] == old.bias[0]
    assert not any(torch.equal(new.weight[0], row) for row in old.weight)
    assert begun.inherited == ("form.good from shape.normal",)
    assert begun.fresh == ("tail.bent", "tail.straight", "form.pyriform")


@pytest.mark.parametrize(
    ("mapped", "sentence"),
    [
        ({"form.god": "shape.normal"}, "Unknown class of the data 'form.god'. Did you mean 'form.good'"),
        (
            {"form.good": "shape.nrmal"},
            "Unknown class of the saved model 'shape.nrmal'. Did you mean 'shape.n",
        ),
        ({"good": "shape.normal"}, "Write task.class, one of: tail.bent"),
    ],
)
def test_unknown_classes_are_named(saved: Saved, mapped: dict[str, str], sentence: str) -> None:
    with pytest.raises((ConfigError, UnknownName), match=sentence):
        warm_start(saved, NEW, mapped)


def test_an_experiment_must_name_the_saved_architecture(saved: Saved, tmp_path: Path) -> None:
    save(tmp_path / "old", saved.network, saved.description)
    wanted = Architecture(
        name="simple_cnn",
        pretrained=False,
        arguments={"width": 4, "cbam": True},
        start_from=str(tmp_path / "old"),
    )
    assert begin(wanted, NEW).fresh == ("form.pyriform", "form.good")
    with pytest.raises(ConfigError, match="this is a 'simple_cnn'"):
        begin(wanted.model_copy(update={"arguments": {}}), NEW)
    with pytest.raises(ConfigError, match="expected 'efficientnet_b0'"):
        begin(wanted.model_copy(update={"name": "efficientnet_b0"}), NEW)


def test_a_shipped_model_is_gone_on_from_by_its_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)  # where no folder has that name
    wanted = Architecture(name="efficientnet_b0_cbam", pretrained=False, start_from="smids-cell")
    assert describe(begun_from(wanted)).data["name"] == "smids"
    unknown = wanted.model_copy(update={"start_from": "smids-cells"})
    assert begun_from(unknown) == Path("smids-cells")
    with pytest.raises(SpermlensError, match="smids-cells"):
        begin(unknown, NEW)


def test_what_is_made_from_a_model_is_bound_by_its_data(saved: Saved, tmp_path: Path) -> None:
    oldest = replace(
        saved.description, data={"name": "mhsma", "licence": "CC BY-NC-SA 4.0", "pixels": ["a1"]}
    )
    save(tmp_path / "oldest", saved.network, oldest)
    between = pixels_learned(["b" * 64], [tmp_path / "oldest"])
    save(tmp_path / "between", saved.network, replace(saved.description, name="between", data=between))
    learned = pixels_learned(["c" * 64], [tmp_path / "between", tmp_path / "oldest"])
    assert {"a1", short_hash("b" * 64), short_hash("c" * 64)} == set(learned["pixels"])
    first, second = learned["before"]
    assert first.startswith("between@")
    assert "nothing is recorded" in first
    assert second.startswith("old@")
    assert second.endswith("learned from mhsma; CC BY-NC-SA 4.0")
    assert "before" not in pixels_learned(["c" * 64], [])
