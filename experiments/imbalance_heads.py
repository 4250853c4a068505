"""One linear head on frozen features, learned in each of the ways that answer a rare class.

A way is what a training can be set to, so the head is learned with the very loss and order of images that a
fine-tuning would use. Each time an image comes, it is one of its turned and mirrored views; asked, all speak.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from imbalance_features import VIEWS, Seen
from numpy.typing import NDArray

from spermlens.config import Phase, Training
from spermlens.evaluate.rare import factor_for, moved
from spermlens.training.loop import learning_rate
from spermlens.training.losses import loss_of
from spermlens.training.sampling import balanced_order, labels_to_balance, plain_order

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

NONE, MOVING, OVER, ADJUSTED = "none", "threshold moving", "over-sampling", "logit adjustment"
BALANCED = {"sampling": "balanced:{task}"}
WAYS: Mapping[str, Mapping[str, Any]] = {
    NONE: {},
    "class weights": {"class_weights": "balanced"},
    "focal": {"loss": "focal", "focusing": 2.0},
    "balanced batches": BALANCED,
    OVER: BALANCED,  # for as many more epochs as it takes to see a common image as often as without
    ADJUSTED: {"logit_adjustment": 1.0},
}
INNER_FOLDS = 3
PHASE = Phase(train="heads", epochs=30, learning_rate=3e-3, weight_decay=0.01)
BATCH = 64


def answers(seen: Seen, train: Ints, test: Ints, rare: int) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """By way, the probabilities of the test images and those of the training images, each out of fold.

    A decision is moved by what heads of inner folds say of training images that they did not learn.
    """
    inner = inner_folds(seen, train)
    tested = {way: told(seen, train, test, way) for way in WAYS}
    unseen = {way: np.zeros((len(train), len(seen.task.classes))) for way in WAYS}
    for learned, held in inner:
        for way in WAYS:
            unseen[way][held] = told(seen, train[learned], train[held], way)
    truth, plain = seen.labels[train], unseen[NONE]
    tested[MOVING] = moved(tested[NONE], rare, factor_for(truth, plain, seen.task, rare))
    unseen[MOVING] = plain.copy()
    for learned, held in inner:  # here, too, no image has a say in its own decision
        factor = factor_for(truth[learned], plain[learned], seen.task, rare)
        unseen[MOVING][held] = moved(plain[held], rare, factor)
    return tested, unseen


def inner_folds(seen: Seen, train: Ints) -> list[tuple[Ints, Ints]]:
    """Places in `train` to learn from and to be asked about; units are kept together."""
    from sklearn.model_selection import StratifiedGroupKFold

    maker = StratifiedGroupKFold(INNER_FOLDS, shuffle=True, random_state=0)
    units = np.array(seen.listing.units)[train]
    return [(learned, held) for learned, held in maker.split(units, seen.labels[train], units)]


def settings_of(way: str, task: str) -> list[str]:
    """What a training is to be set to, as `--set` takes it; nothing where it stays as it is."""
    return [f"training.{key}={value}".format(task=task) for key, value in WAYS.get(way, {}).items()]


def training_of(way: str, task: str) -> Training:
    settings = {
        key: value.format(task=task) if isinstance(value, str) else value for key, value in WAYS[way].items()
    }
    return Training(batch_size=BATCH, phases=(PHASE,), **settings)


def epochs_times(labels: Ints, classes: int) -> float:
    """How many more balanced epochs show a common image as often as so many that are not balanced."""
    return float(np.bincount(labels).max() * classes / len(labels))


def told(seen: Seen, train: Ints, asked: Ints, way: str) -> Floats:
    """Probabilities of the images asked about, after learning from `train`."""
    head = _learned(seen, train, way)
    with torch.inference_mode():
        views = head(torch.from_numpy(seen.features[asked])).double().softmax(2)
    return np.asarray(views.mean(1).numpy(), np.float64)


def _learned(seen: Seen, train: Ints, way: str) -> torch.nn.Linear:
    task, labels = seen.task, seen.labels[train]
    training = training_of(way, task.name)
    longer = epochs_times(labels, len(task.classes)) if way == OVER else 1
    phase = PHASE.model_copy(update={"epochs": round(PHASE.epochs * longer)})
    loss = loss_of(training, [task], {task.name: labels})
    balanced = labels_to_balance(training.sampling, {task.name: labels})
    features, truth = torch.from_numpy(seen.features[train]), torch.from_numpy(labels)
    head = torch.nn.Linear(features.shape[2], len(task.classes))
    torch.nn.init.zeros_(head.weight)
    torch.nn.init.zeros_(head.bias)
    optimizer = torch.optim.AdamW(head.parameters(), weight_decay=phase.weight_decay, fused=True)
    generator = torch.Generator().manual_seed(training.seed)
    parts = -(-len(train) // training.batch_size)
    for step in range(phase.epochs * parts):
        if step % parts == 0:
            order = plain_order(len(train), generator)
            if balanced is not None:
                order = balanced_order(balanced, generator)
            batches = np.array_split(order, parts)
        batch = torch.from_numpy(batches[step % parts])
        view = torch.randint(VIEWS, (len(batch),), generator=generator)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(phase, step, phase.epochs * parts)
        optimizer.zero_grad(set_to_none=True)
        loss({task.name: head(features[batch, view])}, {task.name: truth[batch]}).backward()
        optimizer.step()
    return head
