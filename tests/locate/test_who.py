"""What is said of a head against the strict criteria, and when nothing is said."""

from __future__ import annotations

from dataclasses import replace

import pytest
from known_shapes import drawn, head_only, outline_of

from spermlens.locate.measure import measure
from spermlens.locate.who import EDITION, LIMITS, Found, who
from spermlens.types import Measures

NORMAL = Measures(
    values={
        "length_um": 4.6,
        "width_um": 3.0,
        "length_over_width": 1.53,
        "acrosome_share": 0.5,
        "vacuoles": 1.0,
        "large_vacuoles": 0.0,
        "vacuole_share": 0.02,
    },
    axes=None,
    um_per_pixel=0.1,
    parts=("head", "acrosome", "vacuole"),
)


@pytest.mark.parametrize(
    ("column", "value", "found"),
    [
        ("length_um", 3.99, "below"),
        ("length_um", 4.0, "inside"),
        ("length_um", 5.5, "inside"),
        ("length_um", 5.51, "above"),
        ("width_um", 2.49, "below"),
        ("width_um", 3.51, "above"),
        ("length_over_width", 1.29, "below"),
        ("length_over_width", 1.81, "above"),
        ("acrosome_share", 0.39, "below"),
        ("acrosome_share", 0.71, "above"),
        ("vacuoles", 0.0, "inside"),
        ("vacuoles", 2.0, "inside"),
        ("vacuoles", 3.0, "above"),
        ("large_vacuoles", 1.0, "above"),
        ("vacuole_share", 0.21, "above"),
    ],
)
def test_each_item_lies_where_its_limits_say(column: str, value: float, found: str) -> None:
    verdict = who(replace(NORMAL, values={**NORMAL.values, column: value}))
    name = column.removesuffix("_um")
    assert verdict.items[name].found == found
    assert verdict.items[name].value == value
    assert verdict.outside == (() if found == "inside" else (name,))
    assert verdict.edition == EDITION == "WHO 5th edition (2010)"


def test_without_the_size_of_a_pixel_only_ratios_are_judged() -> None:
    drawing, _ = drawn(0, "normal")
    verdict = who(measure(outline_of(drawing), drawing.image))
    for name in ("length", "width"):
        assert verdict.items[name].found == "not judged: pixel size not known"
        assert verdict.items[name].value is None
    assert verdict.items["length_over_width"].found == "inside"


def test_normal_drawn_heads_are_inside_and_tapered_ones_too_thin() -> None:
    for index in range(12):
        drawing, points = drawn(index, "normal")
        verdict = who(measure(outline_of(drawing), drawing.image, drawing.um_per_pixel))
        truth = float(points[:, 0].max() - points[:, 0].min())
        if truth > 4.1:
            assert verdict.items["length"].found == "inside"
        assert verdict.items["acrosome_share"].found == "inside"
        assert verdict.items["vacuoles"].found == "inside"
        drawing, _ = drawn(index, "tapered")
        thin = who(measure(outline_of(drawing), drawing.image, drawing.um_per_pixel))
        assert thin.items["length_over_width"].found == "above"


def test_a_head_alone_is_said_to_be_one_and_no_verdict_is_a_normal_form() -> None:
    drawing, _ = drawn(0, "normal")
    alone = who(measure(head_only(drawing.masks["head"]), drawing.image, 0.1))
    assert alone.scope == "head only"
    assert alone.items["acrosome_share"].found == Found.NOT_MEASURED
    whole = who(measure(outline_of(drawing), drawing.image, 0.1))
    assert whole.scope == "head; midpiece and tail visible, not judged"
    assert not hasattr(whole, "normal_form")


def test_an_outline_not_to_be_relied_on_is_not_judged() -> None:
    verdict = who(replace(NORMAL, reason="Two heads."))
    assert {item.found for item in verdict.items.values()} == {Found.NOT_RELIABLE}
    assert list(verdict.items) == list(LIMITS)
