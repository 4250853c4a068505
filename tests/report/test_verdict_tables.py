"""The tables of the verdict on attention: both networks beside each other, what was asked of nobody last."""

from __future__ import annotations

from typing import Any

from spermlens.report.verdict_tables import BOTH, LESS_BLOB, TABLES


def row(alias: str, method: str, metric: str, value: float, condition: str = "") -> dict[str, Any]:
    said = {"alias": alias, "method": method, "condition": condition, "metric": metric, "value": value}
    return {**said, "low": value - 0.1, "high": value + 0.1, "n_images": 216}


def rows() -> list[dict[str, Any]]:
    return [
        row("b0-cbam", "blob", "energy_in_head", 0.4),
        row("b0-cbam", "cam", "energy_in_head", 0.5),
        row("b0", "cam", "energy_in_head", 0.6),
        row(BOTH, "cam", "energy_in_head", -0.1),
        row("b0-cbam", "cam", "energy_in_head", -0.3, LESS_BLOB),
        row("b0", "cam", "energy_in_head", 0.2, LESS_BLOB),
        row("b0-cbam", "cbam", "deletion", 0.3),
        row("b0", "cam", "stability", 0.7),
        row("b0", "cam", "likeness_forgotten", 0.1, "heads"),
        row("b0-cbam", "", "exact_accuracy", 0.9, "whole"),
    ]


def test_every_table_says_what_the_file_says() -> None:
    made = {name: table(rows()) for name, table in TABLES.items()}
    cam, blob = made["places"].splitlines()[2:]
    told = "0.500 (0.400-0.600) | 0.600 (0.500-0.700) | -0.100 (-0.200 to 0.000)"
    assert cam == f"| Energy in the head | `cam` | {told} | 216 |"
    assert "*blob in the middle*" in blob
    beyond = "| Energy in the head | `cam` | -0.300 (-0.400 to -0.200) | 0.200 (0.100-0.300) | – | 216 |"
    assert made["beyond"].endswith(beyond)
    assert "| Deletion (low is good) | `cbam` | 0.300" in made["faithful"]
    assert "| Stability | `cam` | – | 0.700" in made["steady"]
    assert made["forgotten"].splitlines()[2].startswith("| heads | `cam` | – | 0.100")
    assert made["parts"].splitlines()[2].startswith("| everything | 0.900")


def test_in_short_says_what_a_difference_shows_and_where_it_shows_nothing() -> None:
    of_both = [
        row("b0-cbam", "cam", "energy_over_area", 2.3),
        row(BOTH, "cam", "energy_over_area", 0.2),
        row("b0-cbam", "cam", "average_drop", 0.5),
        row(BOTH, "cam", "average_drop", 0.05),
        row("b0-cbam", "cam", "stability", 0.5),
        row(BOTH, "cam", "stability", -0.2),
        row("b0-cbam", "cam", "peak_in_head", 0.5),
    ]
    lines = TABLES["short"](of_both).splitlines()[2:]
    assert [line.split(" | ")[-1].strip(" |") for line in lines] == [
        "more with CBAM",
        "nothing",
        "nothing",
        "less with CBAM",
    ]
    assert lines[0].startswith("| Energy of CAM in the head over its area share | well above 1 | 2.300 (")


def test_a_table_of_what_is_not_known_yet_is_empty() -> None:
    assert [table(rows()[:1]) for name, table in TABLES.items() if name != "places"] == [""] * 6
