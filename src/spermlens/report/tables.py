"""A results file as a Markdown table, and its place in a document."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from spermlens.errors import UnknownName, UsageError

Row = Mapping[str, Any]

TITLES = {
    "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced accuracy",
    "f1_macro": "F1, mean over classes",
    "mcc": "Matthews correlation",
    "roc_auc_ovr_macro": "Area under ROC, one against the rest",
    "log_loss": "Log loss (lower is better)",
    "brier": "Brier score, 0..2 (lower is better)",
    "ece": "Calibration error (lower is better)",
    "exact_accuracy": "Accuracy, exact interval",
}

ENDS = ("difference", "low", "high")


def results_table(*results: Mapping[str, Any], metrics: Sequence[str], condition: str = "") -> str:
    """A row per data set, task, model, recipe and condition; a column per metric: value (low-high); and n.

    `results` are the contents of results.json files; `condition` keeps only the rows of one condition.
    """
    rows = [row for result in results for row in result["rows"]]
    _demand_known("metric", metrics, (row["metric"] for row in rows))
    if condition:
        _demand_known("condition", [condition], (row["condition"] for row in rows))
        rows = [row for row in rows if row["condition"] == condition]
    lines: dict[tuple[str, ...], dict[str, Row]] = {}
    for row in rows:
        key = tuple(str(row[name]) for name in ("dataset", "task", "model", "recipe", "condition", "runs"))
        lines.setdefault(key, {})[row["metric"]] = row
    # recipes are named where several are told of one model in one condition
    alike = len({(*key[:3], key[4]) for key in lines}) < len({key[:5] for key in lines})
    named = ["Data", "Task", "Model", *(["Recipe"] if alike else []), "Condition"]
    table = []
    for (dataset, task, model, recipe, said_under, _), found in lines.items():
        cells = [figure(found.get(metric)) for metric in metrics]
        names = [dataset, task, model, *([recipe] if alike else []), said_under]
        table.append([*names, *cells, _images(found, metrics)])
    head = [*named, *(title_of(metric) for metric in metrics), "Images"]
    return markdown_table(head, table, numbers=len(metrics) + 1)


def markdown_table(head: Sequence[str], lines: Iterable[Sequence[str]], *, numbers: int = 0) -> str:
    """A Markdown table whose last `numbers` columns are set to the right."""
    ruler = [*["---"] * (len(head) - numbers), *["---:"] * numbers]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in (head, ruler, *lines))


def replace_block(text: str, name: str, content: str) -> str:
    """The text with `content` on the lines between `<!-- name:begin -->` and `<!-- name:end -->`."""
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    for marker in (begin, end):
        if (times := text.count(marker)) != 1:
            raise UsageError(f"'{marker}' stands {times} times in the text, expected once. Write it in once.")
    head, _, rest = text.partition(begin)
    if end not in rest:
        raise UsageError(f"'{end}' stands before '{begin}'. Put it after.")
    tail = rest.partition(end)[2]
    return f"{head}{begin}\n{content.strip()}\n{end}{tail}"


def figure(row: Row | None) -> str:
    """'0.856 (0.806-0.903)'; a dash where the score is not defined."""
    if row is None:
        return "–"
    value = f"{row['value']:.3f}"
    return value if row["low"] is None else f"{value} ({row['low']:.3f}-{row['high']:.3f})"


def three_digits(row: Row) -> str:
    """'41.3 (40.2-42.6)': a value of any size and its interval."""
    value, low, high = (f"{row[name]:.3g}" for name in ("value", "low", "high"))
    return f"{value} ({low}-{high})"


def difference(row: Row) -> str:
    """'-0.009 (-0.060 to 0.041)', of a comparison; its interval is left out where there is none."""
    value, low, high = (None if row[key] is None else f"{round(row[key], 3) + 0:.3f}" for key in ENDS)
    return f"{value} ({low} to {high})" if low else f"{value}"


def title_of(metric: str) -> str:
    """A metric in words; 'recall_normal' -> 'Recall, normal'."""
    if metric in TITLES:
        return TITLES[metric]
    kind, _, name = metric.partition("_")
    return f"{kind.upper() if kind == 'f1' else kind.capitalize()}, {name.replace('_', ' ')}"


def _demand_known(noun: str, names: Iterable[str], known: Iterable[str]) -> None:
    there = set(known)
    for name in names:
        if name not in there:
            raise UnknownName(noun, name, there)


def _images(found: Mapping[str, Row], metrics: Sequence[str]) -> str:
    counts = {found[metric]["n_images"] for metric in metrics if metric in found}
    return "–" if not counts else " / ".join(str(n) for n in sorted(counts))


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
