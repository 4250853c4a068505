"""What imbalance.json and imbalance-tuned.json say of ways to learn a rare class, as tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from spermlens.report.tables import difference, figure, markdown_table

Told = Mapping[str, Any]

DECIDED = {
    "balanced_accuracy": "Balanced accuracy",
    "mcc": "Matthews correlation",
    "recall_{}": "Found of the rare",
    "precision_{}": "Right when called rare",
}
ORDERED = {
    "average_precision_{}": "Average precision of the rare",
    "log_loss": "Log loss (lower is better)",
}
APART = ("balanced_accuracy", "mcc", "recall_{}", "average_precision_{}", "log_loss")


def questions(told: Told) -> str:
    """What is rare, and of how many images of it each head learns."""
    lines = []
    for one in told["questions"]:
        fewest, most = one["rare_learned_from"]
        learned = f"{fewest}" if fewest == most else f"{fewest} to {most}"
        of_all = f"{one['rare_images']} of {one['images']}"
        lines.append([one["dataset"], one["task"], one["rare"], of_all, learned])
    return markdown_table(["Data", "Task", "Rare class", "Images of it", "Learned from, each fold"], lines)


def tuned(told: Told) -> str:
    """What was fine-tuned, on how many of the rare class it is judged, how, and which pieces are missing."""
    lines = [
        [
            f"{one['dataset']} {one['task']}",
            one["rare"],
            f"{one['rare_images']} of {one['images']}",
            one["how"],
            one["recipe"],
        ]
        for one in told["questions"]
    ]
    head = ["Question", "Rare class", "Images of it, judged", "How", "Recipe"]
    missing = f"\n\nNot there yet: {', '.join(told['missing'])}." if told["missing"] else ""
    return f"{markdown_table(head, lines)}\n\nProtocol: {told['protocol']}{missing}"


def scores(told: Told) -> str:
    """A line a way of each question."""
    titles = DECIDED | ORDERED
    lines = []
    for asked in told["questions"]:
        for way, found in _by_way(asked, told["rows"], "condition").items():
            cells = [figure(found.get(metric.format(asked["rare"]))) for metric in titles]
            images = str(next(iter(found.values()))["n_images"])
            lines.append([f"{asked['dataset']} {asked['task']}", way, *cells, images])
    return markdown_table(["Question", "Way", *titles.values(), "Images"], lines, numbers=len(titles) + 1)


def differences(told: Told) -> str:
    """What each way adds to none, paired."""
    titles = {metric: (DECIDED | ORDERED)[metric] for metric in APART}
    lines = []
    for asked in told["questions"]:
        for way, found in _by_way(asked, told["comparisons"], "a").items():
            cells = [difference(found[metric.format(asked["rare"])]) for metric in titles]
            images = str(next(iter(found.values()))["n_images"])
            lines.append([f"{asked['dataset']} {asked['task']}", way, *cells, images])
    return markdown_table(["Question", "Way", *titles.values(), "Images"], lines, numbers=len(titles) + 1)


def chosen(told: Told) -> str:
    """The two of each question that inner images choose, and how they are set."""
    lines = [
        [f"{one['dataset']} {one['task']}", one["way"], _how(one), f"{one['inner_balanced_accuracy']:.3f}"]
        for one in told["chosen"]
    ]
    return markdown_table(["Question", "Way", "How it is set", "Balanced accuracy, inner images"], lines)


def _how(one: Mapping[str, Any]) -> str:
    parts = [f"`{setting}`" for setting in one["settings"]]
    if one["epochs_times"] != 1:
        parts.append(f"epochs times {one['epochs_times']:.1f}")
    if one["decision_moved"]:
        parts.append("a plain training, its decision moved")
    return ", ".join(parts)


def _by_way(
    asked: Mapping[str, Any], rows: list[Mapping[str, Any]], key: str
) -> dict[str, dict[str, Mapping[str, Any]]]:
    """{way: {metric: row}} of one question, in the order of the file."""
    found: dict[str, dict[str, Mapping[str, Any]]] = {}
    for row in rows:
        if (row["dataset"], row["task"]) == (asked["dataset"], asked["task"]):
            found.setdefault(row[key], {})[row["metric"]] = row
    return found


TABLES: Mapping[str, Callable[[Told], str]] = {
    "questions": questions,
    "scores": scores,
    "differences": differences,
    "chosen": chosen,
}
OF_TUNED: Mapping[str, Callable[[Told], str]] = {
    "tuned-questions": tuned,
    "tuned-differences": differences,
    "tuned-scores": scores,
}
