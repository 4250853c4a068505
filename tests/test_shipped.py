"""Models that come with the package: their cards tell what the committed tables tell."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import spermlens

HOUSE = Path(__file__).parent.parent


def test_the_shipped_model_of_real_heads_tells_what_it_rests_on() -> None:
    told = spermlens.load("hushem-head-shape", device="cpu").description
    assert told.data["name"] == "hushem"
    assert told.data["licence"] == "CC BY 4.0"
    assert "Shaker" in told.data["citation"]
    assert told.remembers_all
    assert set(told.voting) == {"head_shape"}
    assert told.faults
    assert any("not a medical device" in sentence for sentence in told.not_for)
    committed = json.loads((HOUSE / "experiments/results/hushem-paper.json").read_text(encoding="utf-8"))
    ours = {
        (row["metric"], row["condition"]): (row["value"], row["low"], row["high"])
        for row in committed["rows"]
        if row["recipe"] == "b0-cbam-and-measures"
    }
    card = {
        (row["metric"], row["condition"]): (row["value"], row["low"], row["high"]) for row in told.results
    }
    shared = set(ours) & set(card)
    assert len(shared) >= 10
    for key in shared:
        assert card[key] == pytest.approx(ours[key], abs=1e-9), key
