"""What the results files on MHSMA say, task by task: the tables of the page on three questions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from spermlens.evaluate.counts import share
from spermlens.evaluate.normal_threshold import FROM_VALIDATION
from spermlens.report.chart import percent
from spermlens.report.paper_lines import Line, lines_of
from spermlens.report.published_questions import METRICS, NORMAL, PRINTED, TARGETS, TESTED
from spermlens.report.tables import figure, markdown_table, title_of

Row = Mapping[str, Any]
Told = Mapping[str, Any]

OURS = ("balanced_accuracy", "mcc", "recall_abnormal", "log_loss", "ece")
COMPARED = ("accuracy", "balanced_accuracy", "mcc")
AS_PRINTED = ("Accuracy", "Precision", "Recall", "F0.5", "G-mean", "Area under ROC", "Matthews correlation")
RECIPES = {
    "commonest": "the commonest class, always: no network",
    "joint": "one network, four answers",
    "joint-adjusted": "one network, four answers, logits adjusted while it learned",
    "dtl": "a network for each question",
    "dmtl": "a branch for each question on a frozen trunk",
    "dmtl-trunk": "that trunk with four answers of its own",
    "joint-resnet50-64": "one network, four answers: ResNet-50, 64 px",
}


def as_printed(told: Told) -> str:
    """Published figures and ours in the papers' conventions, task by task; ours with intervals."""
    table = []
    for task in _tasks(told):
        for one in PRINTED:
            if one.task == task:
                table.append([task, one.who, *(f"{value:.3f}" for value in one.values), str(TESTED)])
        for line in _lines(told, task):
            table.append([task, named(line), *(figure(line.scores.get(m)) for m in METRICS), line.judged])
            for chosen in _moved(told, task, line):
                scores = [figure(chosen.get(metric)) for metric in METRICS]
                table.append([task, f"{named(line)}, {FROM_VALIDATION}", *scores, line.judged])
    head = ["Question", "Who", *AS_PRINTED, "Images"]
    return f"{markdown_table(head, table, numbers=len(METRICS) + 1)}\n\nProtocol: {told['protocol']}"


def as_we_judge(told: Told) -> str:
    """Every line by what always answering 'normal' cannot win, task by task."""
    table = [
        [task, named(line), *(figure(line.scores.get(metric)) for metric in OURS), line.judged]
        for task in _tasks(told)
        for line in _lines(told, task)
    ]
    head = ["Question", "Who", *map(title_of, OURS), "Images"]
    return markdown_table(head, table, numbers=len(OURS) + 1)


def in_groups(told: Told) -> str:
    """The same of folds that share no group, and how these were made."""
    return f"{as_we_judge(told)}\n\nProtocol: {told['protocol']}"


def sharing(official: Told, groups: Told) -> str:
    """Each recipe that both files have: its figure with groups shared, with none, and what is between."""
    table = []
    for task in _tasks(official):
        apart = {line.recipe: line for line in _lines(groups, task) if line.network}
        for line in _lines(official, task):
            if not line.network or line.recipe not in apart:
                continue
            for metric in COMPARED:
                one, other = line.scores[metric], apart[line.recipe].scores[metric]
                less = f"{one['value'] - other['value']:+.3f}"
                table.append([task, _words(line), title_of(metric), figure(one), figure(other), less])
    head = ["Question", "Recipe", "Score", "Official split", "Folds without shared groups", "Difference"]
    return markdown_table(head, table, numbers=3)


def targets(told: Told) -> str:
    """Of each task what was set out for, and what the line named beforehand reached."""
    table = []
    for task, wanted in TARGETS.items():
        best = next((line for line in _lines(told, task) if line.best), None)
        for metric, target in wanted.items():
            row = best.scores[metric] if best else None
            said = "–" if row is None else _reached(row, target)
            table.append([task, title_of(metric), f"{target:g}", figure(row), said])
    head = ["Question", "Score", "Target", "Ours", "Reached"]
    return markdown_table(head, table, numbers=0)


def intervals() -> str:
    """The exact interval of what was printed, of always answering 'normal', and of the targets."""
    lines = [(one.task, one.who, one.right) for one in PRINTED]
    lines += [(task, "always 'normal'", count) for task, count in NORMAL.items()]
    lines += [(task, "our target", round(goal["accuracy"] * TESTED)) for task, goal in TARGETS.items()]
    table = []
    for task in NORMAL:
        for who, right in ((who, right) for of, who, right in lines if of == task):
            found = share(right, TESTED)
            ends = f"{100 * found.low:.1f}-{percent(found.high)}"
            table.append([task, who, f"{right} of {TESTED}", percent(found.value), ends])
    head = ["Question", "Who", "Right", "Share", "Exact 95 % interval"]
    return markdown_table(head, table, numbers=3)


def named(line: Line) -> str:
    return f"**{_words(line)} (ours)**" if line.best else _words(line)


def _words(line: Line) -> str:
    return RECIPES.get(line.recipe, f"{line.name}, {line.recipe}")


def _reached(row: Row, target: float) -> str:
    if row["value"] < target:
        return "no"
    sure = row["low"] is not None and row["low"] >= target
    return "yes, with its whole interval" if sure else "yes, but not with its whole interval"


def _tasks(told: Told) -> list[str]:
    return list(dict.fromkeys(str(row["task"]) for row in told["rows"]))


def _lines(told: Told, task: str) -> Sequence[Line]:
    return lines_of({"rows": [row for row in told["rows"] if row["task"] == task]})


def _moved(told: Told, task: str, line: Line) -> list[dict[str, Row]]:
    """The scores of a line under the threshold that images for choices chose; none without such images."""
    rows = [row for row in told["rows"] if (row["task"], row["recipe"]) == (task, line.recipe)]
    found = {row["metric"]: row for row in rows if row["condition"].endswith(FROM_VALIDATION)}
    return [found] if found else []


OF_OFFICIAL = {
    "questions-printed": as_printed,
    "questions-judged": as_we_judge,
    "questions-targets": targets,
}
