"""The tables of the page on outlines: each cell is the row that its line and column name."""

from __future__ import annotations

from spermlens.report.outline_tables import TABLES, conditions, errors, experts, judged, peers, real

UNSEEN = "unseen half"
HEADS = "heads, default look"


def row(dataset, task, metric, condition, value, **changes):
    given = {"dataset": dataset, "model": "outline", "task": task, "metric": metric, "condition": condition}
    given |= {"value": value, "low": value - 0.01, "high": value + 0.01, "method": "", "n_images": 40}
    return given | changes


def cells(table, line=0):
    return [cell.strip() for cell in table.splitlines()[2 + line].strip("|").split(" | ")]


def test_parts_against_experts():
    rows = [
        row("sperm_parsing", "head", "dice", f"{UNSEEN}; all", 0.95),
        row("sperm_parsing", "head", "dice", f"{UNSEEN}; reliable", 0.97, n_images=30),
        row("sperm_parsing", "head", "dice", "half looked at; all", 0.96, n_images=50),
        row("sperm_parsing", "head", "dice", f"{UNSEEN}; all", 0.5, model="otsu"),
        row("synthetic", "head", "dice", f"{UNSEEN}; all", 0.1),
    ]
    table = experts(rows)
    expected = ["head", "0.950 (0.940-0.960)", "0.970 (0.960-0.980)", "0.960 (0.950-0.970)", "–"]
    assert cells(table) == [*expected, "40 / 30 / 50"]
    assert cells(table, 1)[1:] == ["–"] * 4 + ["– / – / –"]


def test_a_line_for_every_look_that_was_drawn():
    rows = [row("synthetic", "head", "reliable", name, 0.9) for name in (HEADS, "blur: blur_px 2-3")]
    rows += [row("synthetic", "head", "dice_below_0.8", "blur: blur_px 2-3; reliable", 0.02)]
    rows += [row("sperm_parsing", "head", "reliable", name, 0.8) for name in ("half looked at", UNSEEN)]
    table = conditions(rows)
    assert [cells(table, line)[0] for line in range(3)] == [f"experts, {UNSEEN}", HEADS, "blur: blur_px 2-3"]
    assert cells(table, 2)[5] == "0.020 (0.010-0.030)"
    assert len(table.splitlines()) == 5


def test_errors_come_from_reliable_outlines():
    rows = [
        row("sperm_parsing", "width", "p95_error", f"{UNSEEN}; reliable", 0.12),
        row("sperm_parsing", "width", "p95_error", f"{UNSEEN}; all", 0.5),
        row("synthetic", "width", "median_error", f"{HEADS}; reliable", 0.02),
        row("sperm_parsing", "width", "median_signed_error", f"{UNSEEN}; reliable", -0.03),
    ]
    found = cells(errors(rows), 1)
    assert [found[0], *(cell[:6] for cell in found[1:6])] == ["width", "–", "0.120 ", "0.020 ", "–", "-0.030"]


def test_real_sets_name_the_commonest_reasons():
    rows = [row("smids", "head", "reliable", "normal", 0.8)]
    reasons = enumerate(("Far.", "Cut.", "Small.", "Rare."), 1)
    rows += [row("smids", "head", "reason", "normal", 0.1 / n, method=reason) for n, reason in reasons]
    rows += [row("smids", "head", "reason", "abnormal", 0.2, method="Other.")]
    assert cells(real(rows))[3] == "Far. 0.100 Cut. 0.050 Small. 0.033"


def test_others_are_held_against_ours_on_the_same_crops():
    rows = []
    for name, times in (("otsu", 0.1), ("morphological_chan_vese", 4.0)):
        here = {"method": f"on the crops of {name}"}
        rows.append(row("synthetic", "head", "dice", f"{HEADS}; all", 0.8, model=name))
        rows.append(row("synthetic", "head", "crops_per_second", f"{HEADS}; all", 900.0, model=name))
        rows.append(row("synthetic", "head", "crops_per_second", f"{HEADS}; all", 70.0, **here))
        rows.append(row("synthetic", "head", "times_as_fast", f"{HEADS}; all", times, **here))
        rows.append(row("synthetic", "head", "dice", f"{HEADS}; all", 0.97, **here))
    table = peers(rows)
    assert cells(table)[1:5] == ["spermlens", "0.970 (0.960-0.980)", "70 (70-70)", "1"]
    assert cells(table, 1)[3:5] == ["900 (900-900)", "0.100 (0.090-0.110)"]
    assert cells(table, 2)[4] == "4.000 (3.990-4.010)"
    assert len(table.splitlines()) == 5


def test_nobody_is_said_to_have_looked_who_has_not():
    assert judged([]) == "Nobody has judged any yet."
    rows = [row("mhsma", "head", "judged_wrong", "all looked at", 0.1, n_images=100)]
    assert cells(judged(rows)) == ["mhsma", "all looked at", "–", "0.100 (0.090-0.110)", "–", "–"]


def test_every_table_can_be_made_of_nothing():
    assert all(table([]) for table in TABLES.values())
