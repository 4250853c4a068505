"""What helps where one class is rare? A screening on frozen features. Writes results/imbalance.json.

python experiments/imbalance.py FOLDER, in which lie hushem and mhsma [--weights FOLDER] [--features features]

The features are kept in a folder, so a second time takes only the heads. The end says which two ways are to
be fine-tuned for each question, and how each is set.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from imbalance_features import Seen, seen
from imbalance_heads import (
    INNER_FOLDS,
    MOVING,
    NONE,
    OVER,
    PHASE,
    WAYS,
    answers,
    epochs_times,
    settings_of,
)
from imbalance_scores import about, differences, drawn, score_rows
from numpy.typing import NDArray

from spermlens.config import Protocol
from spermlens.evaluate.scores import score
from spermlens.evaluate.table import Predictions
from spermlens.files import write_json
from spermlens.models._pretrained import weights_folder
from spermlens.runs import describe_environment
from spermlens.training.folds import Split, splits

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

RESULTS = Path(__file__).parent / "results"
CHOSEN_BY, BEST = "balanced_accuracy", 2
CLAIM = "What helps a linear head on frozen features where one class is rare."
PROTOCOL = (
    "Stratified 5-fold, each image judged by a head that had seen neither it nor its unit (MHSMA: the "
    "patient, as inferred; HuSHeM: near copies, patients are not known). "
    f"The trunk stays as ImageNet left it; only the head learns, {PHASE.epochs} epochs (over-sampling: as "
    "many more as it takes). Everything was fixed before the first run, and is the same for every way. "
    f"Decisions are moved by what {INNER_FOLDS} inner folds of the training images say, for the best "
    "balanced accuracy; the two best are chosen by balanced accuracy out of those inner folds. Differences "
    "are paired, not corrected for their number; intervals know nothing of another training."
)


@dataclass(frozen=True)
class Question:
    """Which class of which task is rare, and to how few images each training fold is cut."""

    dataset: str
    task: str
    rare: str
    repeats: tuple[int, ...]
    cut: int = 0  # images left of the rare class; 0: all


QUESTIONS = (
    Question("mhsma", "vacuole", "abnormal", (0, 1)),
    Question("mhsma", "tail", "abnormal", (0, 1)),
    Question("hushem", "head_shape", "amorphous", (0, 1, 2, 3, 4), cut=10),
)


def protocol_of(asked: Question) -> Protocol:
    return Protocol(repeats=asked.repeats, inner_share=0, allow_ungrouped=True, final_model=False)


def left_of(train: Ints, labels: Ints, rare: int, split: Split, cut: int) -> Ints:
    """The training images, of the rare class only so many: the same for the same split."""
    if not cut:
        return train
    of_class = train[labels[train] == rare]
    kept = np.random.default_rng([split.repeat, split.fold]).choice(of_class, cut, replace=False)
    return np.sort(np.concatenate([train[labels[train] != rare], kept]))


def answered(asked: Question, data: Path, kept: Path) -> dict[str, Any]:
    """The parts of the results file that are of one question."""
    shown = seen(asked.dataset, asked.task, data, kept)
    rare = shown.task.index(asked.rare)
    tested: dict[str, list[Floats]] = {way: [] for way in (*WAYS, MOVING)}
    unseen: dict[str, list[Floats]] = {way: [] for way in tested}
    places, learned = [], []
    for split in splits(shown.listing, protocol_of(asked)):
        train = left_of(split.train, shown.labels, rare, split, asked.cut)
        of_test, of_train = answers(shown, train, split.test, rare)
        for way in tested:
            tested[way].append(of_test[way])
            unseen[way].append(of_train[way])
        places.append((split, split.test))
        learned.append((split, train))
        sys.stdout.write(f"{asked.dataset} {asked.task} {split.name}\n")
        sys.stdout.flush()
    tables = {way: _table(shown, places, parts) for way, parts in tested.items()}
    inner = {way: _table(shown, learned, parts, inner=True) for way, parts in unseen.items()}
    found = drawn(tables, asked.rare)
    shared = about(tables[NONE], asked.dataset)
    counts = [int((shown.labels[train] == rare).sum()) for _, train in learned]
    longer = epochs_times(shown.labels[learned[0][1]], len(shown.task.classes))
    return {
        "rows": score_rows(found, shared),
        "comparisons": differences(found, shared),
        "questions": [
            {
                "dataset": asked.dataset,
                "task": asked.task,
                "rare": asked.rare,
                "rare_images": int((shown.labels == rare).sum()),
                "images": len(shown.listing),
                "rare_learned_from": [min(counts), max(counts)],
            }
        ],
        "chosen": _chosen(asked, inner, longer),
    }


def _table(
    shown: Seen, places: Sequence[tuple[Split, Ints]], parts: Sequence[Floats], *, inner: bool = False
) -> Predictions:
    rows = np.concatenate([place for _, place in places])
    return Predictions(
        task=shown.task,
        ids=tuple(shown.listing.ids[row] for row in rows),
        units=tuple(shown.listing.units[row] for row in rows),
        repeats=np.concatenate([np.full(len(place), split.repeat) for split, place in places]),
        folds=np.concatenate([np.full(len(place), split.fold) for split, place in places]),
        truth=shown.labels[rows],
        probabilities=np.concatenate(parts),
        inner=inner,
    )


def _chosen(asked: Question, inner: dict[str, Predictions], longer: float) -> list[dict[str, Any]]:
    """The best ways, by the mean over the folds of what their inner folds score, and how each is set."""
    worth = {way: _inner_score(table) for way, table in inner.items() if way != NONE}
    best = sorted(worth, key=lambda way: -worth[way])[:BEST]
    return [
        {
            "dataset": asked.dataset,
            "task": asked.task,
            "way": way,
            f"inner_{CHOSEN_BY}": worth[way],
            "without": _inner_score(inner[NONE]),
            "settings": settings_of(way, asked.task),
            "epochs_times": longer if way == OVER else 1.0,
            "decision_moved": way == MOVING,
        }
        for way in best
    ]


def _inner_score(table: Predictions) -> float:
    pairs = np.stack([table.repeats, table.folds], 1)
    parts = [(pairs == pair).all(1) for pair in np.unique(pairs, axis=0)]
    return float(
        np.mean([score(table.truth[p], table.probabilities[p], table.task)[CHOSEN_BY] for p in parts])
    )


def say(chosen: Sequence[dict[str, Any]]) -> None:
    """How to fine-tune what came out best."""
    for one in chosen:
        how = " ".join(f"--set {setting}" for setting in one["settings"])
        how += f" (epochs times {one['epochs_times']:.1f})" if one["epochs_times"] != 1 else ""
        how += (
            "the decision of a plain training moved: spermlens.evaluate.rare" if one["decision_moved"] else ""
        )
        sys.stdout.write(f"{one['dataset']} {one['task']}: {one['way']}: {how}\n")


def main() -> None:
    import torch

    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    reader.add_argument("data", type=Path, help="holds a folder a data set")
    reader.add_argument("--weights", type=Path, help="where the ImageNet weights lie; else the usual places")
    reader.add_argument("--features", type=Path, default=Path("features"), help="what was seen is kept here")
    reader.add_argument("--output", type=Path, default=RESULTS, help="where the results go")
    asked = reader.parse_args()
    torch.set_num_threads(1)
    weights_folder.set(asked.weights)
    parts = [answered(question, asked.data, asked.features) for question in QUESTIONS]
    told = {"claim": CLAIM, "protocol": PROTOCOL, "environment": describe_environment("cpu", 0)}
    joined = {key: [row for part in parts for row in part[key]] for key in parts[0]}
    write_json(asked.output / "imbalance.json", told | joined)
    say(joined["chosen"])


if __name__ == "__main__":
    main()
