"""What a report is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from spermlens.types._demand import demand

DISCLAIMER = "Research use only. Not a medical device, not for diagnosis."


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph; `tone` is lead (the sentence to remember), plain, note or warning."""

    body: str
    tone: str = "plain"

    def __post_init__(self) -> None:
        demand(self.tone in ("lead", "plain", "note", "warning"), f"A text has no tone '{self.tone}'.")


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under headings; cells are text or numbers."""

    caption: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str | float | int | None, ...], ...]

    def __post_init__(self) -> None:
        for row in self.rows:
            demand(
                len(row) == len(self.headings),
                f"Table '{self.caption}': {len(row)} cells under {len(self.headings)} headings.",
            )


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture as PNG or SVG bytes, with words for those who cannot see it."""

    caption: str
    media: str  # image/png or image/svg+xml
    data: bytes
    alt: str

    def __post_init__(self) -> None:
        demand(self.media in ("image/png", "image/svg+xml"), f"A figure is PNG or SVG, not {self.media}.")
        demand(bool(self.alt), f"Figure '{self.caption}' must be told in words, too.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One cell on a page: its pictures side by side, its probabilities, and a verdict in words."""

    title: str
    verdict: str
    tone: str  # good, bad, unsure or plain
    figures: tuple[Figure, ...]
    bars: tuple[tuple[str, float], ...] = ()  # class and probability
    lines: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        demand(self.tone in ("good", "bad", "unsure", "plain"), f"A tile has no tone '{self.tone}'.")


@dataclass(frozen=True, slots=True)
class Gallery:
    """Cells beside each other."""

    caption: str
    tiles: tuple[Tile, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A titled part of a report."""

    title: str
    parts: tuple[Text | Table | Figure | Gallery, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Sections that render to HTML and JSON alike. The disclaimer is not optional."""

    title: str
    subtitle: str
    sections: tuple[Section, ...]
    facts: Mapping[str, Any] = field(default_factory=dict)
    disclaimer: str = DISCLAIMER
