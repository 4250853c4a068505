"""The second stage of deep multi-task transfer learning, after Abbasi and others 2020.

The first is the recipe `dmtl-trunk` of the study `mhsma`: all tasks together, the epoch kept that answers
them best and most alike. Its network is frozen here, and each task gets a branch of its own on what the
network pools: 1024 units, SELU, and a decision. Of each branch the epoch of least loss on the images for
choices is kept. What the branches say is committed as jobs do, so that the study's table has a line `dmtl`.

    python experiments/dmtl.py --root data/mhsma --repeat 0

Ours: the pictures are learned from in all the views that judge. Theirs was the plain picture, 64 pixels wide.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from spermlens.errors import DataMissing
from spermlens.evaluate.table import Predictions
from spermlens.models._network import Network
from spermlens.models._store import load
from spermlens.predict.tensors import to_tensor
from spermlens.predict.views import view
from spermlens.reproduce.committed import Answers, read_about, write_committed
from spermlens.reproduce.job import Job, jobs
from spermlens.reproduce.progress import Places, run_of
from spermlens.reproduce.study_file import load_study
from spermlens.training.folds import Split, splits
from spermlens.training.study import Study, prepare

TRUNK, LINE = "dmtl-trunk", "dmtl"
UNITS, BATCH, EPOCHS = 1024, 64, 300
RESULTS = Path("experiments/results")
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Branch:
    """How a task's branch is held back."""

    l2: float  # times the sum of its first layer's squared weights
    dropout: float


BRANCHES = {
    "acrosome": Branch(0.1, 0),
    "vacuole": Branch(0, 0.9),
    "head": Branch(0.1, 0),
    "tail": Branch(0.1, 0),
}


@dataclass(frozen=True)
class Side:
    """Images of one side of the split: what the trunk pools, (views, n, channels), and the labels."""

    pooled: Tensor
    labels: Ints  # -1 where not annotated


def pooled(network: Network, squares: Tensor, views: int) -> Tensor:
    """(views, n, channels): the averaged map of each picture in each view."""
    with torch.no_grad():
        return torch.stack(
            [
                torch.cat([network.features(view(part, i, views)).mean((2, 3)) for part in squares.split(64)])
                for i in range(views)
            ]
        )


def learn(train: Side, inner: Side, how: Branch, seed: int) -> nn.Module:
    """The branch of the epoch of least loss on inner images; its two logits are normal and abnormal."""
    torch.manual_seed(seed)
    first = nn.Linear(train.pooled.shape[2], UNITS)
    branch = nn.Sequential(first, nn.SELU(), nn.Dropout(how.dropout), nn.Linear(UNITS, 2))
    optimizer = torch.optim.Adadelta(branch.parameters())
    known = torch.from_numpy(np.flatnonzero(train.labels >= 0))
    least, kept = np.inf, deepcopy(branch)
    for _ in range(EPOCHS):
        branch.train()
        for rows in known[torch.randperm(len(known))].split(BATCH):
            seen = torch.randint(len(train.pooled), (len(rows),))
            logits = branch(train.pooled[seen, rows])
            loss = cross_entropy(logits, torch.from_numpy(train.labels)[rows])
            optimizer.zero_grad()
            (loss + how.l2 * first.weight.square().sum()).backward()
            optimizer.step()
        if (loss_now := inner_loss(branch, inner)) < least:
            least, kept = loss_now, deepcopy(branch)
    return kept


def inner_loss(branch: nn.Module, inner: Side) -> float:
    """The mean negative logarithm of what the branch gives to the truth, from all views."""
    known = inner.labels >= 0
    given = said(branch, inner.pooled)[known, inner.labels[known]]
    return float(-np.log(np.maximum(given, np.finfo(np.float32).tiny)).mean())


def said(branch: nn.Module, of: Tensor) -> NDArray[np.float64]:
    """(n, 2): the mean of the probabilities over the views."""
    branch.eval()
    with torch.inference_mode():
        return np.asarray(torch.softmax(branch(of).double(), -1).mean(0).numpy())


def answers_of(study: Study, split: Split, network: Network, seed: int) -> tuple[Answers, Answers]:
    """What the branches say of the test images, from one view and from all, and of the images for choices."""
    views = study.experiment.decide.views
    sides = {
        name: pooled(network, to_tensor(study.pictures.squares[getattr(split, name)]), views)
        for name in ("train", "inner", "test")
    }
    answers: Answers = {}
    inner: Answers = {}
    for task in network.tasks:
        labels = study.listing.labels(task.name)
        train, chosen_on = (Side(sides[name], labels[getattr(split, name)]) for name in ("train", "inner"))
        branch = learn(train, chosen_on, BRANCHES[task.name], seed)
        test = {1: said(branch, sides["test"][:1]), views: said(branch, sides["test"])}
        answers[task.name] = {n: _table(study, split, task.name, "test", found) for n, found in test.items()}
        found = said(branch, sides["inner"])
        inner[task.name] = {views: _table(study, split, task.name, "inner", found)}
    return answers, inner


def _table(study: Study, split: Split, task: str, side: str, found: NDArray[np.float64]) -> Predictions:
    where = getattr(split, side)
    listing = study.listing
    return Predictions(
        task=listing.task(task),
        ids=tuple(listing.ids[index] for index in where),
        units=tuple(listing.units[index] for index in where),
        repeats=np.full(len(where), split.repeat, np.int64),
        folds=np.full(len(where), split.fold, np.int64),
        truth=listing.labels(task)[where],
        probabilities=found,
        inner=side == "inner",
    )


def carry_out(job: Job, places: Places) -> Path:
    """Teach the branches on the trunk that a job has left; the CSV that is committed."""
    experiment = job.experiment(places.roots)
    run = run_of(experiment, places.runs)
    if run is None or run.status() != "finished":
        raise DataMissing(
            f"{job.path}: no finished run in {places.runs}. Do this job first, with --only {job.path}."
        )
    study = prepare(experiment, "cpu")
    (split,) = splits(study.listing, experiment.protocol)
    begun = time.monotonic()
    answers, inner = answers_of(study, split, load(run.network(split.name)).network.eval(), job.repeat)
    about, _ = read_about(places.table(job))
    branches: Mapping[str, object] = {name: asdict(how) for name, how in BRANCHES.items()}
    second = {
        "branches": branches,
        "units": UNITS,
        "epochs": EPOCHS,
        "seconds": round(time.monotonic() - begun, 2),
    }
    path = places.table(job).with_name(f"{LINE}-r{job.repeat}.csv")
    told = {
        **about,
        "job": f"{job.part.name}/{path.stem}",
        "second_stage": second,
        "seconds": 0.0,
        "looks": 0,
    }
    write_committed(path, answers, told, inner)
    return path


def main() -> None:
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    reader.add_argument("--study", default="mhsma", help="its name, or a TOML file")
    reader.add_argument("--root", required=True, help="where MHSMA lies")
    reader.add_argument("--runs", type=Path, default=Path("runs"), help="where the runs of the study lie")
    reader.add_argument("--results", type=Path, default=RESULTS, help="where its jobs commit")
    reader.add_argument("--repeat", type=int, default=0)
    asked = reader.parse_args()
    (job,) = jobs(*load_study(asked.study), [f"official/{TRUNK}-r{asked.repeat}"])
    carry_out(job, Places(asked.runs, asked.results, {"mhsma": asked.root}))


if __name__ == "__main__":
    main()
