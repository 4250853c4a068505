"""Fixtures of the report room: the run and the readings of drawn_run."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from drawn_run import EXPERIMENT, HOSTILE, TASK, THRESHOLD, UNKNOWN, picture, reading, rolled, write_fold

from spermlens.config import parse_experiment, to_toml
from spermlens.datasets import Entry, Listing
from spermlens.evaluate.intervals import judge
from spermlens.evaluate.table import write_predictions
from spermlens.files import write_json
from spermlens.runs import Run, new_run
from spermlens.types import Card, Reading, Status


@pytest.fixture
def drawn_listing() -> Listing:
    names = [HOSTILE, *(f"cell {n}.png" for n in range(1, 60))]
    card = Card(
        name="folder",
        title="Drawn",
        source="drawn",
        licence="Apache-2.0",
        citation="nobody",
        tasks=(TASK,),
        counts={},
        group="not released",
        stain="none",
        um_per_pixel=None,
        field_px=48,
        unknown=(UNKNOWN,),
    )
    entries = tuple(
        Entry(id=name, load=partial(picture, n), labels={"head_shape": n % 3}) for n, name in enumerate(names)
    )
    return Listing(card, entries)


@pytest.fixture
def finished_run(tmp_path: Path, drawn_listing: Listing) -> Run:
    experiment = parse_experiment(EXPERIMENT, "test")
    data = {"name": "folder", "images": 60, "licence": "Apache-2.0", "unknown": [UNKNOWN]}
    run = new_run(tmp_path, "drawn", to_toml(experiment), {"at": "2026-01-01", "seed": 0, "data": data})
    table = rolled(drawn_listing)
    write_predictions(run.predictions, [table])
    origin = {"dataset": "folder", "model": "simple_cnn", "recipe": "drawn", "runs": run.id}
    results = [
        result
        for condition in ("2 views", "1 view")
        for result in judge(table, resamples=100, condition=condition, **origin)
    ]
    run.write_results("A drawn claim.", "2-fold in words", results)
    for fold in (0, 1):
        write_fold(run, table.rows(table.folds == fold), fold)
    write_json(run.folder / "framing.json", {"size": 32, "field_px": 48.0, "um_per_pixel": None})
    run.model.mkdir()
    note = "head shape: decides above confidence 0.700; a note."
    description = {"name": "drawn", "weights_sha256": "ab" * 32, "threshold": {"head_shape": THRESHOLD}}
    write_json(run.model / "model.json", description | {"notes": [note]})
    run.set_status("finished")
    return run


@pytest.fixture
def readings() -> list[Reading]:
    return [
        reading("sure.png", [0.05, 0.9, 0.05], Status.DECIDED, 1),
        reading("less sure.png", [0.75, 0.2, 0.05], Status.DECIDED, 2),
        reading(HOSTILE, [0.4, 0.3, 0.3], Status.UNSURE, 3),
        reading("blank.png", [0.5, 0.3, 0.2], Status.NOT_A_CELL, 4),
    ]


@pytest.fixture
def rows(readings: list[Reading]) -> list[dict[str, str | None]]:
    found: list[dict[str, str | None]] = [
        {
            "image": one.prediction.id,
            "status": one.prediction.status.value,
            "message": one.prediction.message,
            "model": one.prediction.model_id,
            "head_shape": one.prediction.decisions["head_shape"],
        }
        for one in readings
    ]
    bad = {"image": "cut.png", "status": "bad_input", "message": "cut.png: damaged.", "head_shape": None}
    return [*found, bad | {"model": "drawn@abababababab"}]


@pytest.fixture
def facts() -> dict[str, object]:
    return {
        "weights_sha256": "ab" * 32,
        "threshold": {"head_shape": THRESHOLD},
        "notes": ["head_shape: a note."],
        "data": {"licence": "CC BY 4.0", "citation": "Somebody, https://example.org/x", "unknown": [UNKNOWN]},
    }
