"""The table of the flag: the limit in use and its neighbours, each with interval and n."""

from __future__ import annotations

from spermlens.predict.reason_rows import LIMIT
from spermlens.report.background_tables import flagged


def row(limit, value, **more):
    return {
        "dataset": "hushem",
        "condition": "heads not seen in training",
        "model": "a_net",
        "task": "head_shape",
        "metric": f"share_above_{limit:g}",
        "value": value,
        "low": value / 2,
        "high": min(1.0, 2 * value),
        "n_images": 196,
        **more,
    }


def test_a_line_a_network_with_the_limit_in_use_and_its_neighbours() -> None:
    rows = [row(limit, (10 - 10 * limit) / 10) for limit in (0.5, 0.6, 0.7, 0.8, 0.9)]
    told = flagged([*rows, row(LIMIT, 0.02, model="another_net", n_images=190)]).splitlines()
    assert "above 0.7 | above 0.8, in use | above 0.9" in told[0]
    assert told[2] == (
        "| hushem | heads not seen in training | `a_net` | head shape | 0.300 (0.150-0.600) "
        "| 0.200 (0.100-0.400) | 0.100 (0.050-0.200) | 196 |"
    )
    assert told[3].endswith("| `another_net` | head shape | – | 0.020 (0.010-0.040) | – | 190 |")
