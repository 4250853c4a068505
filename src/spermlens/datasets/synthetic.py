"""Drawn sperm with exact labels, exact parts, and for every defect its cause."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from spermlens.datasets._drawing.chance import Chance
from spermlens.datasets._drawing.draw import SIDES, Drawing, drawing, label_numbers, name_of, picture
from spermlens.datasets._drawing.look import Look
from spermlens.datasets._drawing.plan import KINDS, TASKS, Plan, by_turn, exactly
from spermlens.datasets._listing import Entry, Listing
from spermlens.errors import ConfigError
from spermlens.types import Card

__all__ = ["CARD", "Drawing", "Look", "draw", "drawings", "read"]

CARD = Card(
    name="synthetic",
    title="Drawn stained sperm with exact labels, parts and causes",
    source="drawn",
    licence="Apache-2.0",
    citation="spermlens, drawn data set",
    tasks=tuple(TASKS[name] for name in KINDS["heads"]),
    counts={},
    group="every drawing is a cell of its own",
    stain="drawn: pink, violet, blue and grey smears and blends of them",
    um_per_pixel=Look().um_per_pixel,
    field_px=SIDES["heads"],
    unknown=(
        "The pictures are drawn: how a network does on them says nothing yet of how it does on real cells.",
    ),
)


def read(
    root: Path | None = None,
    *,
    count: int = 400,
    seed: int = 0,
    kind: str = "heads",
    defect_rate: float = 0.3,
    look: Mapping[str, Any] | Look | None = None,
) -> Listing:
    """`count` drawings, each drawn when asked for; the first ones are the same whatever the count.

    kind: "heads" (131 x 131, the four head shapes in turn) or "cells" (180 x 180; normal, abnormal and
    non-sperm in turn). defect_rate: how often each other part is defective. look: what differs from
    the default `Look`, as {setting: value or [low, high]}.
    """
    if root is not None:
        raise ConfigError(f"The synthetic set is drawn, not read from a folder: leave out '{root}'.")
    if count < 1:
        raise ConfigError(f"count must be 1 or more, but is {count}.")
    scenery = Look.of(look)
    entries = []
    for index in range(count):
        chance = _chance(seed, index)
        plan = by_turn(kind, defect_rate, chance)
        entries.append(
            Entry(
                id=name_of(kind, chance),
                load=partial(picture, kind, plan, scenery, chance),
                labels=label_numbers(plan),
                um_per_pixel=scenery.um_per_pixel,
            )
        )
    card = replace(
        CARD,
        tasks=tuple(TASKS[name] for name in KINDS[kind]),
        um_per_pixel=scenery.um_per_pixel,
        field_px=SIDES[kind],
    )
    return Listing(card, tuple(entries))


def draw(
    index: int,
    *,
    seed: int = 0,
    kind: str = "heads",
    labels: Mapping[str, str] | None = None,
    defect_rate: float = 0.3,
    look: Mapping[str, Any] | Look | None = None,
) -> Drawing:
    """One drawing with its parts, causes and twins; the picture is that of `read` with the same options.

    labels: draw exactly these classes and everything else normal, for example {"vacuole": "abnormal"}
    or {"cell": "non_sperm"}; the slide, the light and the healthy parts stay those of the index.
    """
    chance = _chance(seed, index)
    plan: Plan = by_turn(kind, defect_rate, chance) if labels is None else exactly(kind, labels)
    return drawing(kind, plan, Look.of(look), chance)


def drawings(
    count: int,
    *,
    seed: int = 0,
    kind: str = "heads",
    labels: Mapping[str, str] | None = None,
    defect_rate: float = 0.3,
    look: Mapping[str, Any] | Look | None = None,
) -> Iterator[Drawing]:
    """`draw` for the indices 0 to count - 1."""
    for index in range(count):
        yield draw(index, seed=seed, kind=kind, labels=labels, defect_rate=defect_rate, look=look)


def _chance(seed: int, index: int) -> Chance:
    if seed < 0 or index < 0:
        raise ConfigError(f"Seed and index must be 0 or more, but are {seed} and {index}.")
    return Chance(seed, index)
