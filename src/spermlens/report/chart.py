"""Charts as plain SVG, written line by line: the same data, the same bytes; for light pages and dark ones.

Other libraries draw more, but their bytes change with their version, and a check could not compare them.
A chart brings its own ground, which goes dark where the reader's screen is. Its two colours differ in
lightness too, and what they mean is told by shape or dash as well, so nobody has to see colours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

FONTS = "'Helvetica Neue', Helvetica, Arial, 'Liberation Sans', sans-serif"
LIGHT = {"ground": "#ffffff", "ink": "#1c222a", "soft": "#59636d", "faint": "#d5dade"}
DARK = {"ground": "#0f1419", "ink": "#e8ebee", "soft": "#a3adb6", "faint": "#38424b"}
LIGHT |= {"ours": "#0b6477", "other": "#b4480a"}
DARK |= {"ours": "#5cc4d8", "other": "#f5a15c"}

Point = tuple[float, float]


class Chart:
    """A picture in the making: shapes in the order they come, in pixels from the upper left."""

    def __init__(self, width: int, height: int, title: str, told: str) -> None:
        self.width, self.height = width, height
        self._parts = [f"<title>{escape(title)}</title>", f"<desc>{escape(told)}</desc>"]
        self._parts.append(f'<rect class="ground" width="{width}" height="{height}" rx="6"/>')

    def line(self, points: Sequence[Point], kind: str, *, thick: float = 1.0, dash: str = "") -> None:
        """A line through the points; `kind` is one of the names of colours."""
        path = " ".join(f"{_short(x)},{_short(y)}" for x, y in points)
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        self._parts.append(
            f'<polyline class="line {kind}" stroke-width="{_short(thick)}"{dashed} points="{path}"/>'
        )

    def dot(self, at: Point, kind: str, *, radius: float = 4.0, hollow: bool = False) -> None:
        """A round mark, which hollow is a ring."""
        place = f'cx="{_short(at[0])}" cy="{_short(at[1])}" r="{_short(radius)}"'
        self._parts.append(f'<circle class="{"ring" if hollow else "dot"} {kind}" {place}/>')

    def text(
        self, at: Point, words: str, kind: str = "ink", *, anchor: str = "start", bold: bool = False
    ) -> None:
        """Words whose foot is `at`: their start, middle or end."""
        place = f'x="{_short(at[0])}" y="{_short(at[1])}" text-anchor="{anchor}"'
        weight = ' font-weight="600"' if bold else ""
        self._parts.append(f'<text class="{kind}" {place}{weight}>{escape(words)}</text>')

    def svg(self) -> str:
        """The whole file."""
        size = f'viewBox="0 0 {self.width} {self.height}" width="{self.width}" height="{self.height}"'
        letters = f'font-family="{FONTS}" font-size="13"'
        head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" {letters}>'
        dark = f"@media (prefers-color-scheme: dark) {{\n{_rules(DARK)}\n}}"
        style = f"<style>\n{_rules(LIGHT)}\n{dark}\n</style>"
        return "\n".join([head, style, *self._parts, "</svg>", ""])


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """The part of a chart that has axes: its place in pixels, and what its sides stand for."""

    left: float
    top: float
    width: float
    height: float
    across: tuple[float, float]
    up: tuple[float, float]

    def at(self, x: float, y: float) -> Point:
        """Where a value of the data lies in the picture."""
        (left, right), (foot, head) = self.across, self.up
        return (
            self.left + self.width * (x - left) / (right - left),
            self.top + self.height * (1 - (y - foot) / (head - foot)),
        )

    def axis_across(self, chart: Chart, ticks: Sequence[float], name: str) -> None:
        """The line below with its ticks in percent, and what it shows."""
        chart.line([self.at(self.across[0], self.up[0]), self.at(self.across[1], self.up[0])], "soft")
        for tick in ticks:
            x, y = self.at(tick, self.up[0])
            chart.line([(x, y), (x, y + 5)], "soft")
            chart.text((x, y + 20), percent(tick, 0), "soft", anchor="middle")
        chart.text((self.left + self.width / 2, self.top + self.height + 42), name, anchor="middle")

    def axis_up(self, chart: Chart, ticks: Sequence[float], name: str) -> None:
        """Faint lines at the ticks in percent, and what they show, above the field's upper left corner."""
        for tick in ticks:
            x, y = self.at(self.across[0], tick)
            chart.line([(x, y), (x + self.width, y)], "faint")
            chart.text((x - 8, y + 4.5), percent(tick, 0), "soft", anchor="end")
        chart.text((self.left - 40, self.top - 12), name)


def ticks_to(end: float, step: float, start: float = 0.0) -> list[float]:
    """start, start + step, ... up to the end."""
    count = int((end - start) / step + 1e-9)
    return [round(start + step * number, 10) for number in range(count + 1)]


def percent(share: float, digits: int = 1) -> str:
    """0.939 -> '93.9 %'."""
    return f"{100 * share:.{digits}f} %"


def _rules(colours: dict[str, str]) -> str:
    rules = [f".ground {{ fill: {colours['ground']} }}"]
    for kind in ("ink", "soft", "faint", "ours", "other"):
        colour = colours[kind]
        rules.append(f"text.{kind}, .dot.{kind} {{ fill: {colour} }}")
        rules.append(f".line.{kind} {{ fill: none; stroke: {colour}; stroke-linejoin: round }}")
        rules.append(f".ring.{kind} {{ fill: none; stroke: {colour}; stroke-width: 1.5 }}")
    return "\n".join(rules)


def _short(value: float) -> str:
    """At most two digits behind the point, which is finer than a screen."""
    return f"{round(value, 2) + 0:g}"
