"""The pages whose tables and pictures follow from experiments/results; their text is written by hand.

A results file that is not there yet leaves a sentence in the place of its table, and no picture.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from spermlens.report import question_tables
from spermlens.report.ablation_tables import pieces
from spermlens.report.background_tables import flagged
from spermlens.report.cause_tables import TABLES as CAUSE_TABLES
from spermlens.report.certainty_tables import TABLES as CERTAINTY_TABLES
from spermlens.report.certainty_tables import certain_lines
from spermlens.report.outline_tables import TABLES as OUTLINE_TABLES
from spermlens.report.pace_tables import pace_table
from spermlens.report.paper_figures import holdout_figure, reliability_figure, risk_figure
from spermlens.report.paper_lines import DATA, VIEWS
from spermlens.report.paper_tables import comparisons, in_short, luck, ours, published, recalls
from spermlens.report.part_tables import TABLES as PART_TABLES
from spermlens.report.price_tables import price_table
from spermlens.report.rare_tables import OF_TUNED
from spermlens.report.rare_tables import TABLES as RARE_TABLES
from spermlens.report.shape_tables import TABLES as SHAPE_TABLES
from spermlens.report.tables import replace_block, results_table
from spermlens.report.verdict_tables import TABLES as VERDICT_TABLES
from spermlens.reproduce.without_twins import twins_table

DOCS = Path(__file__).parent
HOUSE = DOCS.parent
RESULTS = HOUSE / "experiments/results"
README_METRICS = ("accuracy", "f1_macro", "log_loss", "ece")
ALL_METRICS = ("accuracy", "balanced_accuracy", "f1_macro", "mcc", "log_loss", "brier", "ece")
PAPERS = {data: f"{data}-paper" for data in DATA}
HOLDOUT, ABLATION = "holdout-paper", "ablation"
OFFICIAL, GROUPS = "mhsma-official", "mhsma-groups"
PACE, PRICES = "bench-predict", "bench-explain"
NOT_THERE_OF = (
    "*Not there yet: it follows from `experiments/results/{}.json`, which `spermlens reproduce {} "
    "--tables` writes when its trainings are done.*"
)
NOT_THERE = NOT_THERE_OF.replace("reproduce {}", "reproduce paper")
CAUSES_NOT_THERE = "*Not there yet: it follows from `experiments/known_causes.py`.*"
FLAG_NOT_THERE = "*Not there yet: it follows from `experiments/on_background.py`.*"
PRICES_NOT_THERE = "*Not there yet: it follows from `spermlens bench explain`.*"
RARE_NOT_THERE = "*Not there yet: it follows from `experiments/imbalance.py`.*"
TUNED_NOT_THERE = "*Not there yet: it follows from `experiments/imbalance_tuned.py`.*"
PARTS_NOT_THERE = "*Not there yet: it follows from `experiments/task_causes.py`.*"
VERDICT_NOT_THERE = "*Not there yet: it follows from `experiments/verdict.py {}`.*"
AS_USED = """\
Each network stands as it is used: the mean of what it says of several turned and mirrored views, its
confidence corrected by a temperature that other folds chose. Ours was chosen on inner images before any
figure of its own on these repeats was known. All lines, recalls and comparisons: [our numbers and the
papers'](docs/concepts/our-numbers.md)."""
FIRST = """\
These are first, untuned recipes: one was fixed, run once, and written down. `synthetic-heads` learned from
drawings alone, which were made by looking at pictures of HuSHeM, not at any score on them."""


def results() -> str:
    """Every results file with scores of classes, all its lines."""
    lines = ["# Results", ""]
    for path in _with_scores():
        found = json.loads(path.read_text(encoding="utf-8"))
        lines += [f"## {path.stem}", "", found["claim"], "", f"Protocol: {found['protocol']}", ""]
        lines += [results_table(found, metrics=ALL_METRICS), ""]
    return "\n".join(lines)


def readme() -> str:
    """The README's table: real cells only, and in short where the paper's table is there."""
    papers = {data: told for data, name in PAPERS.items() if (told := _read(name))}
    parts = [in_short(list(papers.values()))] if papers else []
    own_page = {*PAPERS.values(), HOLDOUT, ABLATION, OFFICIAL, GROUPS}
    others = [path for path in _with_scores() if path.stem not in own_page]
    rows = [row for path in others for row in json.loads(path.read_text(encoding="utf-8"))["rows"]]
    rows = [row for row in rows if row["dataset"] not in {"synthetic", *papers}]
    if rows:
        parts.append(results_table({"rows": rows}, metrics=README_METRICS))
    if any(VIEWS.fullmatch(row["condition"]) for row in rows):
        parts.append(FIRST)
    parts += [AS_USED] if papers else [] if rows else ["No results yet."]
    parts += [_unfinished(data, told["jobs"]) for data, told in papers.items() if told["jobs"]["missing"]]
    return _filled(HOUSE / "README.md", {"results": "\n\n".join(parts)})


def outlines() -> str:
    """The page on outlines with its tables."""
    rows = (_read("outline") or {"rows": []})["rows"]
    return _filled(
        DOCS / "concepts/outline.md", {name: table(rows) for name, table in OUTLINE_TABLES.items()}
    )


def shape_alone() -> str:
    """The page on what needs no network, with its tables."""
    told = _read("shape") or {}
    return _filled(DOCS / "concepts/shape-alone.md", {n: table(told) for n, table in SHAPE_TABLES.items()})


def rare_defects() -> str:
    """The page on rare classes, with the tables of the screening and of what was fine-tuned."""
    told, tuned = _read("imbalance"), _read("imbalance-tuned")
    blocks = {name: table(told) if told else RARE_NOT_THERE for name, table in RARE_TABLES.items()}
    blocks |= {name: table(tuned) if tuned else TUNED_NOT_THERE for name, table in OF_TUNED.items()}
    return _filled(DOCS / "how-to/rare-defects.md", blocks)


def measured_reasons() -> str:
    """The page on what reasons are worth, with the tables of known causes."""
    told = _read("known-causes")
    blocks = {name: table(told["rows"]) if told else CAUSES_NOT_THERE for name, table in CAUSE_TABLES.items()}
    away = _read("reasons-on-background")
    blocks["flagged"] = flagged(away["rows"]) if away else FLAG_NOT_THERE
    return _filled(DOCS / "concepts/measured-reasons.md", blocks)


def verdict_on_attention() -> str:
    """The page on whether attention makes reasons better, with its tables."""
    blocks = {}
    for data in DATA:
        rows = (_read(f"explain-{data}") or {"rows": []})["rows"]
        for name, table in VERDICT_TABLES.items():
            blocks[f"{data}-{name}"] = table(rows) or VERDICT_NOT_THERE.format(data)
    return _filled(DOCS / "concepts/verdict-on-attention.md", blocks)


def three_questions() -> str:
    """The page on one network of several answers, with its tables."""
    official, groups, parts = _read(OFFICIAL), _read(GROUPS), _read("task-causes")
    blocks = {"questions-intervals": question_tables.intervals()}
    for name, table in question_tables.OF_OFFICIAL.items():
        blocks[name] = table(official) if official else NOT_THERE_OF.format(OFFICIAL, "mhsma")
    absent = NOT_THERE_OF.format(GROUPS, "mhsma")
    blocks["questions-groups"] = question_tables.in_groups(groups) if groups else absent
    both = question_tables.sharing(official, groups) if official and groups else ""
    blocks["questions-sharing"] = both or NOT_THERE_OF.format(OFFICIAL if groups else GROUPS, "mhsma")
    blocks |= {name: table(parts) if parts else PARTS_NOT_THERE for name, table in PART_TABLES.items()}
    return _filled(DOCS / "concepts/three-questions.md", blocks)


def maps() -> str:
    """The page on maps, with what they cost."""
    told = _read(PRICES)
    return _filled(DOCS / "concepts/maps.md", {"prices": price_table(told) if told else PRICES_NOT_THERE})


def our_numbers() -> str:
    """The page on our numbers and the papers', with ours."""
    blocks = {"intervals": published()}
    for data, name in PAPERS.items():
        told = _read(name)
        for block, table in (("ours", ours), ("recalls", recalls), ("comparisons", comparisons)):
            there = told and (told["comparisons"] or block != "comparisons")
            blocks[f"{data}-{block}"] = table(told) if there else NOT_THERE.format(name)
    blocks["smids-twins"] = twins_table(RESULTS)
    told = _read(HOLDOUT)
    shown = _shown("holdout.svg", "A dot for every division at the accuracy it came to")
    blocks["holdout"] = f"{shown}\n\n{luck(told)}" if told else NOT_THERE.format(HOLDOUT)
    paces = _read(PACE)
    blocks["pace"] = f"## Images a second\n\n{paces['claim']}\n\n{pace_table(paces)}" if paces else ""
    return _filled(DOCS / "concepts/our-numbers.md", blocks)


def certainty() -> str:
    """The page on certainty, with its tables and pictures."""
    there = {data: told for data, name in PAPERS.items() if (told := _certain(name))}
    absent = [NOT_THERE.format(name) for data, name in PAPERS.items() if data not in there]
    pictures = (("reliability", "share right by confidence"), ("risk", "share wrong by share decided"))
    blocks = {
        kind: [_shown(f"{kind}-{data}.svg", f"{DATA[data]}: {words}") for data in there]
        for kind, words in pictures
    }
    for name, table in CERTAINTY_TABLES.items():
        blocks[name] = [table(list(there.values()))] if there else []
    whole = {name: "\n\n".join([*parts, *absent]) for name, parts in blocks.items()}
    return _filled(DOCS / "concepts/certainty.md", whole)


def what_pieces_are_worth() -> str:
    """The page on ablations, with its table."""
    told = _read(ABLATION)
    there = told and (told["views"] or told["comparisons"])
    block = f"{pieces(told)}\n\nProtocol: {told['protocol']}" if there else NOT_THERE.format(ABLATION)
    return _filled(DOCS / "concepts/what-each-piece-is-worth.md", {"pieces": block})


def pictures() -> dict[str, str | None]:
    """Every picture that is drawn from results, by file name; None where there is nothing to draw."""
    holdout = _read(HOLDOUT)
    drawn = {"holdout.svg": holdout_figure(holdout) if holdout else None}
    for data, name in PAPERS.items():
        told = _certain(name)
        drawn[f"reliability-{data}.svg"] = reliability_figure(told) if told else None
        drawn[f"risk-{data}.svg"] = risk_figure(told) if told else None
    return drawn


def _read(name: str) -> dict[str, Any] | None:
    path = RESULTS / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def _certain(name: str) -> dict[str, Any] | None:
    """The file, once ours or the reference is among what it holds."""
    told = _read(name)
    return told if told and certain_lines(told) else None


def _filled(page: Path, blocks: Mapping[str, str]) -> str:
    text = page.read_text(encoding="utf-8")
    for name, content in blocks.items():
        text = replace_block(text, name, content)
    return text


def _shown(picture: str, words: str) -> str:
    return f"![{words}](../pictures/{picture})"


def _unfinished(data: str, jobs: Mapping[str, Any]) -> str:
    return f"{DATA[data]}: {jobs['committed']} of {jobs['wanted']} trainings are in these figures."


def _with_scores() -> list[Path]:
    """The files that hold scores of classes; others hold counts, or have a page of their own."""
    found = []
    for path in sorted(RESULTS.glob("*.json")):
        rows = json.loads(path.read_text(encoding="utf-8")).get("rows", [])
        if any(row.get("metric") == "accuracy" for row in rows):
            found.append(path)
    return found
