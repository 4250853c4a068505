"""Measures as cells of a row: both units beside each other, and never one under the other's name."""

from __future__ import annotations

import numpy as np
import pytest

from spermlens.datasets import open_data
from spermlens.locate.definitions import DEFINITIONS
from spermlens.locate.segment import WIDEST_PX
from spermlens.predict.measured import COLUMNS, MEASURES, bad_row, cells_of, located, row_of

HEAD = open_data("synthetic", options={"count": 4, "seed": 3, "kind": "heads"})[1].image


def test_pixels_are_told_of_every_cell_and_micrometres_where_they_are_known() -> None:
    outline, in_px = located(HEAD, None)
    _, in_um = located(HEAD, 0.1)
    without, with_um = cells_of(in_px), cells_of(in_um)
    assert tuple(without) == tuple(with_um) == MEASURES
    assert outline.reliable
    for definition in DEFINITIONS:
        px, um = definition.column(in_um=False), definition.column(in_um=True)
        assert with_um[px] == pytest.approx(without[px])
        if um == px:
            continue
        assert without[um] is None
        if without[px] is not None:
            factor = 0.01 if definition.kind == "area" else 0.1
            assert with_um[um] == pytest.approx(factor * without[px])


def test_without_a_pixel_size_only_ratios_are_held_against_who() -> None:
    outline, measures = located(HEAD, None)
    row = row_of("a.png", outline, measures)
    assert tuple(row) == COLUMNS
    assert row["who_length"] == row["who_width"] == "not judged: pixel size not known"
    assert row["who_length_over_width"] in ("inside", "below", "above")
    assert row["who_edition"] == "WHO 5th edition (2010)"
    assert str(row["who_scope"]).startswith("head")
    assert row_of("a.png", *located(HEAD, 0.1))["who_length"] in ("inside", "below", "above")


def test_a_field_of_view_is_not_searched() -> None:
    outline, measures = located(np.full((40, WIDEST_PX + 1, 3), 200, np.uint8), 0.1)
    assert "field of view" in outline.reason
    assert outline.reliability == 0
    row = row_of("wide.png", outline, measures)
    assert row["status"] == "unreliable"
    assert row["length_um"] is None


def test_the_row_of_a_bad_file_has_nothing_but_its_reason() -> None:
    row = bad_row("a.png", "no image")
    assert tuple(row) == COLUMNS
    assert {name for name, value in row.items() if value is not None} == {"image", "status", "reason"}
