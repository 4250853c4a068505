"""Write what documents derive from code and results; with --check only say whether they agree.

reference/commands.md    from the command line itself
reference/datasets.md    from the cards
reference/settings.md    from the experiment's schema
reference/measures.md    from the table of definitions
how-to/when-things-go-wrong.md    from the table of faults that the tests try
concepts/outline.md      its tables, from experiments/results/outline.json
concepts/shape-alone.md  its tables, from experiments/results/shape.json
README.md                its tables, from experiments/results/*.json
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from from_code import commands, datasets, faults, measures, settings

from spermlens.report.outline_tables import TABLES as OUTLINE_TABLES
from spermlens.report.shape_tables import TABLES as SHAPE_TABLES
from spermlens.report.tables import replace_block, results_table

DOCS = Path(__file__).parent
HOUSE = DOCS.parent
WRITTEN_BY = "<!-- written by docs/generate.py: change the source, then run `make docs` -->\n\n"
README_METRICS = ("accuracy", "f1_macro", "log_loss", "ece")
ALL_METRICS = ("accuracy", "balanced_accuracy", "f1_macro", "mcc", "log_loss", "brier", "ece")


def pages() -> dict[Path, str]:
    """Every generated file with what it should hold."""
    return {
        DOCS / "reference/commands.md": WRITTEN_BY + commands(),
        DOCS / "reference/datasets.md": WRITTEN_BY + datasets(),
        DOCS / "reference/settings.md": WRITTEN_BY + settings(),
        DOCS / "reference/measures.md": WRITTEN_BY + measures(),
        DOCS / "how-to/when-things-go-wrong.md": WRITTEN_BY + faults(),
        DOCS / "reference/results.md": WRITTEN_BY + results(),
        DOCS / "concepts/outline.md": outlines(),
        DOCS / "concepts/shape-alone.md": shape_alone(),
        HOUSE / "README.md": readme(),
    }


def results() -> str:
    lines = ["# Results", ""]
    for path in _result_files():
        found = json.loads(path.read_text(encoding="utf-8"))
        lines += [f"## {path.stem}", "", found["claim"], "", f"Protocol: {found['protocol']}", ""]
        lines += [results_table(found, metrics=ALL_METRICS), ""]
    return "\n".join(lines)


def readme() -> str:
    """The README's table shows real cells only; all else stands in the reference."""
    text = (HOUSE / "README.md").read_text(encoding="utf-8")
    found = [json.loads(path.read_text(encoding="utf-8")) for path in _result_files()]
    rows = [row for one in found for row in one["rows"] if row["dataset"] != "synthetic"]
    table = results_table({"rows": rows}, metrics=README_METRICS) if rows else "No results yet."
    return replace_block(text, "results", table)


def outlines() -> str:
    """The page on outlines with its tables; its text is written by hand."""
    text = (DOCS / "concepts/outline.md").read_text(encoding="utf-8")
    rows = json.loads((HOUSE / "experiments/results/outline.json").read_text(encoding="utf-8"))["rows"]
    for name, table in OUTLINE_TABLES.items():
        text = replace_block(text, name, table(rows))
    return text


def shape_alone() -> str:
    """The page on what needs no network, with its tables; its text is written by hand."""
    text = (DOCS / "concepts/shape-alone.md").read_text(encoding="utf-8")
    told = json.loads((HOUSE / "experiments/results/shape.json").read_text(encoding="utf-8"))
    for name, table in SHAPE_TABLES.items():
        text = replace_block(text, name, table(told))
    return text


def _result_files() -> list[Path]:
    """The files that hold scores of classes; others hold counts, or have a page of their own."""
    found = []
    for path in sorted((HOUSE / "experiments/results").glob("*.json")):
        rows = json.loads(path.read_text(encoding="utf-8")).get("rows", [])
        if any(row.get("metric") == "accuracy" for row in rows):
            found.append(path)
    return found


def main() -> int:
    check = "--check" in sys.argv[1:]
    stale = []
    for path, text in pages().items():
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            stale.append(path.relative_to(HOUSE).as_posix())
            if not check:
                path.write_text(text, encoding="utf-8")
    if stale:
        sys.stdout.write(f"{'Differs from its source' if check else 'Written'}: {', '.join(stale)}\n")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
