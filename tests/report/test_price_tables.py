"""The table of prices: each says what was timed, against what, and where."""

from __future__ import annotations

from typing import Any

import pytest

from spermlens.report.price_tables import price_table


def row(metric: str, value: float, more: str = "") -> dict[str, Any]:
    condition = f"cpu, 8 images at a time{more}"
    limits = {"low": value * 0.9, "high": value * 1.1}
    told = {"model": "efficientnet_b0_cbam", "metric": metric, "condition": condition, "n_images": 8}
    return {**told, "value": value, **limits}


def test_each_price_stands_in_its_line() -> None:
    rows = [row("added_over_forward", 0.01), row("predict_explain_over_predict", 2.0, ", 1 view")]
    _, _, maps, whole, _, protocol = price_table({"rows": rows, "protocol": "By turns."}).splitlines()
    assert maps.endswith("| a forward pass | cpu | 0.01 (0.009-0.011) |")
    assert whole.endswith("| rows of answers alone | cpu, 1 view | 2 (1.8-2.2) |")
    assert protocol == "EfficientNet-B0 with CBAM, 8 images at a time. By turns."


def test_a_price_without_words_is_an_error() -> None:
    with pytest.raises(KeyError, match="seconds"):
        price_table({"rows": [row("seconds", 1.0)], "protocol": ""})
