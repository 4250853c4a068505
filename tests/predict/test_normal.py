"""A cell's place among normal ones: by the task that a measure is about, and only where it is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from spermlens.predict.normal import percentiles, placed, task_of
from spermlens.types import Measures, Spread

WIDE, THIN = Spread.of(np.linspace(0, 1, 101)), Spread.of(np.linspace(0, 0.5, 101))
MEASURED = Measures(
    values={"taper": 0.5, "acrosome_share": 0.25, "vacuoles": None, "rugosity": 0.9},
    axes=None,
    um_per_pixel=None,
    parts=("head",),
)


def test_a_part_is_held_against_its_own_task_and_the_shape_against_the_first_other() -> None:
    normal = {
        "acrosome": {"acrosome_share": THIN, "taper": THIN, "vacuoles": WIDE},
        "head_shape": {"acrosome_share": WIDE, "taper": WIDE, "vacuoles": WIDE},
    }
    assert task_of("taper", normal) == "head_shape"
    assert task_of("acrosome_share", normal) == "acrosome"
    assert placed(normal) == ("taper", "acrosome_share", "vacuoles")
    assert percentiles(MEASURED, normal) == {"taper": 50.0, "acrosome_share": 50.0}


def test_one_task_about_the_head_places_all() -> None:
    normal = {"head_shape": {"acrosome_share": WIDE}}
    assert percentiles(MEASURED, normal) == {"acrosome_share": 25.0}


def test_what_is_not_known_has_no_place() -> None:
    assert placed({}) == ()
    assert percentiles(MEASURED, {}) == {}
    assert percentiles(MEASURED, {"vacuole": {"taper": WIDE}}) == {}
    assert percentiles(replace(MEASURED, reason="cut"), {"head": {"taper": WIDE}}) == {}
