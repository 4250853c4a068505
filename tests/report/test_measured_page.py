"""The page of measured cells: spreads with their intervals, limits, and units that do not mix."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import bootstrap

from spermlens.datasets import synthetic
from spermlens.locate.measure import measure
from spermlens.locate.segment import outline
from spermlens.locate.who import EDITION, who
from spermlens.predict.measured import COLUMNS, bad_row
from spermlens.report.measured_page import measured_report, spread, tile_of
from spermlens.report.page import to_html
from spermlens.types import Table, Text


def row(name: str, **values: object) -> dict[str, object]:
    empty = {**dict.fromkeys(COLUMNS), **{c: "inside" for c in COLUMNS if c.startswith("who_")}}
    return {**empty, "image": name, "status": "measured", "reason": "", **values}


def tables(rows: list[dict[str, object]]) -> dict[str, Table]:
    report = measured_report(rows, {}, {})
    return {s.title: part for s in report.sections for part in s.parts if isinstance(part, Table)}


def test_the_median_has_its_interval_and_the_cells_their_span() -> None:
    values = np.random.default_rng(1).normal(5, 1, 200)
    median, low, high, first, last = spread(values.tolist())
    assert median == pytest.approx(np.median(values))
    assert (first, last) == pytest.approx(tuple(np.percentile(values, (5, 95))))
    other = bootstrap((values,), np.median, rng=np.random.default_rng(0), method="percentile")
    assert low == pytest.approx(other.confidence_interval.low, abs=0.06)
    assert high == pytest.approx(other.confidence_interval.high, abs=0.06)
    assert low < median < high


def test_few_values_give_an_interval_that_holds_them_all() -> None:
    assert spread([1.0, 2.0, 3.0, 4.0, 5.0])[1:3] == (1.0, 5.0)


def test_pixels_are_shown_only_where_they_tell_of_more_cells() -> None:
    both = [row(str(n), length_px=40.0 + n, length_um=4.0 + n / 10) for n in range(8)]
    told = [line[0] for line in tables(both)["Shape and parts"].rows]
    assert told == ["length, µm"]
    more = [*both, *(row(f"x{n}", length_px=40.0) for n in range(5))]
    told = [(line[0], line[-1]) for line in tables(more)["Shape and parts"].rows]
    assert told == [("length, µm", 8), ("length, px", 13)]


def test_unreliable_cells_are_in_no_figure() -> None:
    good = [row(str(n), length_over_width=1.5) for n in range(6)]
    bad = [row(f"u{n}", length_over_width=9.0, status="unreliable", reason="cut") for n in range(6)]
    (line,) = tables([*good, *bad])["Shape and parts"].rows
    assert (line[0], line[1], line[-1]) == ("length/width", "1.50", 6)


def test_the_limits_are_counted_with_their_share() -> None:
    rows = [row(str(n)) for n in range(9)] + [row("out", who_length_over_width="above", who_length="below")]
    rows += [row("unknown", who_length="not judged: pixel size not known")]
    found = {line[0]: line for line in tables(rows)["Against the limits"].rows}
    assert found["length"][:6] == ("length", "4 to 5.5 µm", 10, 1, 0, "90 %")
    assert found["length/width"][2:6] == (11, 0, 1, "91 %")


def test_the_page_names_edition_scope_and_what_was_not_read() -> None:
    report = measured_report([row("a"), bad_row("b.png", "empty")], {}, {})
    lead, caution = (part.body for part in report.sections[0].parts if isinstance(part, Text))
    assert lead == "2 images: 1 measured, 1 unreadable."
    assert EDITION in caution
    assert "Only the head" in caution
    assert report.disclaimer in to_html(report)
    assert tables([row("a"), bad_row("b.png", "empty")])["Not read"].rows == (("b.png", "empty"),)


def test_figures_of_one_column_have_as_many_digits() -> None:
    rows = [row(str(n), length_over_width=1.3 + n / 100, vacuoles=float(n % 2)) for n in range(41)]
    ratio, count = tables(rows)["Shape and parts"].rows
    assert ratio[1:4] == ("1.50", "1.43 to 1.57", "1.32 to 1.68")
    assert count[1:4] == ("0", "0 to 1", "0 to 1")


def test_sides_of_the_midpiece_do_not_cancel_out() -> None:
    rows = [row(str(n), midpiece_angle_deg=20.0 * (-1) ** n) for n in range(6)]
    (line,) = tables(rows)["Shape and parts"].rows
    assert line[:2] == ("midpiece angle, degrees", "20")


def test_no_large_vacuole_is_allowed_in_words() -> None:
    found = {line[0]: line[1] for line in tables([row("a")])["Against the limits"].rows}
    assert (found["vacuoles"], found["large vacuoles"]) == ("up to 2", "none")


def test_a_card_says_first_what_is_outside_and_then_what_was_judged() -> None:
    drawing = synthetic.draw(3)
    found = outline(drawing.image)
    measures = measure(found, drawing.image, 0.2)
    assert found.reliable
    lines = tile_of("a", drawing.image, found, measures).lines
    assert lines[1].startswith("Length above, width above")
    assert lines[2] == f"Held against {EDITION}: {who(measures).scope}."
