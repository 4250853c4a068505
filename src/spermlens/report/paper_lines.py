"""The lines of a paper's table as a reader wants them: baselines first, then networks as they are used.

A results file holds every network in every condition. Here each stands once: from all its views, and
calibrated where that can be.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

Row = Mapping[str, Any]
Told = Mapping[str, Any]

BEST = "best"
VIEWS = re.compile(r"(\d+) views?(, calibrated)?")
WITHOUT_NETWORK: Mapping[str, str] = {
    "nothing": "the commonest class, always",
    "metadata of the file (width, height, area, aspect, bytes)": "size of the image and its file, {}",
    "outline of the head alone": "the outline of the head, {}",
    "shape, size, parts and stain": "measures of the cell, {}",
}
NETWORKS = {
    "simple_cnn": "SimpleCNN",
    "efficientnet_b0": "EfficientNet-B0",
    "efficientnet_b0_cbam": "EfficientNet-B0 with CBAM",
    "efficientnet_v2_b0_cbam": "EfficientNetV2-B0 with CBAM",
    "svm": "the vote of its measures",
}
LEARNERS = {"svm": "RBF-SVM", "trees": "boosted trees"}  # of measures alone
DATA = {"hushem": "HuSHeM", "smids": "SMIDS"}  # as their publishers write them


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What one reader of cells reaches, by metric."""

    name: str  # in words
    recipe: str
    dataset: str
    condition: str
    best: bool  # declared beforehand to be ours
    network: bool
    scores: Mapping[str, Row]

    @property
    def judged(self) -> str:
        """'216', or '216, 3 times' where every image was judged in three divisions."""
        row = self.scores["accuracy"]
        times = row.get("repeats", 1)
        return f"{row['n_images']}" if times == 1 else f"{row['n_images']}, {times} times"


def lines_of(told: Told) -> list[Line]:
    """Baselines that see no pixel or no network, then the networks in the order of the file."""
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in told["rows"]:
        key = ("dataset", "model", "recipe", "condition")
        groups.setdefault(tuple(str(row[name]) for name in key), []).append(row)
    plain = [_plain(rows) for key, rows in groups.items() if key[3] in WITHOUT_NETWORK]
    used: dict[tuple[str, str], list[Row]] = {}
    for (dataset, _, recipe, condition), rows in groups.items():
        if VIEWS.fullmatch(condition):
            found = used.setdefault((dataset, recipe), rows)
            if _rank(condition) > _rank(str(found[0]["condition"])):
                used[dataset, recipe] = rows
    order, networks = list(WITHOUT_NETWORK), [_network(rows) for rows in used.values()]
    times = Counter((line.dataset, line.name) for line in networks)
    return [
        *sorted(plain, key=lambda line: order.index(line.condition)),
        *(_told_apart(line) if times[line.dataset, line.name] > 1 else line for line in networks),
    ]


def names_of(told: Told) -> dict[str, str]:
    """By recipe, what each network is called."""
    return {line.recipe: line.name for line in lines_of(told) if line.network}


def words_of_measures(learner: str) -> str:
    """What a learner of measures alone is called, as in the lines of the table."""
    return WITHOUT_NETWORK["shape, size, parts and stain"].format(LEARNERS[learner])


def words_of(model: str) -> str:
    """The name of a network, or of several that are averaged, as it is written in prose."""
    return " and ".join(_words_of_one(name) for name in model.split(" + ")).removesuffix(",")


def _words_of_one(model: str) -> str:
    name, _, begun = model.partition(" from ")
    words = NETWORKS.get(name, name)
    return f"{words}, begun from {begun}," if begun else words


def kept(lines: Sequence[Line], recipes: Sequence[str], *, outline: bool = False) -> list[Line]:
    """The baselines, the networks of these recipes, and what was declared to be ours."""

    def wanted(line: Line) -> bool:
        if line.network:
            return line.best or line.recipe in recipes
        return outline or not line.condition.startswith("outline")

    return [line for line in lines if wanted(line)]


def _rank(condition: str) -> tuple[int, bool]:
    found = VIEWS.fullmatch(condition)
    return (int(found[1]), bool(found[2])) if found else (0, False)


def _told_apart(line: Line) -> Line:
    """With its recipe, where several recipes train one network."""
    return replace(line, name=f"{line.name} ({line.recipe})")


def _plain(rows: Sequence[Row]) -> Line:
    words = WITHOUT_NETWORK[rows[0]["condition"]]
    return _line(rows, words.format(rows[0]["model"]), network=False)


def _network(rows: Sequence[Row]) -> Line:
    return _line(rows, words_of(rows[0]["model"]), network=True)


def _line(rows: Sequence[Row], name: str, *, network: bool) -> Line:
    first = rows[0]
    return Line(
        name=name,
        recipe=first["recipe"],
        dataset=first["dataset"],
        condition=first["condition"],
        best=any(row["alias"] == BEST for row in rows),
        network=network,
        scores={row["metric"]: row for row in rows},
    )
