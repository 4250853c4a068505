"""The table of images a second: each figure in its network's line and under its number of threads."""

from __future__ import annotations

from typing import Any

import pytest

from spermlens.report.pace_tables import pace_table

PEER = "timm efficientnet_b0"


def row(model: str, metric: str, threads: str, views: str, value: float) -> dict[str, Any]:
    return {
        "model": model,
        "metric": metric,
        "method": f"as {PEER}" if metric == "times_as_fast" else "",
        "condition": f"cpu, {threads}, {views}",
        "value": value,
        "low": value * 0.9,
        "high": value * 1.1,
    }


def told(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"rows": rows, "protocol": "By turns."}


def test_each_figure_stands_in_its_line_and_under_its_threads() -> None:
    rows = [
        row(PEER, "images_per_second", "1 thread", "1 view", 100.0),
        row("efficientnet_b0", "images_per_second", "1 thread", "8 views", 10.0),
        row("efficientnet_b0", "times_as_fast", "1 thread", "8 views", 0.1),
        row("efficientnet_b0", "images_per_second", "4 threads", "8 views", 30.0),
        row("efficientnet_b0", "times_as_fast", "4 threads", "8 views", 0.2),
    ]
    head, _, peer, ours, _, protocol = pace_table(told(*rows)).splitlines()
    assert [cell.strip() for cell in head.strip("|").split("|")] == [
        "Network",
        "Views",
        "Images a second, 1 thread",
        f"Times as fast as {PEER}, 1 thread",
        "Images a second, 4 threads",
        f"Times as fast as {PEER}, 4 threads",
    ]
    assert peer == f"| {PEER} | 1 view | 100 (90-110) | – | – | – |"
    assert ours.startswith("| EfficientNet-B0 | 8 views | 10 (9-11) | 0.1 (0.09-0.11) | 30 (27-33) | 0.2 (")
    assert protocol == "Protocol: By turns."


def test_a_condition_that_is_another_is_not_guessed_at() -> None:
    with pytest.raises(ValueError, match="with how many threads"):
        pace_table(told(row("simple_cnn", "images_per_second", "a GPU", "1 view", 1.0)))
