"""What the paper's results files say, beside what was published: the tables of the page on our numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from spermlens.evaluate.counts import share
from spermlens.report.chart import percent
from spermlens.report.paper_lines import (
    DATA,
    LEARNERS,
    Line,
    kept,
    lines_of,
    names_of,
    words_of_measures,
)
from spermlens.report.tables import difference, figure, markdown_table, title_of

Told = Mapping[str, Any]

IN_SHORT = ("simple-cnn", "b0", "b0-cbam")  # the networks of the README, beside ours
SHORT = ("accuracy", "f1_macro", "log_loss", "ece")
LONG = ("accuracy", "f1_macro", "balanced_accuracy", "log_loss", "ece")
PUBLISHED = (  # who, data, right, of; the counts follow from the shares that were printed
    ("arXiv 2606.20438, EfficientNet-B0 with CBAM", "HuSHeM", 31, 33),
    ("the same, SimpleCNN", "HuSHeM", 24, 33),
    ("the same, EfficientNet-B0", "HuSHeM", 21, 33),
    ("the same, EfficientNet-B0 with CBAM, if 15 % were tested", "SMIDS", 406, 450),
    ("Spencer 2022, four networks stacked", "HuSHeM", 212, 216),
    ("Kılıç 2025, CBAM-ResNet50 and a classifier of its features", "HuSHeM", 209, 216),
    ("MADRNet, if one test of 27", "HuSHeM", 26, 27),
)


def in_short(files: Sequence[Told]) -> str:
    """The README's lines: of each data set baselines, the paper's three networks, and ours."""
    return _scores([line for told in files for line in kept(lines_of(told), IN_SHORT)], SHORT)


def ours(told: Told) -> str:
    """Everything that was judged, each as it is used, and how it was judged."""
    table = _scores(lines_of(told), LONG)
    return f"{table}\n\nProtocol: {told['protocol']}"


def recalls(told: Told) -> str:
    """How many of each class are found, by the networks."""
    lines = [line for line in lines_of(told) if line.network]
    metrics = [name for name in lines[0].scores if name.startswith("recall_")]
    table = [[_named(line), *(figure(line.scores.get(name)) for name in metrics)] for line in lines]
    heads = [title_of(name) for name in metrics]
    return markdown_table(["Model", *heads], table, numbers=len(metrics))


def comparisons(told: Told) -> str:
    """Each pair on the same images: counted on one repeat, which is named, and the mean of all repeats."""
    names = names_of(told) | {name: words_of_measures(name) for name in LEARNERS}
    table = [
        [
            *(names[one["a"]], names[one["b"]], str(one["repeat"])),
            *(str(one["a_only"]), str(one["b_only"]), difference(one), f"{one['p']:.2g}"),
            *(f"{one['p_holm']:.2g}", str(one["n"]), _over_repeats(one["over_repeats"])),
        ]
        for one in told["comparisons"]
    ]
    head = ["a", "b", "On repeat", "Only a right", "Only b right", "Accuracy of a less that of b", "p"]
    return markdown_table([*head, "p, corrected", "Images", "The same, mean over repeats"], table, numbers=8)


def _over_repeats(one: Told) -> str:
    """'0.036 (-0.014 to 0.088), 3 times'; a dash where there is no other repeat."""
    times = len(one["repeats"])
    return f"{difference(one)}, {times} times" if times > 1 else "–"


def luck(told: Told) -> str:
    """In one sentence a recipe, what one hold-out may come to."""
    recipes = dict.fromkeys(str(row["recipe"]) for row in told["distribution"])
    return "\n".join(_luck(told, recipe) for recipe in recipes)


def published() -> str:
    """The exact interval of shares that others have printed."""
    table = []
    for who, data, right, total in PUBLISHED:
        found = share(right, total)
        interval = f"{100 * found.low:.1f}-{percent(found.high)}"
        table.append([who, data, f"{right} of {total}", percent(found.value), interval])
    head = ["Who", "Data", "Right", "Share", "Exact 95 % interval"]
    return markdown_table(head, table, numbers=3)


def _scores(lines: Sequence[Line], metrics: Sequence[str]) -> str:
    table = []
    for line in lines:
        cells = [figure(line.scores.get(metric)) for metric in metrics]
        table.append([DATA.get(line.dataset, line.dataset), _named(line), *cells, line.judged])
    head = ["Data", "What reads it", *(title_of(metric) for metric in metrics), "Images"]
    return markdown_table(head, table, numbers=len(metrics) + 1)


def _named(line: Line) -> str:
    if not line.network:
        return line.name
    words = f"{line.name}, {line.condition}"
    return f"**{words} (ours)**" if line.best else words


def _luck(told: Told, recipe: str) -> str:
    rows = [row for row in told["distribution"] if row["recipe"] == recipe]
    scores = sorted(row["accuracy"] for row in rows)
    middle = (scores[(len(scores) - 1) // 2] + scores[len(scores) // 2]) / 2
    sizes = " or ".join(str(size) for size in sorted({row["n_images"] for row in rows}))
    said = [
        f"{names_of(told)[recipe]}, {len(rows)} divisions of the same images, {sizes} tested in each:",
        f"from {percent(scores[0])} to {percent(scores[-1])}, half of them at {percent(middle)} or below.",
    ]
    for mark in told["marks"]:
        reached = sum(row["accuracy"] >= mark["value"] - 0.5 / mark["n_images"] for row in rows)
        said.append(f"{reached} of {len(rows)} reach the {percent(mark['value'])} of {mark['who']}.")
    return " ".join(said)
