"""What of a reason stands in a row, and when it is doubted."""

from __future__ import annotations

import numpy as np

from spermlens.predict.reason_rows import FLAG, LIMIT, on_background, reason_cells, reason_columns
from spermlens.types import Explanation, Prediction, Reading, Status, Task

TASK = Task("head_shape", ("normal", "big_head"))


def reading(*scores: dict[str, float]) -> Reading:
    said = Prediction(
        id="a",
        probabilities={"head_shape": np.array([0.2, 0.8])},
        decisions={"head_shape": "big_head"},
        status=Status.DECIDED,
        model_id="m",
    )
    found = tuple(
        Explanation(
            heat=np.ones((4, 4), np.float32),
            peak=1,
            status="evidence",
            map_size=(4, 6),
            task="head_shape",
            target="big_head",
            method=method,
            layer="pooled",
            scores=one,
        )
        for method, one in zip(("cam", "occlusion"), scores, strict=False)
    )
    return Reading(image=None, prediction=said, explanations=found)


def test_each_method_has_its_own_columns_and_all_share_a_flag() -> None:
    found = reason_columns([TASK], ["cam", "occlusion"], steady=True)
    assert found[0] == "head_shape_cam_map_size"
    assert found.count(FLAG) == 1
    assert len(found) == 2 * 6 + 1
    assert set(reason_cells(reading({"energy_in_head": 0.5}, {"stability": 0.1}))) <= set(found)


def test_the_flag_rises_above_the_limit_only() -> None:
    for away, flagged in ((LIMIT, False), (LIMIT + 0.01, True)):
        cells = reason_cells(reading({"energy_on_background": away, "peak_in_head": 1.0}))
        assert bool(cells[FLAG]) == flagged
        assert cells["head_shape_cam_peak_in_head"] == 1


def test_it_says_class_share_and_method() -> None:
    both = reading({"energy_on_background": 0.9}, {"energy_on_background": 0.95})
    assert list(on_background(both.explanations)) == [
        "head shape big head: 90 % of the evidence (CAM) lies away from the head",
        "head shape big head: 95 % of the evidence (Occlusion) lies away from the head",
    ]


def test_what_is_not_known_is_neither_flagged_nor_cleared() -> None:
    assert reason_cells(reading({"stability": 0.4}))[FLAG] is None
    assert reason_cells(reading({"energy_on_background": 0.1}))[FLAG] == ""
