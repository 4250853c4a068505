"""The tables of the page on measured reasons: every figure with its interval, those of nobody last."""

from __future__ import annotations

from typing import Any

from spermlens.report.cause_tables import EVERY, LARGE, TABLES

AWAY, SMALL = "away from the middle", "smaller than a map cell"


def row(task: str, method: str, condition: str, metric: str, value: float) -> dict[str, Any]:
    said = {"task": task, "method": method, "condition": condition, "metric": metric, "value": value}
    return {**said, "low": 0.1, "high": 0.9, "n_images": 40}


def rows() -> list[dict[str, Any]]:
    found = [row("vacuole", "", AWAY, "read", 0.95)]
    for method, value in (("blob", 0.2), ("cam", 0.8)):
        found += [
            row("pyriform", method, f"{AWAY}; {LARGE}", "peak_on_cause", value),
            row("vacuole", method, f"{AWAY}; {SMALL}", "peak_on_cause", value / 2),
            row(EVERY, method, f"{AWAY}; {LARGE}", "peak_on_cause", value),
            row(EVERY, method, f"{AWAY}; {SMALL}", "peak_on_cause", 0.05),
            row(EVERY, method, f"{AWAY}; {LARGE}", "energy_on_cause", value / 4),
        ]
    names = {"clean": 0.7, "taught by a mark": 0.02}
    found += [row("head_shape", "cam", name, "energy_in_head", value) for name, value in names.items()]
    found.append(row("head_shape", "cam", "clean above taught by a mark", "auroc_energy_in_head", 0.99))
    return [*found, row("head_shape", "", "clean; dots lie", "exact_accuracy", 0.93)]


def test_every_table_says_what_the_file_says() -> None:
    made = {name: table(rows()) for name, table in TABLES.items()}
    cam, blob = made["methods"].splitlines()[2:]
    assert cam == f"| {AWAY} | `cam` | 0.800 (0.100-0.900) | – | 0.200 (0.100-0.900) | 40 |"
    assert "blob" in blob
    assert "| 0.050 (0.100-0.900) |" in made["small"]
    assert made["defects"].splitlines()[0] == f"| Method | pyriform, {LARGE} | vacuole, {SMALL} |"
    assert made["defects"].splitlines()[2] == "| `cam` | 0.800 (0.100-0.900) | 0.400 (0.100-0.900) |"
    assert made["defects"].endswith("| Images | 40 | 40 |")
    assert made["read"].endswith(f"| vacuole | {AWAY} | 0.950 (0.100-0.900) | 40 |")
    told = "| Energy in the head | 0.700 (0.100-0.900) | 0.020 (0.100-0.900) | 0.990 (0.100-0.900) | 40 |"
    assert told in made["shortcut"]
    assert made["accuracies"].endswith("| clean | dots lie | 0.930 (0.100-0.900) | 40 |")
