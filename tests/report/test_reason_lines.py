"""The card says where the evidence lies; the page lists every image whose evidence lies elsewhere."""

from __future__ import annotations

from dataclasses import replace

import pytest
from drawn_run import TASK

from spermlens.report.prediction_page import prediction_report
from spermlens.report.reading_card import tile_of
from spermlens.types import Table, Text


def scored(reading, **scores):
    found = replace(reading.explanations[0], scores=scores)
    return replace(reading, explanations=(found, *reading.explanations[1:]))


def test_a_card_says_energy_peak_and_stability(readings):
    known = {"energy_in_head": 0.62, "energy_over_area": 5.12, "peak_in_head": 0.0, "stability": 0.884}
    line = tile_of(scored(readings[0], **known), [TASK]).lines[-1]
    assert line == (
        "Head shape, Grad-CAM++: 62 % of the evidence for tapered lies in the head, 5.1 times the head's "
        "share of the area; its strongest point lies outside; stability 0.88."
    )


@pytest.mark.parametrize(
    ("scores", "told", "untold"),
    [
        ({"energy_in_head": 0.62, "energy_over_area": 5.12}, "little praise", "Stability"),
        ({"stability": 0.88}, "Stability", "little praise"),
        ({}, "little praise", "Stability"),
    ],
)
def test_the_page_says_how_to_read_what_was_measured(readings, rows, facts, scores, told, untold):
    report = prediction_report(rows, [scored(readings[0], **scores)], [TASK], facts)
    words = " ".join(part.body for one in report.sections for part in one.parts if isinstance(part, Text))
    assert (told in words) is bool(scores)
    assert untold not in words


def test_a_card_without_scores_says_nothing_of_them(readings):
    assert not any("in the head" in line for line in tile_of(readings[0], [TASK]).lines)


def test_a_card_says_to_look_again_where_the_evidence_lies_elsewhere(readings):
    doubted, sound = (
        tile_of(scored(readings[0], energy_in_head=0.1, energy_on_background=away), [TASK]).lines
        for away in (0.93, 0.3)
    )
    assert any(line.startswith("Look again: ") and "93 %" in line for line in doubted)
    assert not any(line.startswith("Look again") for line in sound)


def test_the_page_lists_all_of_them_shown_or_not(rows, facts):
    flagged = [row | {"reasons_on_background": "why" if n == 1 else ""} for n, row in enumerate(rows)]
    report = prediction_report(flagged, [], [TASK], facts)
    (section,) = [one for one in report.sections if one.title == "Reasons on the background"]
    (table,) = section.parts
    assert isinstance(table, Table)
    assert table.rows == ((rows[1]["image"], "why"),)
    assert not any("background" in one.title for one in prediction_report(rows, [], [TASK], facts).sections)
