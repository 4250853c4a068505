"""The paper's pictures: what is drawn lies where the figures say, in bytes that are always the same."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from drawn_paper import told

from spermlens.report.chart import DARK, LIGHT, Chart, Field, ticks_to
from spermlens.report.paper_figures import holdout_figure, reliability_figure, risk_figure

FIGURES = [holdout_figure, reliability_figure, risk_figure]
SVG = "{http://www.w3.org/2000/svg}"


def marks(svg: str, kind: str) -> list[tuple[float, float]]:
    found = (node for node in ElementTree.fromstring(svg).iter(f"{SVG}circle") if node.get("class") == kind)
    return [(float(node.get("cx", "")), float(node.get("cy", ""))) for node in found]


@pytest.mark.parametrize("figure", FIGURES)
def test_a_picture_is_valid_the_same_each_time_and_stays_in_its_frame(figure) -> None:
    svg = figure(told())
    assert svg == figure(told())
    root = ElementTree.fromstring(svg)
    width, height = float(root.get("width", "")), float(root.get("height", ""))
    for node in root.iter():
        for x, y in re.findall(r"([\d.]+),([\d.]+)", node.get("points", "")):
            assert 0 <= float(x) <= width
            assert 0 <= float(y) <= height
    assert all(
        0 < x < width and 0 < y < height for kind in ("dot ours", "ring other") for x, y in marks(svg, kind)
    )
    assert root.find(f"{SVG}title") is not None
    assert root.find(f"{SVG}desc") is not None


@pytest.mark.parametrize("figure", FIGURES)
def test_ours_alone_can_be_drawn(figure) -> None:
    assert "ours" in figure(told(best="b0-cbam"))


def test_every_division_is_a_dot_at_its_accuracy() -> None:
    dots = marks(holdout_figure(told()), "dot ours")
    assert len(dots) == 5
    across = sorted(x for x, _ in dots)
    assert across[1] == across[2]  # two with 29 right, one above the other
    per_image = (across[-1] - across[0]) / (32 - 25)
    for x, right in zip(across, (25, 29, 29, 31, 32), strict=True):
        assert x == pytest.approx(across[0] + per_image * (right - 25), abs=0.1)
    assert "a paper: 93.9 %, and what 31 of 33 may mean" in holdout_figure(told())


def test_a_curve_begins_where_it_says_more_than_luck() -> None:
    """The first point decides one image in a hundred, wrongly: it would throw the scale."""
    root = ElementTree.fromstring(risk_figure(told()))
    curves = [node for node in root.iter(f"{SVG}polyline") if len(node.get("points", "").split()) == 3]
    assert len(curves) == 2
    heights = [float(point.split(",")[1]) for point in curves[0].get("points", "").split()]
    assert heights == sorted(heights, reverse=True)


def test_values_lie_between_the_ends_of_their_axes() -> None:
    field = Field(left=100, top=50, width=200, height=100, across=(0.5, 1.0), up=(0, 2))
    assert field.at(0.5, 0) == (100, 150)
    assert field.at(1.0, 2) == (300, 50)
    assert field.at(0.75, 1) == (200, 100)
    assert ticks_to(1, 0.25) == [0, 0.25, 0.5, 0.75, 1]
    assert ticks_to(1, 0.05, 0.85) == [0.85, 0.9, 0.95, 1]


def test_words_cannot_break_the_picture() -> None:
    chart = Chart(10, 10, "a < b & c", "d")
    chart.text((1, 1), "<script>")
    root = ElementTree.fromstring(chart.svg())
    assert root.find(f"{SVG}title").text == "a < b & c"
    assert root.find(f"{SVG}text").text == "<script>"


def contrast(one: str, other: str) -> float:
    """As WCAG 2 defines it."""

    def luminance(colour: str) -> float:
        parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
        red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("page", [LIGHT, DARK])
def test_everything_can_be_read_on_a_light_page_and_a_dark_one(page) -> None:
    for kind in ("ink", "soft", "ours", "other"):
        assert contrast(page[kind], page["ground"]) >= 4.5, kind
