"""What results files show better than a table: the luck of one test, and how far to trust confidence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from spermlens.evaluate.counts import share
from spermlens.report.certainty_tables import Certain, certain_lines
from spermlens.report.chart import Chart, Field, percent, ticks_to
from spermlens.report.paper_lines import DATA, names_of

Told = Mapping[str, Any]

WIDTH = 720
FROM_COVERAGE = 0.05  # below, a curve is the luck of a few images
KINDS = (("ours", "", False), ("other", "7 4", True))  # colour, dash, hollow: told apart without colours


def holdout_figure(told: Told) -> str:
    """A dot for every division at the accuracy it came to, beside the figures of others."""
    groups = [list(rows) for _, rows in groupby(told["distribution"], key=lambda row: row["recipe"])]
    names, row = names_of(told), groups[0][0]
    title = f"Accuracy of {len(groups[0])} divisions of the same images, {row['n_images']} of them tested"
    chart = Chart(WIDTH, 64 + 248 * len(groups), title, "; ".join(_in_words(rows) for rows in groups))
    chart.text((24, 30), title, bold=True)
    for place, rows in enumerate(groups):
        chart.text((48, 112 + 248 * place), names[rows[0]["recipe"]], "soft")
        _one_distribution(chart, 56 + 248 * place, rows, told["marks"])
    return chart.svg()


def reliability_figure(told: Told) -> str:
    """How often it was right at each confidence, before the temperature and after; a field a line."""
    lines = certain_lines(told)
    title = f"{_data(lines)}: is the confidence worth what it says?"
    chart = Chart(WIDTH, 420, title, "; ".join(_bins_in_words(line) for line in lines))
    chart.text((24, 30), title, bold=True)
    chart.dot((30, 50), "ours")
    chart.text((42, 54), "after the temperature", "soft")
    chart.dot((190, 50), "other", hollow=True)
    chart.text((202, 54), "as it comes", "soft")
    chart.text((290, 54), "large: many images; dotted line: worth what it says", "soft")
    for place, line in enumerate(lines):
        _one_reliability(chart, 66 + 350 * place, line)
    return chart.svg()


def risk_figure(told: Told) -> str:
    """The share wrong among the decided, as more is decided; where a model's own threshold lies."""
    lines = certain_lines(told)
    curves = [[p for p in line.told["risk_coverage"] if p["coverage"] >= FROM_COVERAGE] for line in lines]
    title = f"{_data(lines)}: how much is wrong when the least sure are left undecided"
    ends = [percent(curve[-1]["risk"]) for curve in curves]
    said = [f"{line.short}: {end} wrong when all is decided" for line, end in zip(lines, ends, strict=True)]
    chart = Chart(WIDTH, 416, title, "; ".join(said))
    chart.text((24, 30), title, bold=True)
    top = max(0.06, 1.1 * max(point["risk"] for curve in curves for point in curve))
    field = Field(left=70, top=102, width=WIDTH - 110, height=256, across=(0, 1), up=(0, top))
    field.axis_up(chart, ticks_to(top, 0.05 if top > 0.1 else 0.02), "wrong, of the decided")
    field.axis_across(chart, ticks_to(1, 0.2), "share of the images that is decided")
    x = 24.0
    for line, curve, (kind, dash, hollow) in zip(lines, curves, KINDS, strict=False):
        chart.line([field.at(p["coverage"], p["risk"]) for p in curve], kind, thick=2, dash=dash)
        if carried := line.told["threshold"]["carried"]:
            wrong = 1 - carried["right"]["value"]
            chart.dot(field.at(carried["accepted"]["value"], wrong), kind, radius=5.5, hollow=hollow)
        chart.line([(x, 50), (x + 30, 50)], kind, thick=2, dash=dash)
        chart.text((x + 38, 54), line.short, "soft")
        x += 70 + 7 * len(line.short)
    chart.text((x, 54), "round mark: the threshold that a model carries", "soft")
    return chart.svg()


def _one_distribution(chart: Chart, top: float, rows: Sequence[Told], marks: Sequence[Told]) -> None:
    size = Counter(row["n_images"] for row in rows).most_common(1)[0][0]
    stacks = Counter(round(row["accuracy"] * size) for row in rows)
    scores = [row["accuracy"] for row in rows]
    intervals = [share(round(mark["value"] * mark["n_images"]), mark["n_images"]) for mark in marks]
    low = min([*scores, *(one.low for one in intervals)])
    start = int(20 * (low - 0.01)) / 20
    field = Field(left=48, top=top, width=WIDTH - 96, height=182, across=(start, 1.0), up=(0, 1))
    field.axis_across(chart, ticks_to(1, 0.05, start), f"right, of {size} test images")
    for mark, one in zip(marks, intervals, strict=True):
        x = field.at(mark["value"], 0)[0]
        ends = [field.at(end, 0)[0] for end in (one.low, one.high)]
        chart.line([(x, top + 34), (x, top + 182)], "other", thick=2, dash="7 4")
        chart.line([(ends[0], top + 34), (ends[1], top + 34)], "other", thick=2)
        for end in ends:
            chart.line([(end, top + 29), (end, top + 39)], "other", thick=2)
        words = f"{mark['who']}: {percent(mark['value'])}, and what {one.count} of {one.total} may mean"
        chart.text((WIDTH - 48, top + 20), words, "other", anchor="end")
    radius = min(8.0, 50.0 / max(stacks.values()))
    for right, count in sorted(stacks.items()):
        x, foot = field.at(right / size, 0)
        for number in range(count):
            chart.dot((x, foot - radius - 2 - number * (2 * radius + 1)), "ours", radius=radius)
    mean = sum(scores) / len(scores)
    x = field.at(mean, 0)[0]
    chart.line([(x, top + 46), (x, top + 182)], "ink", thick=1.5)
    chart.text((x - 6, top + 56), f"mean of {len(rows)}: {percent(mean)}", anchor="end")


def _in_words(rows: Sequence[Told]) -> str:
    counts = Counter(row["right"] for row in rows)
    return f"{rows[0]['recipe']}: " + ", ".join(f"{n} times {k} right" for k, n in sorted(counts.items()))


def _one_reliability(chart: Chart, left: float, line: Certain) -> None:
    bins = line.told["reliability"]
    field = Field(left=left, top=104, width=270, height=254, across=(0, 1), up=(0, 1))
    field.axis_up(chart, ticks_to(1, 0.25), "right")
    field.axis_across(chart, ticks_to(1, 0.25), "confidence")
    chart.text((left + 270, 84), line.short, anchor="end")
    chart.line([field.at(0, 0), field.at(1, 1)], "soft", dash="2 4")
    biggest = max(one["count"] for found in bins.values() for one in found)
    for when, kind, hollow in (("after", "ours", False), ("before", "other", True)):
        for one in bins[when]:
            radius = 2.5 + 7 * (one["count"] / biggest) ** 0.5
            chart.dot(field.at(one["confidence"], one["accuracy"]), kind, radius=radius, hollow=hollow)


def _bins_in_words(line: Certain) -> str:
    bins = line.told["reliability"]["after"]
    said = (f"{one['confidence']:.2f} said, {one['accuracy']:.2f} right of {one['count']}" for one in bins)
    return f"{line.short}: " + ", ".join(said)


def _data(lines: Sequence[Certain]) -> str:
    return DATA.get(lines[0].line.dataset, lines[0].line.dataset)
