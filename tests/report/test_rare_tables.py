"""The tables of the page on rare defects: the rare class of each question, every way, and how it is set."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import pytest

from spermlens.report.rare_tables import OF_TUNED, TABLES

DOCS = Path(__file__).parents[2] / "docs"
PLACE = {"dataset": "drawn", "task": "tail"}


def row(way: str, metric: str, value: float) -> dict[str, Any]:
    return {
        **PLACE,
        "condition": way,
        "metric": metric,
        "value": value,
        "low": 0.1,
        "high": 0.9,
        "n_images": 40,
    }


def apart(way: str, metric: str) -> dict[str, Any]:
    ends = {"difference": 0.05, "low": -0.01, "high": 0.11}
    return {**PLACE, "a": way, "b": "none", "metric": metric, **ends, "n_images": 40}


def chosen(way: str, **how: Any) -> dict[str, Any]:
    usual = {"settings": [], "epochs_times": 1.0, "decision_moved": False, "inner_balanced_accuracy": 0.7}
    return {**PLACE, "way": way, **usual, **how}


def told() -> dict[str, Any]:
    other = {**row("none", "mcc", 0.9), "task": "head"}
    return {
        "questions": [
            {**PLACE, "rare": "bent", "rare_images": 4, "images": 40, "rare_learned_from": [3, 4]},
            {
                **PLACE,
                "task": "head",
                "rare": "odd",
                "rare_images": 9,
                "images": 40,
                "rare_learned_from": [2, 2],
            },
        ],
        "rows": [row("none", "recall_bent", 0.25), row("focal", "recall_bent", 0.5), other],
        "comparisons": [
            apart("focal", metric)
            for metric in ("balanced_accuracy", "mcc", "recall_bent", "average_precision_bent", "log_loss")
        ],
        "chosen": [
            chosen("over-sampling", settings=["training.sampling=balanced:tail"], epochs_times=1.84),
            chosen("threshold moving", decision_moved=True),
        ],
    }


def test_every_table_says_what_the_file_says() -> None:
    made = {name: table(told()) for name, table in TABLES.items()}
    assert "| drawn | tail | bent | 4 of 40 | 3 to 4 |" in made["questions"]
    assert made["questions"].endswith("| 9 of 40 | 2 |")
    assert "| drawn tail | focal | – | – | 0.500 (0.100-0.900) | – | – | – | 40 |" in made["scores"]
    assert "| drawn head | none | – | 0.900 (0.100-0.900) |" in made["scores"]
    assert "| drawn tail | focal |" + " 0.050 (-0.010 to 0.110) |" * 5 + " 40 |" in made["differences"]
    assert "`training.sampling=balanced:tail`, epochs times 1.8 | 0.700 |" in made["chosen"]
    assert "a plain training, its decision moved" in made["chosen"]


def tuned(*missing: str) -> dict[str, Any]:
    one = {**PLACE, "rare": "bent", "rare_images": 3, "images": 40, "how": "one split", "recipe": "r"}
    rows = {key: told()[key] for key in ("rows", "comparisons")}
    return {"protocol": "The last epoch.", "questions": [one], **rows, "missing": list(missing)}


def test_what_is_fine_tuned_says_how_it_was_judged_and_what_is_missing() -> None:
    table = OF_TUNED["tuned-questions"](tuned("drawn focal r0f1", "drawn none r0f0"))
    assert "| drawn tail | bent | 3 of 40 | one split | r |" in table
    assert table.endswith("Protocol: The last epoch.\n\nNot there yet: drawn focal r0f1, drawn none r0f0.")
    assert OF_TUNED["tuned-questions"](tuned()).endswith("The last epoch.")
    assert "| drawn tail | focal |" in OF_TUNED["tuned-differences"](tuned())
    assert "| drawn tail | none |" in OF_TUNED["tuned-scores"](tuned())


def test_the_page_shows_what_is_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.syspath_prepend(DOCS)
    pages = importlib.import_module("from_results")
    monkeypatch.setattr(pages, "RESULTS", tmp_path)
    assert pages.rare_defects().count("Not there yet") == len(TABLES) + len(OF_TUNED)
    (tmp_path / "imbalance-tuned.json").write_text(json.dumps(tuned()), encoding="utf-8")
    page = pages.rare_defects()
    assert page.count("Not there yet") == page.count("`experiments/imbalance.py`.*") == len(TABLES)
    assert "3 of 40" in page
