"""The ways that the screening chose, where the whole network learns. Writes results/imbalance-tuned.json.

python experiments/imbalance_tuned.py FOLDER, with hushem in it [--weights FOLDER] [--parts tuned] [--tables]

HuSHeM, its training folds cut as in the screening, is trained here. Each fold of each way is kept when it is
done, so the same command goes on after an interrupt. MHSMA is trained by the study, and only read here:

spermlens reproduce mhsma --only official/joint-r0 --only official/joint-adjusted-r0 (and -r1, -r2)

--tables trains nothing and writes what there is. What is not there is named in the file, and said at the end.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import imbalance_official
from imbalance import QUESTIONS, RESULTS, Question
from imbalance_folds import RECIPE, Tuned, tuned
from imbalance_heads import NONE
from imbalance_scores import about, differences, drawn, score_rows

from spermlens.config import load_experiment
from spermlens.evaluate.table import Predictions
from spermlens.files import write_json
from spermlens.models._pretrained import weights_folder
from spermlens.runs import describe_environment

JOINED = ("rows", "comparisons", "questions")  # of every question
CLAIM = "What helps a fine-tuned network where one class is rare: the ways that a screening had chosen."
PROTOCOL = (
    "The recipe as it is, but for the way. HuSHeM: stratified 5-fold, near copies together, repeat 0; the "
    "training folds cut to the very images of the screening, the test folds whole. MHSMA: the publisher's "
    "split, which shares groups between its sides; each repeat is another seed. The last epoch kept, all "
    "views, no temperature. A moved decision is the plain network's, its factor the best for balanced "
    "accuracy on the publisher's images for choices, seed by seed. The ways were chosen by inner images of "
    "folds in which the images judged here stand, too: that flatters them a little. Differences are paired "
    "and not corrected for their number; intervals know nothing of another training."
)


def main() -> None:
    import torch

    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    reader.add_argument("data", type=Path, help="holds a folder a data set")
    reader.add_argument("--weights", type=Path, help="where the ImageNet weights lie; else the usual places")
    reader.add_argument("--parts", type=Path, default=Path("tuned"), help="what is done lies here")
    reader.add_argument("--tables", action="store_true", help="train nothing; write what there is")
    reader.add_argument("--results", type=Path, default=RESULTS, help="where jobs commit; written there, too")
    asked = reader.parse_args()
    torch.set_num_threads(1)
    weights_folder.set(asked.weights)
    cut = next(question for question in QUESTIONS if question.cut)
    ways = tuned(cut, asked.data, asked.parts)
    if not asked.tables:
        train(ways)
    told = gathered(cut, ways, asked.results)
    if told["questions"]:
        write_json(asked.results / "imbalance-tuned.json", told)
    if told["missing"]:
        sys.stdout.write(f"Missing: {', '.join(told['missing'])}\n")


def train(ways: Sequence[Tuned]) -> None:
    """Every piece that is missing, all ways of a fold before the next fold."""
    missing = [(split.name, way, split) for way in ways for split in way.missing()]
    for name, way, split in sorted(missing, key=lambda one: one[0]):
        way.train(split)
        sys.stdout.write(f"{way.way} {name}\n")
        sys.stdout.flush()


def gathered(cut: Question, ways: Sequence[Tuned], results: Path) -> dict[str, Any]:
    """The results file: every way of which all pieces are there, and the names of what is not."""
    committed, jobs = imbalance_official.official(results)
    parts = []
    for asked in QUESTIONS:
        if asked == cut:
            tables = {way.way: way.table() for way in ways if not way.missing()}
            how = f"{ways[0].study.experiment.protocol.folds} folds that learn from {cut.cut} of the class"
            parts.append(judged(asked, tables, RECIPE, how))
        elif committed is not None:
            tables = imbalance_official.tables_of(committed, asked)
            how = "the publisher's split, each repeat another seed"
            parts.append(judged(asked, tables, imbalance_official.official_part().experiment, how))
    missing = [f"{imbalance_official.STUDY} {job}" for job in jobs]
    missing += [f"{cut.dataset} {way.way} {split.name}" for way in ways for split in way.missing()]
    joined = {key: [row for part in parts for row in part[key]] for key in JOINED}
    environment = describe_environment("cpu", 0)
    return {"claim": CLAIM, "protocol": PROTOCOL, "environment": environment, **joined, "missing": missing}


def judged(asked: Question, tables: Mapping[str, Predictions], recipe: str, how: str) -> dict[str, Any]:
    """The parts of the results file that are of one question; empty without the plain recipe."""
    if NONE not in tables:
        return {key: [] for key in JOINED}
    plain = tables[NONE]
    first, model = plain.first_repeat, load_experiment(recipe).model.name
    shared = about(plain, asked.dataset) | {"recipe": recipe, "model": model, "alias": ""}
    found = drawn(tables, asked.rare)
    question = {
        "dataset": asked.dataset,
        "task": asked.task,
        "rare": asked.rare,
        "rare_images": int((first.truth == plain.task.index(asked.rare)).sum()),
        "images": len(first),
        "how": how,
        "recipe": recipe,
    }
    rows, apart = score_rows(found, shared), differences(found, shared)
    return {"rows": rows, "comparisons": apart, "questions": [question]}


if __name__ == "__main__":
    main()
