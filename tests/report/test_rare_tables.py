"""The tables of the page on rare defects: the rare class of each question, every way, and how it is set."""

from __future__ import annotations

from typing import Any

from spermlens.report.rare_tables import TABLES

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
            for metric in ("balanced_accuracy", "mcc", "average_precision_bent", "log_loss")
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
    assert "| drawn tail | focal |" + " 0.050 (-0.010 to 0.110) |" * 4 + " 40 |" in made["differences"]
    assert "`training.sampling=balanced:tail`, epochs times 1.8 | 0.700 |" in made["chosen"]
    assert "a plain training, its decision moved" in made["chosen"]
