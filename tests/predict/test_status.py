"""From probabilities to a decision, or to the admission that there is none; and the row that says so."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from spermlens.framing import Framing
from spermlens.models._description import Description
from spermlens.predict.rows import columns, row_of
from spermlens.predict.status import bad_input, decide
from spermlens.spreadsheet import to_csv
from spermlens.types import Prediction, Sample, Status, Task, Votes

SHAPE = Task("shape", ("normal", "tapered"))
CELL = Task("cell", ("sperm", "non_sperm"))
MODEL = Description(
    name="m",
    architecture="simple_cnn",
    arguments={},
    tasks=(SHAPE, CELL),
    framing=Framing(size=32, field_px=32),
    threshold={"shape": 0.8, "cell": 0.6},
    not_a_cell={"cell": "non_sperm"},
    weights_sha256="ab" * 32,
)
BUSY = np.random.default_rng(0).integers(0, 255, (32, 32, 3), dtype=np.uint8)


def said(
    shape: float,
    cell: float,
    square: Any = BUSY,
    model: Description = MODEL,
    *,
    image: Any = BUSY,
    distance: float | None = None,
    um_per_pixel: float | None = None,
) -> Prediction:
    """`shape` for normal, `cell` for sperm."""
    probabilities = {"shape": np.array([shape, 1 - shape]), "cell": np.array([cell, 1 - cell])}
    sample = Sample(id="x.png", image=image, um_per_pixel=um_per_pixel)
    return decide(sample, square, (probabilities, distance), model)


def test_sure_of_everything_is_decided() -> None:
    found = said(0.8, 0.9)  # the threshold itself is enough
    assert (found.status, found.message) == (Status.DECIDED, "")
    assert found.decisions == {"shape": "normal", "cell": "sperm"}
    assert found.model_id == "m@abababababab"


def test_below_a_threshold_that_task_alone_has_no_decision() -> None:
    found = said(0.79, 0.9)
    assert found.status is Status.UNSURE
    assert found.message == "not sure enough about shape"
    assert found.decisions == {"shape": "", "cell": "sperm"}
    assert said(0.5, 0.5).message == "not sure enough about shape, cell"


def test_a_task_without_a_threshold_always_decides() -> None:
    assert said(0.51, 0.9, model=replace(MODEL, threshold={})).status is Status.DECIDED


def test_no_cell_decides_nothing() -> None:
    found = said(0.99, 0.1)
    assert (found.status, found.message) == (Status.NOT_A_CELL, "cell says non_sperm")
    assert found.decisions == {"shape": "", "cell": ""}
    assert found.probabilities["shape"][0] == 0.99


def test_no_cell_must_be_sure_as_well() -> None:
    assert said(0.99, 0.41).status is Status.UNSURE


def test_a_blank_field_is_no_cell_however_sure_the_network_is() -> None:
    blank = np.full((32, 32, 3), 200, np.uint8)
    faint = blank + np.random.default_rng(0).integers(0, 5, blank.shape, dtype=np.uint8)
    for square in (blank, faint):
        found = said(1.0, 1.0, square)
        assert (found.status, found.message) == (Status.NOT_A_CELL, "the field is blank")


def test_a_strange_picture_decides_nothing_however_sure_the_network_is() -> None:
    model = replace(MODEL, strangest=0.1)
    strange = said(1.0, 1.0, model=model, distance=0.2)
    assert (strange.status, strange.decisions) == (Status.UNSURE, {"shape": "", "cell": ""})
    assert "unlike the pictures" in strange.message
    assert strange.strangeness == pytest.approx(2)
    like = said(1.0, 1.0, model=model, distance=0.1)
    assert (like.status, like.strangeness) == (Status.DECIDED, 1.0)
    assert said(1.0, 1.0, distance=0.2).status is Status.DECIDED  # this model keeps no limit


def test_a_field_of_view_is_called_so_also_where_its_middle_is_bare() -> None:
    wide, bare = np.zeros((400, 400, 3), np.uint8), np.full((32, 32, 3), 200, np.uint8)
    assert "400x400 pixels are a field of view" in said(1.0, 1.0, bare, image=wide).message


def test_a_field_of_view_is_no_cell() -> None:
    wide = np.random.default_rng(1).integers(0, 255, (40, 81, 3), dtype=np.uint8)
    found = said(1.0, 1.0, image=wide)
    assert (found.status, found.decisions["shape"]) == (Status.NOT_A_CELL, "")
    assert found.message == "81x40 pixels are a field of view: the model reads crops of about 32 pixels"
    assert said(1.0, 1.0, image=wide[:, :80]).status is Status.DECIDED
    assert said(1.0, 1.0, model=replace(MODEL, longest=2.6), image=wide).status is Status.DECIDED
    scaled = replace(MODEL, framing=Framing(size=32, field_px=32, um_per_pixel=0.2))
    assert said(1.0, 1.0, model=scaled, image=wide, um_per_pixel=0.1).status is Status.DECIDED


def test_a_row_holds_every_probability_and_what_became_of_the_image() -> None:
    row = row_of(said(0.75, 0.9), MODEL.tasks)
    assert list(row) == columns(MODEL.tasks)
    assert row == {
        "image": "x.png",
        "status": "unsure",
        "shape": "",
        "shape_likeliest": "normal",
        "shape_confidence": 0.75,
        "p_shape_normal": 0.75,
        "p_shape_tapered": 0.25,
        "cell": "sperm",
        "cell_likeliest": "sperm",
        "cell_confidence": 0.9,
        "p_cell_sperm": 0.9,
        "p_cell_non_sperm": 1 - 0.9,
        "strangeness": None,
        "message": "not sure enough about shape",
        "model": "m@abababababab",
    }


def test_who_is_for_what_stands_in_the_row_where_measures_vote() -> None:
    votes = {"shape": Votes(network="normal", measures="tapered")}
    row = row_of(replace(said(0.75, 0.9), votes=votes), MODEL.tasks, ["shape"])
    assert list(row) == columns(MODEL.tasks, ["shape"])
    assert set(row) - set(columns(MODEL.tasks)) == {"shape_by_network", "shape_by_measures"}
    assert (row["shape_by_network"], row["shape_by_measures"]) == ("normal", "tapered")
    bad = row_of(bad_input("x.png", "damaged", MODEL), MODEL.tasks, ["shape"])
    assert list(bad) == list(row)
    assert (bad["shape_by_network"], bad["shape_by_measures"]) == (None, None)


def test_a_bad_input_is_a_row_with_its_message() -> None:
    row = row_of(bad_input("x.png", "damaged", MODEL), MODEL.tasks)
    assert (row["image"], row["status"], row["message"]) == ("x.png", "bad_input", "damaged")
    assert row["shape"] is None
    assert row["p_cell_sperm"] is None


@pytest.mark.parametrize("name", ["=x.png", "+1.png", "-1.png", "@x.png", "'=x.png", "\t=x.png"])
def test_no_name_is_a_formula_in_a_spreadsheet(name: str) -> None:
    row = row_of(bad_input(name, "=1+1", MODEL), MODEL.tasks)
    text = to_csv(list(row), [list(row.values())])
    heading, cells = csv.reader(io.StringIO(text, newline=""))
    assert cells[0] == f"'{name}"
    assert cells[heading.index("message")] == "'=1+1"
