"""Does attention make reasons better, or only prettier? Writes results/explain-DATASET.json.

python experiments/verdict.py hushem [--runs runs] [--data FOLDER] [--parts explained] [--dear 16]
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from verdict_heads import COUNTS, MODELS, SEED, Fold, drawn_by_lot, folds_of, judged, runs_of
from verdict_measures import DEAR, GROUPS, Asked
from verdict_rows import Answers, rows_of

from spermlens.evaluate.table import Predictions
from spermlens.files import write_json
from spermlens.runs import Run

RESULTS = Path(__file__).parent / "results"
CLAIM = "What the reasons of EfficientNet-B0 with and without CBAM are worth on real cells, measured alike."
PROTOCOL = (
    "Every image explained by the network of the fold that had not seen it, repeat 100, five folds pooled, "
    "one view. The map is that of the class the network decided on; heads are as outlined, brought through "
    "the same framing as the picture, and images without a reliable outline or without a cell are left out "
    "where a measure is about the head. A map without evidence counts as a miss. Intervals draw images, near "
    "copies together; differences are of the same images. Grad-CAM is CAM's positive part, so its order of "
    "pixels and its deletion and insertion are CAM's. Maps that come of asking are neither turned nor "
    "forgotten: each costs hundreds of passes."
)


def main() -> None:
    import torch

    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    reader.add_argument("dataset", choices=list(COUNTS))
    reader.add_argument("--runs", type=Path, default=Path("runs"), help="where the runs of the study lie")
    reader.add_argument("--data", type=Path, help="holds a folder a data set; else the usual places")
    reader.add_argument("--parts", type=Path, default=Path("explained"), help="what is done lies here")
    reader.add_argument("--dear", type=int, default=16, help="images of which the dear measures are taken")
    reader.add_argument("--output", type=Path, default=RESULTS, help="where the results go")
    asked = reader.parse_args()
    torch.set_num_threads(1)
    runs = runs_of(asked.dataset, asked.runs)
    table = judged(next(iter(runs.values())))
    lists = {"images": drawn_by_lot(table, COUNTS[asked.dataset])}
    lists["dear_images"] = drawn_by_lot(_among(table, lists["images"]), asked.dear)
    folds = folds_of(asked.dataset, runs, lists["images"], asked.data)
    about = {
        "claim": CLAIM,
        "protocol": PROTOCOL,
        "runs": {alias: run.id for alias, run in runs.items()},
        "seed": SEED,
        **lists,
    }
    answers, passes = {alias: Answers() for alias in MODELS}, dict.fromkeys(GROUPS, 0)
    for group in GROUPS:
        for fold in folds:
            chosen = fold.only(set(lists["dear_images"])) if group in DEAR else fold
            if chosen is not None:
                part = _answered(asked.parts / asked.dataset, group, chosen, runs[fold.alias])
                answers[fold.alias].add(part)
                passes[group] += part["passes"]
        rows = rows_of(asked.dataset, table.task.name, answers)
        plain = [{name: value for name, value in asdict(row).items() if name != "per_fold"} for row in rows]
        # pictures that went through a network; the ways back are not counted
        told = {**about, "passes": passes, "rows": plain}
        write_json(asked.output / f"explain-{asked.dataset}.json", told)


def _among(table: Predictions, names: Sequence[str]) -> Predictions:
    return table.rows(np.flatnonzero(np.isin(np.array(table.ids), names)))


def _answered(folder: Path, group: str, fold: Fold, run: Run) -> dict[str, Any]:
    """What one group of one fold says: as it lies there, if of the same images and run, else asked now."""
    path = folder / f"{fold.alias}-f{fold.number}-{group}.json"
    about = {"run": run.id, "ids": list(fold.ids), "units": list(fold.units)}
    if path.is_file():
        there: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if all(there[name] == value for name, value in about.items()):
            return there
    with Asked(fold) as asked:
        found = GROUPS[group](asked)
    values = [
        {
            "method": method,
            "condition": condition,
            "metric": metric,
            "values": [float(one) if np.isfinite(one) else None for one in of],
        }
        for (method, condition, metric), of in found.items()
    ]
    part = {**about, "passes": asked.passes, "values": values}
    write_json(path, part)
    return part


if __name__ == "__main__":
    main()
