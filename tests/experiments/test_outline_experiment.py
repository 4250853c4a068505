"""How outlines are judged: the experts' parts, rows and back, figures from rows, and what was looked at."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import outline_summary
import pytest
from outline_cases import DEFAULT, LOOKED_AT, UNSEEN, Case, expert_parts, half_of
from outline_rows import COLUMNS, OURS, chan_vese, otsu, read_rows, rows_of, write_rows
from outline_summary import judgements, read_judgements, summary, write_judgements

from spermlens.errors import DataCorrupt
from spermlens.evaluate.overlap import dice

RESULTS = Path(__file__).parents[2] / "experiments" / "results"
SIDE = 96
ROWS, COLS = np.mgrid[0:SIDE, 0:SIDE]
HEAD = ((ROWS - 48) / 14) ** 2 + ((COLS - 48) / 23) ** 2 <= 1
FRONT = HEAD & (COLS > 55)


def disc(x, y, radius):
    return (ROWS - y) ** 2 + (COLS - x) ** 2 <= radius**2


@pytest.fixture(scope="module")
def image():
    light = np.where(HEAD, 90, 225) + np.where(FRONT, 50, 0)
    noise = np.random.default_rng(2).normal(0, 2, (SIDE, SIDE, 3))
    return (light[..., None] + noise + [0, -20, 0]).clip(0, 255).astype(np.uint8)


def case(image, **changes):
    truth = {"head": HEAD, "acrosome": FRONT, "vacuole": HEAD & False}
    given = {"dataset": "made", "condition": "plain", "id": "0007", "unit": "01", "image": image}
    return Case(**(given | {"truth": truth} | changes))


def row(number, **changes):
    given = dict.fromkeys(COLUMNS) | {"dataset": "d", "condition": "c", "model": OURS, "reason": ""}
    given |= {"image": f"i{number}", "unit": f"i{number}", "seconds": 0.01, "reliability": 1.0}
    return given | changes


def figures(rows):
    return {(one.model, one.task, one.metric, one.condition): one for one in summary(rows)}


def test_a_vacuole_of_the_experts_is_given_back_to_what_surrounds_it():
    in_front, behind = disc(62, 48, 3), disc(40, 48, 4)
    holes = in_front | behind
    masks = {"head": HEAD, "acrosome": FRONT & ~holes, "nucleus": HEAD & ~FRONT & ~holes, "vacuole": holes}
    masks |= {"midpiece": disc(20, 48, 3), "tail": HEAD & False}
    parts = expert_parts(SimpleNamespace(masks=masks))
    assert (parts["acrosome"] == FRONT).all()
    assert (parts["vacuole"] == holes).all()
    assert set(parts) == {"head", "acrosome", "vacuole", "midpiece"}  # no tail was outlined


def test_halves_are_told_apart_by_the_group_alone():
    halves = [half_of(f"{number:06d}") for number in range(400)]
    assert set(halves) == {UNSEEN, LOOKED_AT}
    assert 160 < halves.count(UNSEEN) < 240
    assert half_of("") == UNSEEN  # a hash that ends in ...855, as published with the standard


@pytest.mark.parametrize("way", [otsu, chan_vese])
def test_other_ways_find_a_plain_head(way, image):
    assert dice(way(image), HEAD) > 0.97
    assert not way(np.full((64, 64, 3), 128, np.uint8)).all()


def test_rows_say_what_was_found_and_come_back_from_a_file(image, tmp_path):
    found = list(rows_of([case(image, with_peers=True), case(image, id="'=1", truth=None)]))
    assert [one["model"] for one in found] == [OURS, "otsu", "morphological_chan_vese", OURS]
    first = found[0]
    assert first["dice_head"] > 0.95
    assert first["true_head"] == np.count_nonzero(HEAD)
    assert first["true_nucleus"] == np.count_nonzero(HEAD & ~FRONT)
    assert (first["true_vacuole"], first.get("dice_vacuole")) == (0, None)
    assert "true_tail" not in first
    assert first["measured_length"] == pytest.approx(first["should_length"], rel=0.05)
    assert "found_head" not in found[3]
    write_rows(tmp_path / "rows.csv", found)
    back = read_rows(tmp_path / "rows.csv")
    assert back == [dict.fromkeys(COLUMNS) | one | {"reliability": one.get("reliability")} for one in found]
    assert back[0]["unit"] == "01"


def test_a_part_that_was_not_drawn_counts_nought():
    rows = [
        row(0, true_head=100, found_head=90, dice_head=0.9, true_tail=50, found_tail=60, dice_tail=0.6),
        row(1, true_head=100, found_head=110, dice_head=0.7, true_tail=50),
        row(2, true_head=100, found_head=100, dice_head=1.0, true_tail=0, found_tail=9, reason="Cut."),
        row(3, true_tail=0),
    ]
    found = figures(rows)
    values = {key[1:]: one.value for key, one in found.items()}
    assert values["head", "dice", "c; all"] == pytest.approx(2.6 / 3)
    assert values["head", "dice", "c; reliable"] == pytest.approx(0.8)
    assert values["head", "dice_below_0.8", "c; all"] == pytest.approx(1 / 3)
    assert values["head", "reliable", "c"] == 0.75
    assert values["head", "reason", "c"] == 0.25
    assert values["tail", "dice", "c; all"] == pytest.approx(0.3)
    assert values["tail", "dice_where_drawn", "c; all"] == pytest.approx(0.6)
    assert values["tail", "area_bias", "c; all"] == pytest.approx(0.2)
    assert values["tail", "drawn", "c; all"] == 0.5
    assert values["tail", "invented", "c; all"] == 0.5
    assert found[OURS, "tail", "dice", "c; all"].n_images == 2
    assert found[OURS, "head", "reliable", "c"].interval == outline_summary.EXACT


def test_errors_are_parts_of_the_truth():
    rows = [
        row(n, true_head=9, found_head=9, dice_head=1, measured_length=50 + n - 10, should_length=50)
        for n in range(21)
    ]
    values = {key[1:3]: one.value for key, one in figures(rows).items()}
    assert values["length", "median_error"] == pytest.approx(0.1)
    assert values["length", "p95_error"] == pytest.approx(0.2)
    assert values["length", "median_signed_error"] == 0


def test_speeds_are_compared_on_the_same_crops():
    heads = {"true_head": 9, "found_head": 9, "dice_head": 1}
    rows = [row(n, seconds=0.01, **heads) for n in range(3)]
    rows += [row(n, model="otsu", seconds=0.04, reason="", **heads) for n in (0, 1)]
    found = figures(rows)
    assert found["otsu", "head", "crops_per_second", "c; all"].value == pytest.approx(25)
    assert found[OURS, "head", "times_as_fast", "c; all"].value == pytest.approx(4)
    assert found[OURS, "head", "crops_per_second", "c; all"].n_images == 2


def test_images_of_a_unit_have_no_exact_interval():
    found = figures([row(n, unit=f"u{n // 2}") for n in range(6)])
    assert "3 units" in found[OURS, "head", "reliable", "c"].interval


def test_what_was_looked_at_is_counted(tmp_path):
    path = tmp_path / "looked-at.csv"
    judged = [("right", "yes"), ("right", "no"), ("wrong", "yes"), ("no head", "no")]
    write_judgements(path, [("mhsma", "7", f"i{n}", *said) for n, said in enumerate(judged)])
    found = {(one.metric, one.condition): (one.value, one.n_images) for one in judgements(path)}
    assert found["judged_right", "all looked at"] == (0.5, 4)
    assert found["judged_wrong", "reliable looked at"] == (0.5, 2)
    assert found["judged_no_head", "reliable looked at"] == (0, 2)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("mhsma", "7", "i1", "fine", "yes")], "line 2: found judged 'fine'"),
        ([("mhsma", "7", "i1", "", "yes")], "line 2: found judged ''"),
        ([("mhsma", "7", "i1", "right", "yes")] * 2, "line 3: 'i1' is judged twice"),
    ],
)
def test_what_is_no_judgement_is_named(tmp_path, rows, message):
    write_judgements(tmp_path / "looked-at.csv", rows)
    with pytest.raises(DataCorrupt, match=message):
        read_judgements(tmp_path / "looked-at.csv")


def test_committed_figures_are_those_of_the_committed_rows():
    rows = read_rows(RESULTS / "outline.csv")
    told = json.loads((RESULTS / "outline.json").read_text(encoding="utf-8"))["rows"]
    values = {(r["model"], r["task"], r["metric"], r["condition"], r["method"]): r["value"] for r in told}
    for condition in (DEFAULT, UNSEEN):
        mine = [one for one in rows if one["condition"] == condition and one["model"] == OURS]
        trusted = [one for one in mine if not one["reason"]]
        for which, group in (("all", mine), ("reliable", trusted)):
            mean = np.mean([one["dice_head"] or 0 for one in group])
            assert values[OURS, "head", "dice", f"{condition}; {which}", ""] == pytest.approx(mean)
        assert values[OURS, "head", "reliable", condition, ""] == pytest.approx(len(trusted) / len(mine))
    by_eye = [(one.metric, one.value) for one in judgements(RESULTS / "outline-looked-at.csv")]
    assert by_eye == [(r["metric"], r["value"]) for r in told if r["metric"].startswith("judged_")]
