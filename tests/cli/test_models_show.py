"""`spermlens models show`: the card as a person reads it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from spermlens.cli import app
from spermlens.datasets.mhsma import CARD as MHSMA
from spermlens.framing import Framing
from spermlens.models import build
from spermlens.models._description import Description, Voting, describe
from spermlens.models._ruler import Ruler, rulers_to_bytes
from spermlens.models._store import load, save
from spermlens.types import Task

SHAPE = Task("shape", ("round", "long"))


def row(metric: str, value: float, condition: str) -> dict[str, object]:
    return {
        "task": "shape",
        "metric": metric,
        "condition": condition,
        "value": value,
        "low": 0.1,
        "high": 0.95,
        "n_images": 33,
    }


def shown(folder: Path, temperature: dict[str, float], **more: Any) -> str:
    description = Description(
        name="tiny",
        architecture="simple_cnn",
        arguments={"width": 2},
        tasks=(SHAPE,),
        framing=Framing(size=16, field_px=20.0),
        views=4,
        temperature=temperature,
        results=(
            row("log_loss", 0.625, "4 views"),
            row("log_loss", 0.375, "4 views, calibrated"),
            row("recall_round", 0.75, "4 views"),
            row("recall_round", 0.875, "4 views, calibrated"),
        ),
        faults=("Takes short for round.",),
        not_for=("Cells that were not stained.",),
        **more,
    )
    save(folder, build("simple_cnn", (SHAPE,), arguments={"width": 2}), description)
    return CliRunner().invoke(app, ["models", "show", str(folder)]).output


def test_the_card_names_faults_and_what_the_model_is_not_for(tmp_path: Path) -> None:
    said = shown(tmp_path / "tiny", {})
    assert "known fault" in said
    assert "Takes short for round." in said
    assert "not for" in said
    assert "Cells that were not stained." in said
    assert "Not a medical device" in said


def test_what_a_model_was_begun_from_is_told_with_its_licence(tmp_path: Path) -> None:
    data = {"name": "new", "before": ["old@1234, learned from mhsma; CC BY-NC-SA 4.0"]}
    said = " ".join(shown(tmp_path / "tiny", {}, data=data).split())
    assert "data before old@1234, learned from mhsma; CC BY-NC-SA 4.0" in said
    assert said.count("old@1234") == 1


@pytest.mark.parametrize(
    ("data", "forbidden"),
    [
        ({"licence": MHSMA.licence}, True),
        ({"licence": "CC BY 4.0"}, False),
        ({"licence": "CC BY 4.0", "before": [f"old@1234, learned from mhsma; {MHSMA.licence}"]}, True),
    ],
)
def test_a_licence_without_commerce_is_told_as_what_the_model_is_not_for(
    tmp_path: Path, data: dict[str, Any], forbidden: bool
) -> None:
    said = " ".join(shown(tmp_path / "tiny", {}, data={"name": "new", **data}).split())
    assert ("not for Commercial use: so says the licence" in said) == forbidden


def test_figures_are_those_of_the_way_the_model_is_used(tmp_path: Path) -> None:
    plain, corrected = shown(tmp_path / "plain", {}), shown(tmp_path / "corrected", {"shape": 1.5})
    assert "0.625" in plain
    assert "0.375" not in plain
    assert "0.375" in corrected
    assert "0.625" not in corrected


def test_what_is_found_of_each_class_is_told(tmp_path: Path) -> None:
    assert "recall_round" in (said := shown(tmp_path / "tiny", {}))
    assert "0.750" in said


def test_a_second_vote_is_told_and_exported(tmp_path: Path) -> None:
    ruler = Ruler(
        columns=("taper",),
        medians=np.ones(1),
        told=np.zeros(0, int),
        means=np.ones(1),
        spreads=np.ones(1),
        vectors=np.zeros((2, 1)),
        counts=np.ones(2),
        duals=np.ones((1, 2)),
        offsets=np.zeros(1),
        gamma=np.array(1.0),
        score_means=np.zeros(1),
        score_spreads=np.ones(1),
        weights=np.ones((2, 1)),
        biases=np.zeros(2),
    )
    assert "another (1 measures" not in shown(tmp_path / "plain", {})
    network, voting = build("simple_cnn", (SHAPE,), arguments={"width": 2}), Voting(network=0.5, measures=2.0)
    description = replace(describe(tmp_path / "plain"), voting={"shape": voting})
    save(tmp_path / "voting", network, description, rulers={"shape": ruler})
    said = " ".join(CliRunner().invoke(app, ["models", "show", str(tmp_path / "voting")]).output.split())
    assert "shape: the network has one vote" in said
    command = ["models", "export", str(tmp_path / "voting"), str(tmp_path / "out"), "--half"]
    assert CliRunner().invoke(app, command).exit_code == 0
    assert (tmp_path / "out/ruler.safetensors").read_bytes() == rulers_to_bytes({"shape": ruler})
    assert load(tmp_path / "out").description.voting == {"shape": voting}
