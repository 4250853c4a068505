"""Committed jobs whose probabilities are drawn, so that tables can be held against direct counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spermlens.evaluate.table import Predictions
from spermlens.reproduce.committed import read_committed, write_committed
from spermlens.reproduce.job import Job
from spermlens.reproduce.progress import Places, machine
from spermlens.reproduce.study import Part
from spermlens.types import Task

TASK = Task("head_shape", ("normal", "tapered", "pyriform", "amorphous"))
IMAGES = 60
STUDY = """
claim = "c"

[[parts]]
name = "one"
table = "one-table"
claim = "A claim."
experiment = "hushem-paper"
repeats = [100, 101, 102]
recipes_tried = 3
recipes = [{ name = "plain", set = ["model.name=efficientnet_b0"] }, { name = "cbam" }]
averages = [{ name = "both", of = ["plain", "cbam"] }]
reference = ["cbam"]
best = "both"
joined = ["shape"]

[[parts]]
name = "divided"
table = "divided-table"
claim = "One test, often."
experiment = "hushem-paper"
repeats = [0, 1, 2, 3]
recipes_tried = 3
set = ["protocol.kind=holdout", "protocol.test_share=0.2"]
recipes = [{ name = "cbam" }]
marks = [{ who = "paper", metric = "accuracy", value = 0.939, n_images = 33 }]
"""


def judged(repeat: int, seed: int, *, holdout: bool = False) -> Predictions:
    """What a fair model says of sixty images; images 0 and 1 are one unit."""
    rng = np.random.default_rng([repeat, seed])
    truth = np.arange(IMAGES, dtype=np.int64) % 4
    images = rng.permutation(IMAGES)[: IMAGES // 5] if holdout else rng.permutation(IMAGES)
    logits = rng.normal(size=(len(images), 4))
    logits[np.arange(len(images)), truth[images]] += 1.5
    probabilities = np.exp(2 * logits) / np.exp(2 * logits).sum(1, keepdims=True)
    return Predictions(
        task=TASK,
        ids=tuple(f"image {number}" for number in images),
        units=tuple(f"unit {max(number, 1)}" for number in images),
        repeats=np.full(len(images), repeat, np.int64),
        folds=(np.zeros(len(images), np.int64) if holdout else np.maximum(images, 1).astype(np.int64) % 5),
        truth=truth[images],
        probabilities=probabilities.astype(np.float64),
    )


@dataclass(frozen=True)
class Desk:
    """A study with a folder of results."""

    name: str
    parts: tuple[Part, ...]
    jobs: list[Job]
    places: Places

    def said(self, job: Job) -> Predictions:
        """What was committed, from eight views."""
        return read_committed(self.places.table(job)).answers[TASK.name][8]

    def commit(self, job: Job, *, pixels: str = "p") -> dict[int, Predictions]:
        """Commit what a drawn model of this job's recipe says; by number of views."""
        seed, holdout = len(job.recipe.name), job.part.name == "divided"
        tables = {8: judged(job.repeat, seed, holdout=holdout)}
        one = tables[8].probabilities ** 1.5
        tables[1] = judged(job.repeat, seed, holdout=holdout)
        tables[1].probabilities[:] = one / one.sum(1, keepdims=True)
        about = {
            "job": job.path,
            "run": "run",
            "recipe": job.experiment().model_dump(mode="json"),
            "data": {"name": "hushem", "images": IMAGES, "pixels_sha256": pixels},
            "device": "cpu",
            "cores": 2,
            "machine": machine(),
            "seconds": 10.0,
            "looks": 500,
        }
        write_committed(self.places.table(job), {TASK.name: tables}, about)
        return tables
