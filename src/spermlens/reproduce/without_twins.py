"""What the lines of SMIDS say without the images whose twin they had likely learned from.

The folds were made before these pairs were known (`experiments/near_twins.py`). Nothing is trained or
calibrated anew: the same predictions are scored without the images whose twin stands in another fold.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spermlens.evaluate.counts import share
from spermlens.evaluate.intervals import RESAMPLES, percentiles, unit_weights
from spermlens.evaluate.scores import score
from spermlens.evaluate.table import Predictions, read_predictions
from spermlens.files import is_file
from spermlens.report.chart import percent
from spermlens.report.paper_lines import LEARNERS, words_of, words_of_measures
from spermlens.report.tables import difference, markdown_table, title_of
from spermlens.reproduce.gathered import gather
from spermlens.reproduce.progress import Places
from spermlens.reproduce.study_file import load_study

STUDY, PART = "paper", "smids"
PAIRS = "smids-twins.csv"
LIKELY = ("yes", "unsure")  # one cell by eye, or perhaps
OTHERS = ("f1_macro", "log_loss")


def twins_table(results: Path) -> str:
    """As Markdown: how many pairs, and each line with and without them; '' where nothing is committed."""
    lines = list(_lines(results)) if is_file(results / PAIRS) else []
    if not lines:
        return ""
    pairs = likely_pairs(results / PAIRS)
    rows = [_row(name, table, across_folds(table, pairs)) for name, table in lines]
    heads = ["What reads it"]
    for metric in ("accuracy", *OTHERS):
        heads += [title_of(metric), "without twins"]
    heads.insert(3, "Accuracy without less with")
    table = markdown_table([*heads, "Images"], rows, numbers=len(heads))
    return f"{_told(results / PAIRS, lines[0][1])}\n\n{table}\n\n{_beside(*lines[-1], pairs)}"


def _row(name: str, table: Predictions, leaking: NDArray[np.bool_]) -> list[str]:
    one = compared(table, ~leaking)
    cells = [f"{value:.3f}" for metric in ("accuracy", *OTHERS) for value in one[metric]]
    return [name, *cells[:2], difference(one), *cells[2:], f"{len(table)}, {int((~leaking).sum())}"]


def _told(path: Path, table: Predictions) -> str:
    """How many pairs there are, in one sentence or two."""
    pairs, fold = likely_pairs(path), dict(zip(table.ids, table.folds.tolist(), strict=True))
    sure = len(likely_pairs(path, ("yes",)))
    apart = sum(set(pair) <= fold.keys() and fold[pair[0]] != fold[pair[1]] for pair in pairs)
    return (
        f"{len(pairs)} pairs: {sure} show one cell by eye; {len(pairs) - sure} could not be told. "
        f"{apart} of them stand on both sides of a fold, {int(across_folds(table, pairs).sum())} images."
    )


def _beside(name: str, table: Predictions, pairs: Sequence[tuple[str, str]]) -> str:
    """How often the last line is right on images with a twin that was learned from, and that was not."""
    leaking, paired = across_folds(table, pairs), {image for pair in pairs for image in pair}
    harmless = np.array([image in paired for image in table.ids]) & ~leaking
    right = table.predicted == table.truth
    words = []
    for mask in (leaking, harmless):
        if not mask.any():
            return ""
        found = share(int(right[mask].sum()), int(mask.sum()))
        words.append(f"{found.count} of {found.total} ({percent(found.low)} to {percent(found.high)})")
    return (
        f"{name.replace('**', '')} is right on {words[0]} of the images left out, and on {words[1]} of those "
        "whose twin lies in their own fold, so was not learned from."
    )


def likely_pairs(path: Path, seen: Sequence[str] = LIKELY) -> list[tuple[str, str]]:
    """The names of the images of each pair of which that was seen by eye."""
    rows = csv.DictReader(path.read_text(encoding="utf-8").splitlines())
    return [(row["first"], row["second"]) for row in rows if row["one_cell"] in seen]


def across_folds(table: Predictions, pairs: Iterable[tuple[str, str]]) -> NDArray[np.bool_]:
    """Which rows, of one repeat, have a twin in another fold."""
    fold = dict(zip(table.ids, table.folds.tolist(), strict=True))
    apart = {
        image
        for pair in pairs
        if set(pair) <= fold.keys() and fold[pair[0]] != fold[pair[1]]
        for image in pair
    }
    return np.array([image in apart for image in table.ids])


def compared(table: Predictions, kept: NDArray[np.bool_]) -> dict[str, Any]:
    """By metric its value on all rows and on those kept; and the difference of the accuracy with interval."""
    whole, rest = (score(one.truth, one.probabilities, one.task) for one in (table, table.rows(kept)))
    found: dict[str, Any] = {name: (whole[name], rest[name]) for name in ("accuracy", *OTHERS)}
    right, drawn = table.predicted == table.truth, []
    for weights in unit_weights(table.units, RESAMPLES, seed=0):
        with_all = right @ weights / weights.sum(0)
        drawn.append((right & kept) @ weights / weights[kept].sum(0) - with_all)
    low, high = percentiles(np.concatenate(drawn))
    return found | {"difference": rest["accuracy"] - whole["accuracy"], "low": low, "high": high}


def _lines(results: Path) -> Iterator[tuple[str, Predictions]]:
    """Each line as it is used, with its name: measures first, then networks; the first repeat of each."""
    name_of_study, study = load_study(STUDY)
    part = next(part for part in study.parts if part.name == PART)
    gathered = gather(name_of_study, part, Places(results, results))
    if gathered is None:
        return
    for name in LEARNERS:
        path = results / f"shape-smids-{name}.predictions.csv"
        if is_file(path):
            yield words_of_measures(name), next(iter(read_predictions(path).values())).labelled.first_repeat
    for line in gathered.lines:
        words = f"{words_of(line.model)}, {line.headline}"
        ours = f"**{words} (ours)**" if line.name == part.best else words
        yield ours, line.conditions[line.headline].labelled.first_repeat
