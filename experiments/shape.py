"""What can shape alone say? Two learners that see measures and no pixel. Writes results/shape.json.

python experiments/shape.py FOLDER, in which lie hushem and smids
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spermlens.audit import metadata
from spermlens.audit.survey import survey
from spermlens.config import Protocol
from spermlens.datasets import DATASETS, Listing, open_data
from spermlens.evaluate.compare import compare
from spermlens.evaluate.intervals import judge
from spermlens.evaluate.scores import confusion
from spermlens.evaluate.table import Predictions, write_predictions
from spermlens.files import write_json
from spermlens.locate.columns import SHAPE, Columns, columns_of
from spermlens.runs import describe_environment
from spermlens.training.shape_models import Judged, Learner, boosting, judged, majority, svm
from spermlens.types import Result

RESULTS = Path(__file__).parent / "results"
REPEATS = {"hushem": (100, 101, 102), "smids": (100,)}
LEARNERS: Mapping[str, Learner] = {"RBF-SVM": svm, "boosted trees": boosting}
EVERYTHING, OUTLINE = "shape, size, parts and stain", "outline of the head alone"
SHUFFLES = {"RBF-SVM": 0, "boosted trees": 3}  # of each column of each fold, to see what it is worth
TELLING = 10
CLAIM = "What the measures of a cell say of its class without a network, which every network must beat."
CHOSEN = (
    "Nine recipes were tried on inner images of repeats 0 to 2 of HuSHeM, one on those of repeat 0 of SMIDS, "
    "and what is here was frozen before. A recipe's own settings (6 for the SVM, 2 for the trees) are chosen "
    "anew in five folds of the training images of each fold, units kept together; so is the "
    "calibration. Cells whose outline fails are not left out: what is missing is imputed, and told."
)


@dataclass(frozen=True)
class Data:
    """A set looked at once: its measures, which outlines can be relied on, and its files' metadata."""

    name: str
    listing: Listing
    measures: Columns
    reliable: NDArray[np.bool_]
    metadata: Columns

    @property
    def protocol(self) -> Protocol:
        return Protocol(repeats=REPEATS[self.name], inner_share=0, allow_ungrouped=True, final_model=False)


def look_at(name: str, folder: Path) -> Data:
    listing = open_data(name, folder)
    measures, reliable = columns_of(entry.load() for entry in listing.entries)
    told = metadata.columns_of(survey(listing))
    about_files = Columns(names=tuple(told), values=np.stack(list(told.values()), 1))
    return Data(name, listing, measures, reliable, about_files)


def everything_about(data: Data) -> dict[str, Any]:
    """The parts of the results file that are of one data set."""
    main = {
        model: judged(learner, data.measures, data.listing, data.protocol, shuffles=SHUFFLES[model])
        for model, learner in LEARNERS.items()
    }
    alone = {
        model: judged(learner, data.measures.only(SHAPE), data.listing, data.protocol).predictions
        for model, learner in LEARNERS.items()
    }
    for model, found in main.items():
        write_predictions(RESULTS / f"shape-{data.name}-{_short(model)}.predictions.csv", [found.predictions])
    return {
        "rows": _rows(data, {model: found.predictions for model, found in main.items()}, EVERYTHING),
        "beside": _rows(data, alone, OUTLINE) + _baselines(data),
        "reliable": _reliable(data, main, alone),
        "comparisons": _comparisons(data, main, alone),
        "confusions": [_confusion(data, model, found.predictions) for model, found in main.items()],
        "telling": [
            row for model, found in main.items() if found.worth for row in _telling(data, model, found)
        ],
        "outlines": [_outlines(data)],
    }


def _rows(data: Data, tables: Mapping[str, Predictions], condition: str) -> list[dict[str, Any]]:
    found: list[Result] = []
    for model, table in tables.items():
        found += judge(table, dataset=data.name, model=model, recipe="shape", condition=condition)
    return [asdict(row) for row in found]


def _baselines(data: Data) -> list[dict[str, Any]]:
    nothing = judged(majority, data.measures, data.listing, data.protocol).predictions
    files = judged(boosting, data.metadata, data.listing, data.protocol).predictions
    told = f"metadata of the file ({', '.join(data.metadata.names)})"
    return _rows(data, {"majority": nothing}, "nothing") + _rows(data, {"boosted trees": files}, told)


def _reliable(
    data: Data, main: Mapping[str, Judged], alone: Mapping[str, Predictions]
) -> list[dict[str, Any]]:
    """The same judgements, counted only where the outline can be relied on; all images were learned from."""
    good = {name for name, kept in zip(data.listing.ids, data.reliable, strict=True) if kept}

    def part(table: Predictions) -> Predictions:
        return table.rows(np.array([name in good for name in table.ids]))

    tables = {model: part(found.predictions) for model, found in main.items()}
    outlines = {model: part(table) for model, table in alone.items()}
    return _rows(data, tables, EVERYTHING) + _rows(data, outlines, OUTLINE)


def _comparisons(
    data: Data, main: Mapping[str, Judged], alone: Mapping[str, Predictions]
) -> list[dict[str, Any]]:
    """The two learners, and what more than the outline is worth to each; on the first repeat."""
    one, other = LEARNERS
    of = {model: found.predictions for model, found in main.items()}
    pairs = [((one, EVERYTHING), (other, EVERYTHING), compare(of[one], of[other]))]
    pairs += [((name, EVERYTHING), (name, OUTLINE), compare(of[name], alone[name])) for name in LEARNERS]
    return [
        {"dataset": data.name, "a": ", ".join(a), "b": ", ".join(b), **asdict(found)} for a, b, found in pairs
    ]


def _confusion(data: Data, model: str, table: Predictions) -> dict[str, Any]:
    """Rows: the truth; columns: what was decided. Of the first repeat."""
    first = table.labelled.first_repeat
    counts = confusion(first.truth, first.predicted, first.task)
    return {
        "dataset": data.name,
        "model": model,
        "classes": list(first.task.classes),
        "counts": counts.tolist(),
        "n_images": len(first),
    }


def _telling(data: Data, model: str, found: Judged) -> list[dict[str, Any]]:
    """The columns without which the log loss rises most, over the folds of all repeats."""
    best = sorted(found.worth.items(), key=lambda item: -item[1])[:TELLING]
    return [
        {"dataset": data.name, "model": model, "measure": name, "log_loss_rises": rise} for name, rise in best
    ]


def _outlines(data: Data) -> dict[str, Any]:
    return {"dataset": data.name, "n_images": len(data.listing), "reliable": int(data.reliable.sum())}


def _short(model: str) -> str:
    return model.split("-")[-1].split()[-1].lower()


def _protocol() -> str:
    runs = "; ".join(f"{name}: repeats {', '.join(map(str, numbers))}" for name, numbers in REPEATS.items())
    unknown = " ".join(f"{name}: {' '.join(DATASETS[name].CARD.unknown)}" for name in REPEATS)
    return f"stratified 5-fold, identical images and known near copies together; {runs}. {CHOSEN} {unknown}"


def part_of(name: str, root: Path) -> dict[str, Any]:
    return everything_about(look_at(name, root / name))


def main() -> None:
    root = Path(sys.argv[1])
    told = {"claim": CLAIM, "protocol": _protocol(), "environment": describe_environment("cpu", 0)}
    with ProcessPoolExecutor(len(REPEATS)) as processes:
        parts = list(processes.map(part_of, REPEATS, [root] * len(REPEATS)))
    joined = {key: [row for part in parts for row in part[key]] for key in parts[0]}
    write_json(RESULTS / "shape.json", told | joined)


if __name__ == "__main__":
    main()
