"""What the results files say of certainty, as the tables of its page: two lines a data set, ours first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from spermlens.report.chart import percent
from spermlens.report.paper_lines import Line, lines_of, words_of
from spermlens.report.tables import figure, markdown_table, title_of

Told = Mapping[str, Any]

SCORES = ("accuracy", "log_loss", "brier", "ece")
CALIBRATED = ", calibrated"


@dataclass(frozen=True, slots=True)
class Certain:
    """A line of the table with what is known of its certainty."""

    line: Line
    told: Told

    @property
    def name(self) -> str:
        """In words; with ours marked."""
        return f"{self.line.name} (ours)" if self.line.best else self.line.name

    @property
    def short(self) -> str:
        """For a picture."""
        return "ours" if self.line.best else self.line.name


def certain_lines(told: Told) -> list[Certain]:
    """Ours, then the reference it is compared with; one where both are the same."""
    lines = {line.recipe: line for line in lines_of(told) if line.network}
    found = [Certain(lines[one["recipe"]], one) for one in told["certainty"] if "threshold" in one]
    return sorted(found, key=lambda one: not one.line.best)


def temperatures(files: Sequence[Told]) -> str:
    """Accuracy and every score of certainty, as it comes and after the temperatures of other folds."""
    table = []
    for told, one in _all(files):
        before = one.line.condition.removesuffix(CALIBRATED)
        plain = {
            row["metric"]: row
            for row in told["rows"]
            if (row["recipe"], row["condition"]) == (one.line.recipe, before)
        }
        for words, scores in (("none", plain), (_temperatures(one.told), one.line.scores)):
            cells = [figure(scores.get(metric)) for metric in SCORES]
            table.append([one.line.dataset, one.name, words, *cells, one.line.judged])
    head = ["Data", "Model", "Temperature, by fold", *map(title_of, SCORES), "Images"]
    return markdown_table(head, table, numbers=len(SCORES) + 1)


def thresholds(files: Sequence[Told]) -> str:
    """From which confidence on it decides, how much that is, and how much of it is right."""
    table = []
    for _, one in _all(files):
        told = one.told["threshold"]
        target = percent(told["target"], 0)
        ways = (
            (f"{target} right, on these images", told["carried"]),
            ("the same, by the other folds", told["out_of_fold"]),
            (f"{target} promised, choice included", told["promised"]),
        )
        for words, found in ways:
            cells = _threshold(found, told["fewest_sure"], one.told["n_images"])
            table.append([one.line.dataset, one.name, words, *cells])
    head = ["Data", "Model", "Threshold chosen", "Confidence", "Decided", "Right, of these", "At least"]
    return markdown_table([*head, "Images"], table, numbers=5)


def sets(files: Sequence[Told]) -> str:
    """How often a set of classes holds the true one, and how large it is."""
    table = []
    for _, one in _all(files):
        for found in one.told["sets"]:
            worst = found["worst_class"]
            table.append(
                [
                    *(one.line.dataset, one.name, percent(found["level"], 0), figure(found["coverage"])),
                    *(f"{found['mean_size']:.2f}", f"{found['single']:.3f}", f"{found['empty']:.3f}"),
                    f"{worst['class'].replace('_', ' ')}: {figure(worst)}",
                    str(found["coverage"]["n_images"]),
                ]
            )
    head = ["Data", "Model", "Asked", "True class in the set", "Classes in a set", "One class", "None"]
    return markdown_table([*head, "Class with least", "Images"], table, numbers=6)


def _temperatures(told: Told) -> str:
    """The range over the folds; of an average, each member's and then that of their mean."""
    members = told["member_temperatures"]
    if not members:
        return _span(told["temperatures"])
    names = [words_of(model) for model in told["model"].split(" + ")]
    each = [f"{name}: {_span(values)}" for name, values in zip(names, members, strict=True)]
    return "; ".join([*each, f"then their mean: {_span(told['temperatures'])}"])


def _span(values: Sequence[float]) -> str:
    return f"{min(values):.2f} to {max(values):.2f}"


def _threshold(found: Told | None, fewest: int, n_images: int) -> list[str]:
    if found is None:
        needed = f"none: it needs {fewest} sure images or more without an error"
        return [needed, "–", "–", "–", str(n_images)]
    confidence = f"{found['confidence']:.3f}" if "confidence" in found else _by_fold(found)
    at_least = f"{found['at_least']:.3f}" if "at_least" in found else "–"
    return [confidence, figure(found["accepted"]), figure(found["right"]), at_least, str(n_images)]


def _by_fold(found: Told) -> str:
    without = found["folds_without"]
    return (
        f"its own in each fold; in {without} of {found['folds']} none" if without else "its own in each fold"
    )


def _all(files: Sequence[Told]) -> Iterator[tuple[Told, Certain]]:
    for told in files:
        for one in certain_lines(told):
            yield told, one


TABLES: Mapping[str, Callable[[Sequence[Told]], str]] = {
    "temperatures": temperatures,
    "thresholds": thresholds,
    "sets": sets,
}
