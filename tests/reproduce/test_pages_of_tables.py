"""The pages made of a study's tables: with none of them, with some and with all."""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from drawn_jobs import Desk

from spermlens.report.paper_tables import IN_SHORT
from spermlens.reproduce.job import Job
from spermlens.reproduce.study_file import load_study
from spermlens.reproduce.tables import table_of

DOCS = Path(__file__).parents[2] / "docs"
OURS = ["our_numbers", "certainty", "what_pieces_are_worth", "readme"]
METRICS = ("accuracy", "f1_macro", "log_loss", "ece")


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """The module that fills pages from results, looking into an empty folder."""
    monkeypatch.syspath_prepend(DOCS)
    found = importlib.import_module("from_results")
    monkeypatch.setattr(found, "RESULTS", tmp_path)
    return found


@pytest.fixture
def write(desk: Desk, one: Callable[[str], Job], tmp_path: Path) -> Callable[..., None]:
    """Write results files as the study's tables are, of one repeat."""
    for path in ("one/plain-r100", "one/cbam-r100", "divided/cbam-r0", "divided/cbam-r1"):
        desk.commit(one(path))
    tables = [table_of(desk.name, part, desk.places, resamples=100) for part in desk.parts]
    of: dict[str, Any] = {"hushem-paper": tables[0], "holdout-paper": tables[1], "ablation": tables[0]}
    of["smids-paper"] = json.loads(json.dumps(tables[0]).replace('"hushem"', '"smids"'))

    def written(*names: str) -> None:
        for name in names:
            (tmp_path / f"{name}.json").write_text(json.dumps(of[name]), encoding="utf-8")

    return written


def test_without_results_a_page_says_which_are_not_there(pages: ModuleType) -> None:
    for page in OURS[:3]:
        assert "Not there yet" in getattr(pages, page)()
    assert "No results yet." in pages.readme()
    assert set(pages.pictures().values()) == {None}


def test_some_results_are_shown_beside_what_is_not_there(
    pages: ModuleType, write: Callable[..., None]
) -> None:
    write("hushem-paper", "ablation")
    numbers = pages.our_numbers()
    assert "`experiments/results/smids-paper.json`" in numbers
    assert "`experiments/results/hushem-paper.json`" not in numbers
    assert (
        "| HuSHeM | **EfficientNet-B0 and EfficientNet-B0 with CBAM, 8 views, calibrated (ours)** |"
        in numbers
    )
    assert "smids-paper.json" in pages.certainty()
    assert "Not there yet" not in pages.what_pieces_are_worth()
    readme = pages.readme()
    assert "HuSHeM: 2 of 6 trainings are in these figures." in readme
    assert readme.count("| HuSHeM |") == 1  # ours: no other is named, and the ablation stays out
    drawn = {name for name, svg in pages.pictures().items() if svg}
    assert drawn == {"reliability-hushem.svg", "risk-hushem.svg"}


def test_images_a_second_are_shown_once_they_were_timed(pages: ModuleType, tmp_path: Path) -> None:
    assert "Images a second" not in pages.our_numbers()
    row = {"model": "simple_cnn", "condition": "cpu, 1 thread, 1 view", "value": 2.0, "low": 1.0, "high": 3.0}
    row |= {"metric": "times_as_fast", "method": "as a plain network"}
    told = {"claim": "How fast.", "protocol": "By turns.", "rows": [row]}
    (tmp_path / "bench-predict.json").write_text(json.dumps(told), encoding="utf-8")
    found = pages.our_numbers()
    assert "## Images a second\n\nHow fast.\n\n| Network | Views |" in found
    assert "Protocol: By turns." in found


def test_the_first_training_makes_no_page_fail(
    pages: ModuleType, desk: Desk, one: Callable[[str], Job], tmp_path: Path
) -> None:
    """It is not the one that others are compared with, so most tables have nothing to say yet."""
    desk.commit(one("one/plain-r100"))
    table = table_of(desk.name, desk.parts[0], desk.places, resamples=100)
    for name in ("hushem-paper", "ablation"):
        (tmp_path / f"{name}.json").write_text(json.dumps(table), encoding="utf-8")
    assert "| HuSHeM | EfficientNet-B0, 8 views, calibrated | " in pages.our_numbers()
    assert pages.certainty().count("/hushem-paper.json") == 5
    assert "Not there yet" in pages.what_pieces_are_worth()
    assert "HuSHeM: 1 of 6 trainings" in pages.readme()
    assert set(pages.pictures().values()) == {None}


def test_with_all_results_nothing_is_left_out(pages: ModuleType, write: Callable[..., None]) -> None:
    write("hushem-paper", "smids-paper", "holdout-paper", "ablation")
    written = [getattr(pages, page)() for page in OURS]
    assert not [text for text in written if "Not there yet" in text]
    shown = set(re.findall(r"\.\./pictures/([\w-]+\.svg)", "".join(written)))
    assert shown == set(pages.pictures())
    assert None not in pages.pictures().values()
    assert "2 divisions of the same images, 12 tested in each" in written[0]


def test_results_without_a_paper_table_stay_in_the_readme(pages: ModuleType, tmp_path: Path) -> None:
    row = {"dataset": "hushem", "task": "t", "model": "m", "recipe": "r", "condition": "8 views", "runs": ""}
    scores = [
        {**row, "metric": metric, "value": 0.5, "low": 0.4, "high": 0.6, "n_images": 9} for metric in METRICS
    ]
    (tmp_path / "first.json").write_text(json.dumps({"rows": scores}), encoding="utf-8")
    readme = pages.readme()
    assert "| hushem | t | m | 8 views | 0.500 (0.400-0.600) |" in readme
    assert "These are first, untuned recipes" in readme


def test_the_pages_name_what_the_study_has(pages: ModuleType) -> None:
    _, study = load_study("paper")
    parts = {part.table: part for part in study.parts}
    assert {*pages.PAPERS.values(), pages.HOLDOUT, pages.ABLATION} == set(parts)
    for table in pages.PAPERS.values():
        assert set(IN_SHORT) <= {recipe.name for recipe in parts[table].recipes}
        assert parts[table].best
