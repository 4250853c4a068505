"""The tables on MHSMA say what the files say: theirs beside ours, task by task, sharing told both ways."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from types import ModuleType

import pytest
from drawn_mhsma import groups, official
from scipy.stats import beta

from spermlens.report import part_tables, question_tables
from spermlens.report.published_questions import METRICS, NORMAL, PRINTED, TARGETS, TESTED
from spermlens.reproduce.study_file import load_study

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    monkeypatch.syspath_prepend(DOCS)
    found = importlib.import_module("from_results")
    monkeypatch.setattr(found, "RESULTS", tmp_path)
    return found


def cells(table: str, *begin: str) -> list[list[str]]:
    """The lines whose first cells are these."""
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    return [line for line in lines if line[: len(begin)] == list(begin)]


@pytest.mark.parametrize("one", PRINTED, ids=lambda one: f"{one.who}, {one.task}")
def test_what_was_printed_agrees_with_itself(one: object) -> None:
    """Accuracy, precision and recall of 300 images hang together; so a figure copied wrongly shows."""
    accuracy, precision, recall, f_half, g_mean, *_ = one.values  # type: ignore[attr-defined]
    normal = NORMAL[one.task]  # type: ignore[attr-defined]
    found = round(recall * normal)
    wrong = round(found / precision) - found
    assert found / normal == pytest.approx(recall, abs=2e-4)
    assert (found + TESTED - normal - wrong) / TESTED == pytest.approx(accuracy, abs=2e-4)
    assert 1.25 * precision * recall / (0.25 * precision + recall) == pytest.approx(f_half, abs=2e-4)
    assert (precision * recall) ** 0.5 == pytest.approx(g_mean, abs=2e-4)


def test_the_study_marks_what_the_page_prints() -> None:
    _, study = load_study("mhsma")
    names = {"Javadi and Mirroshandel 2019": "Javadi 2019", "Abbasi 2020, DTL": "DTL 2020"}
    names["Abbasi 2020, DMTL"] = "DMTL 2020"
    said = {(m.who, m.task, m.metric): m.value for m in study.parts[0].marks}
    for one in PRINTED:
        for metric, value in zip(METRICS, one.values, strict=True):
            assert said.get((names[one.who], one.task, metric), value) == value
    assert {part.table for part in study.parts} == {"mhsma-official", "mhsma-groups"}
    known = {recipe.name for part in study.parts for recipe in part.recipes}
    known |= {name for part in study.parts for name in part.added} | {"commonest"}
    known |= {panel.name for part in study.parts for panel in part.panels}
    assert set(question_tables.RECIPES) <= known


def test_theirs_stand_above_ours_and_each_of_ours_once_a_threshold() -> None:
    table = question_tables.as_printed(official())
    lines = cells(table, "acrosome")
    assert [line[1] for line in lines] == [
        "Javadi and Mirroshandel 2019",
        "Abbasi 2020, DTL",
        "Abbasi 2020, DMTL",
        "the commonest class, always: no network",
        "**one network, four answers (ours)**",
        "**one network, four answers (ours)**, threshold from validation",
        "a network for each question",
        "a network for each question, threshold from validation",
    ]
    assert lines[1][2:] == ["0.790", "0.802", "0.934", "0.826", "0.866", "0.796", "0.445", "300"]
    assert lines[4][2] == "0.800 (0.750-0.850)"
    assert lines[4][3] == "0.805 (0.750-0.850)"  # precision of normal cells, sixth of the drawn scores
    assert lines[5][2] == "0.820 (0.770-0.870)"
    assert lines[4][-1] == "300, 3 times"
    assert len(cells(table, "tail")) == 5  # nobody printed it
    assert table.endswith("Protocol: one split.")


def test_our_own_scores_leave_out_what_was_not_meant() -> None:
    table = question_tables.as_we_judge(official())
    (always,) = cells(table, "acrosome", "the commonest class, always: no network")
    assert always[-3:-1] == ["–", "–"]
    (joint,) = cells(table, "tail", "**one network, four answers (ours)**")
    assert joint[2:5] == ["0.901 (0.850-0.950)", "0.902 (0.850-0.950)", "0.904 (0.850-0.950)"]


def test_sharing_is_the_official_figure_less_that_of_folds() -> None:
    table = question_tables.sharing(official(), groups())
    (line,) = cells(table, "acrosome", "a network for each question", "Accuracy")
    assert line[3:] == ["0.700 (0.650-0.750)", "0.650 (0.600-0.700)", "+0.050"]
    assert not cells(table, "acrosome", "the commonest class, always: no network")
    assert len(cells(table, "tail")) == 2 * 3


@pytest.mark.parametrize(
    ("plus", "said"),
    [(0.0, "no"), (0.03, "yes, but not with its whole interval"), (0.08, "yes, with its whole interval")],
)
def test_a_target_is_reached_or_not(plus: float, said: str) -> None:
    told = official()
    for row in told["rows"]:
        row |= {key: row[key] + plus for key in ("value", "low", "high")}
    table = question_tables.targets(told)
    (line,) = cells(table, "acrosome", "Accuracy")
    assert line[2] == "0.82"
    assert line[-1] == said
    assert cells(table, "head", "Accuracy")[0][3:] == ["–", "–"]
    assert set(TARGETS) == {"acrosome", "head", "vacuole"}


def test_intervals_are_those_of_the_beta_distribution() -> None:
    (line,) = cells(question_tables.intervals(), "head", "our target")
    low, high = beta.ppf(0.025, 255, 46), beta.ppf(0.975, 256, 45)
    assert line[2:] == ["255 of 300", "85.0 %", f"{100 * low:.1f}-{100 * high:.1f} %"]
    assert line[-1] == "80.4-88.8 %"


def test_the_page_says_what_is_not_there_and_then_shows_it(pages: ModuleType, tmp_path: Path) -> None:
    empty = pages.three_questions()
    assert empty.count("Not there yet") == 8
    assert "mhsma-official.json`, which `spermlens reproduce mhsma --tables`" in empty
    (tmp_path / "mhsma-official.json").write_text(json.dumps(official()), encoding="utf-8")
    assert pages.three_questions().count("Not there yet") == 5
    (tmp_path / "mhsma-groups.json").write_text(json.dumps(groups()), encoding="utf-8")
    assert pages.three_questions().count("Not there yet") == 3  # of drawings
    assert "No results yet." in pages.readme()  # they have a page of their own


def test_maps_are_told_by_part_and_their_differences_are_paired() -> None:
    said = {"task": "acrosome", "method": "cam", "n_images": 9, "low": 1.0, "high": 3.0}
    at = "in the middle; defect called by its name; "
    pairs = [("energy_over_area", "acrosome", 2.0), ("energy_over_area_change", "acrosome", 1.5)]
    pairs += [("energy_over_area", "blob", 1.2)]
    pairs += [(f"energy_over_area{of}_difference", "acrosome less head_shape", 0.5) for of in ("", "_change")]
    rows = [{**said, "metric": metric, "condition": at + of, "value": value} for metric, of, value in pairs]
    rows.append({**said, "metric": "read", "condition": "in the middle; every drawing", "value": 0.2})
    told = {"rows": rows}
    found = cells(part_tables.parts(told), "acrosome")
    assert [line[3:] for line in found] == [
        ["acrosome", "2.000 (1.000-3.000)", "1.500 (1.000-3.000)", "9"],
        ["*blob in the middle*", "1.200 (1.000-3.000)", "–", "9"],
    ]
    (line,) = cells(part_tables.differences(told), "acrosome")
    assert line[3:] == ["defect called by its name", "0.500 (1.000 to 3.000)", "0.500 (1.000 to 3.000)", "9"]
    assert cells(part_tables.called(told), "acrosome")[0][2] == "0.200 (1.000-3.000)"
