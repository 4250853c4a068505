"""Rules that hold a decision against a measure: each fires where it should, and nowhere else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from spermlens.predict.disagreement import RULES, disagreements
from spermlens.types import Measures, Spread

SHAPE = Spread.of(np.linspace(1.0, 2.0, 101))  # percent p of the normal cells lie below 1 + p / 100
SHARE = Spread.of(np.linspace(0.4, 0.6, 101))
NONE_MOSTLY = Spread.of(np.concatenate([np.zeros(80), np.linspace(0.01, 0.1, 20)]))
NORMAL = {
    "head_shape": {"length_over_width": SHAPE, "taper": SHAPE},
    "acrosome": {"length_over_width": SHAPE, "acrosome_share": SHARE},
    "vacuole": {"vacuole_share": NONE_MOSTLY},
}


def measures(**values: float) -> Measures:
    return Measures(values=values, axes=None, um_per_pixel=None, parts=("head",))


@pytest.mark.parametrize(
    ("task", "said", "measured", "sentence"),
    [
        (
            "head_shape",
            "tapered",
            {"length_over_width": 1.4},
            "tapered, but length/width 1.40 (normal: 1.05 to",
        ),
        ("head_shape", "tapered", {"length_over_width": 0.9}, "tapered, but length/width 0.90"),
        ("head_shape", "tapered", {"length_over_width": 1.91}, ""),
        (
            "head_shape",
            "normal",
            {"length_over_width": 2.3},
            "normal, but length/width 2.30 (normal: 1.05 to 1.95)",
        ),
        ("head_shape", "normal", {"length_over_width": 0.9}, "normal, but length/width 0.90"),
        ("head_shape", "normal", {"length_over_width": 1.02}, ""),
        ("head_shape", "normal", {"length_over_width": 1.98}, ""),
        ("head_shape", "normal", {"length_over_width": SHAPE.at(1)}, ""),
        ("head_shape", "normal", {"length_over_width": SHAPE.at(99)}, ""),
        ("head_shape", "amorphous", {"length_over_width": 1.4}, ""),
        ("head_shape", "pyriform", {"taper": 1.2}, "pyriform, but front over back width 1.20"),
        ("head_shape", "pyriform", {"taper": 1.6}, ""),
        ("head_shape", "", {"length_over_width": 2.3}, ""),
        (
            "acrosome",
            "normal",
            {"acrosome_share": 0.3},
            "acrosome normal, but acrosome 30 % (normal: 41 % to 59 %)",
        ),
        ("acrosome", "normal", {"acrosome_share": 0.7}, "acrosome normal, but acrosome 70 %"),
        ("acrosome", "normal", {"acrosome_share": 0.5}, ""),
        ("acrosome", "abnormal", {"acrosome_share": 0.5}, ""),
        ("acrosome", "normal", {"length_over_width": 2.3}, ""),
        ("vacuole", "normal", {"vacuole_share": 0.9}, ""),
    ],
)
def test_a_rule_fires_only_beyond_its_share_of_normal_cells(
    task: str, said: str, measured: dict[str, float], sentence: str
) -> None:
    found = disagreements({task: said}, measures(**measured), NORMAL)
    assert len(found) == bool(sentence)
    assert all(one.startswith(sentence) for one in found)


def test_nothing_is_said_of_an_outline_that_is_not_relied_on() -> None:
    odd = measures(length_over_width=2.3)
    assert disagreements({"head_shape": "normal"}, odd, NORMAL)
    assert not disagreements({"head_shape": "normal"}, replace(odd, reason="cut"), NORMAL)


def test_nothing_is_said_where_normal_cells_are_not_known() -> None:
    odd = measures(length_over_width=2.3, vacuole_share=0.9)
    assert not disagreements({"head_shape": "normal", "vacuole": "normal"}, odd, {})
    assert not disagreements({"vacuole": "normal"}, odd, {"head_shape": {"vacuole_share": NONE_MOSTLY}})


def test_every_rule_is_tried_above() -> None:
    marks = test_a_rule_fires_only_beyond_its_share_of_normal_cells.pytestmark[0].args[1]
    fired = {(said, *measured) for _, said, measured, sentence in marks if sentence}
    assert {(rule.says, rule.measure) for rule in RULES} == fired
