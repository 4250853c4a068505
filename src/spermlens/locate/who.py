"""Head sizes held against the strict criteria: `who(measures)`.

Only the head is judged. Whether a cell is a normal form is not said: that needs the midpiece and the whole
tail too, and an outline that shows the head alone carries "head only".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from spermlens.types import Measures

EDITION = "WHO 5th edition (2010)"


class Found(StrEnum):
    """Where a value lies against its limits; the limits themselves are inside."""

    INSIDE = "inside"
    BELOW = "below"
    ABOVE = "above"
    NO_PIXEL_SIZE = "not judged: pixel size not known"
    NOT_MEASURED = "not judged: not visible or not measurable"
    NOT_RELIABLE = "not judged: outline not reliable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The lowest and the highest value of a normal head; None where there is no such end."""

    low: float | None
    high: float | None
    unit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One measure with its limits and where it lies."""

    value: float | None  # None where it is not judged
    limits: Limits
    found: Found


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """All items by name, which edition they are held against, and what of the cell they are about."""

    items: Mapping[str, Item]
    scope: str  # "head only", or which other parts are visible too
    edition: str = EDITION

    @property
    def outside(self) -> tuple[str, ...]:
        """The items that speak against a normal head; a border that is passed is passed."""
        return tuple(name for name, item in self.items.items() if item.found in (Found.BELOW, Found.ABOVE))


LIMITS = {
    "length": Limits(low=4.0, high=5.5, unit="um"),
    "width": Limits(low=2.5, high=3.5, unit="um"),
    "length_over_width": Limits(low=1.3, high=1.8),
    "acrosome_share": Limits(low=0.4, high=0.7),
    "vacuoles": Limits(low=None, high=2),
    "large_vacuoles": Limits(low=None, high=0),
    "vacuole_share": Limits(low=None, high=0.2),
}


def who(measures: Measures) -> Verdict:
    """Each item inside, below or above its limits, or why it is not judged."""
    others = [part for part in ("midpiece", "tail") if part in measures.parts]
    scope = f"head; {' and '.join(others)} visible, not judged" if others else "head only"
    return Verdict(
        items={name: _item(name, limits, measures) for name, limits in LIMITS.items()}, scope=scope
    )


def _item(name: str, limits: Limits, measures: Measures) -> Item:
    value = measures.values.get(f"{name}_{limits.unit}" if limits.unit else name)
    if measures.reason:
        found = Found.NOT_RELIABLE
    elif limits.unit and measures.um_per_pixel is None:
        found = Found.NO_PIXEL_SIZE
    elif value is None:
        found = Found.NOT_MEASURED
    elif limits.low is not None and value < limits.low:
        found = Found.BELOW
    else:
        found = Found.ABOVE if limits.high is not None and value > limits.high else Found.INSIDE
    judged = found in (Found.INSIDE, Found.BELOW, Found.ABOVE)
    return Item(value=value if judged else None, limits=limits, found=found)
