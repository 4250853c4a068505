"""The tables of the page on shape: every figure with its interval and n, every measure in words."""

from __future__ import annotations

from typing import Any

from spermlens.locate.columns import ALL
from spermlens.report.shape_tables import METRICS, TABLES, meaning_of


def row(metric: str, value: float) -> dict[str, Any]:
    said = {"dataset": "drawn", "task": "shape", "model": "SVM", "recipe": "shape", "condition": "outline"}
    return {**said, "runs": "", "metric": metric, "value": value, "low": 0.1, "high": 0.9, "n_images": 40}


def told() -> dict[str, Any]:
    rows = [*(row(metric, 0.5) for metric in METRICS), row("recall_pyriform", 0.25)]
    comparison = {"dataset": "drawn", "a": "SVM", "b": "trees", "a_only": 3, "b_only": 7, "p": 0.34375}
    return {
        "rows": rows,
        "beside": [row(metric, 0.3) | {"model": "majority"} for metric in METRICS],
        "reliable": rows,
        "outlines": [{"dataset": "drawn", "n_images": 40, "reliable": 31}],
        "confusions": [
            {"dataset": "drawn", "model": "SVM", "classes": ["oval", "pear"], "counts": [[18, 2], [5, 15]]}
        ],
        "comparisons": [comparison | {"difference": -0.1, "low": -0.2, "high": 0.05, "n_images": 40}],
        "telling": [{"dataset": "drawn", "model": "trees", "measure": "taper", "log_loss_rises": 0.1234}],
    }


def test_every_table_says_what_the_file_says() -> None:
    made = {name: table(told()) for name, table in TABLES.items()}
    assert "| 0.500 (0.100-0.900) |" in made["scores"]
    assert "majority" in made["scores"]
    assert made["recalls"].endswith("| drawn | SVM | pyriform | 0.250 (0.100-0.900) |")
    assert "| pear | 5 | 15 |" in made["confusions"]
    assert "| 3 | 7 | 0.34 | -0.100 (-0.200 to 0.050) | 40 |" in made["comparisons"]
    assert "drawn 31 of 40" in made["reliable"]
    assert "0.123" in made["telling"]


def test_every_column_that_is_learned_from_has_words() -> None:
    assert not [name for name in ALL if not meaning_of(name)]
