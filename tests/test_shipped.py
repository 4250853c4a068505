"""Models that come with the package: their cards tell what the committed tables tell."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import spermlens

HOUSE = Path(__file__).parent.parent


@pytest.mark.parametrize(
    ("name", "table", "line", "data", "cited", "voting"),
    [
        (
            "hushem-head-shape",
            "hushem-paper",
            "b0-cbam-smids-first-and-measures",
            "hushem",
            "Shaker",
            {"head_shape"},
        ),
        ("smids-cell", "smids-paper", "b0-cbam", "smids", "Ilhan", set()),
    ],
)
def test_a_shipped_model_of_real_cells_tells_what_it_rests_on(
    name: str, table: str, line: str, data: str, cited: str, voting: set[str]
) -> None:
    told = spermlens.load(name, device="cpu").description
    assert told.data["name"] == data
    assert told.data["licence"] == "CC BY 4.0"
    assert cited in told.data["citation"]
    assert told.remembers_all
    assert set(told.voting) == voting
    assert told.faults
    assert any("not a medical device" in sentence for sentence in told.not_for)
    committed = json.loads((HOUSE / f"experiments/results/{table}.json").read_text(encoding="utf-8"))
    ours = {
        (row["metric"], row["condition"]): (row["value"], row["low"], row["high"])
        for row in committed["rows"]
        if row["recipe"] == line
    }
    card = {
        (row["metric"], row["condition"]): (row["value"], row["low"], row["high"]) for row in told.results
    }
    shared = set(ours) & set(card)
    assert len(shared) >= 10
    for key in shared:
        assert card[key] == pytest.approx(ours[key], abs=1e-9), key
