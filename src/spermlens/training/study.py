"""An experiment with its data in memory: read, verified, and made into squares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from spermlens.config import Experiment
from spermlens.datasets import Listing, open_data
from spermlens.datasets._verify import require
from spermlens.errors import UnknownName
from spermlens.framing import Framing, field_that_holds
from spermlens.locate.pose import pose_for
from spermlens.locate.shown import head_in, shown
from spermlens.models._description import describe
from spermlens.predict.tensors import choose_device
from spermlens.training.loop import CHECKPOINT_SECONDS, Pictures
from spermlens.training.sampling import labels_to_balance
from spermlens.training.warm_start import begun_from
from spermlens.types import Image

Tell = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class Study:
    """An experiment with its data in memory."""

    experiment: Experiment
    listing: Listing
    framing: Framing
    pictures: Pictures
    longest: float  # side of an image, in fields
    device: torch.device
    tell: Tell
    checkpoint_seconds: float = CHECKPOINT_SECONDS


def prepare(experiment: Experiment, device: str = "auto", tell: Tell = lambda _: None) -> Study:
    """Read, verify and frame the data."""
    listing = _chosen_tasks(
        open_data(experiment.data.name, experiment.data.root, experiment.data.options), experiment
    )
    labels = {task.name: listing.labels(task.name) for task in listing.card.tasks}
    labels_to_balance(experiment.training.sampling, labels)  # refuses a task that is not there
    tell({"stage": "verify", "images": len(listing)})
    require(listing)
    framing = _framing(experiment, listing)
    squares, longest = [], 0.0
    for sample in listing:
        seen = _part(sample.image, experiment.data.shown)
        squares.append(framing.square(seen, sample.um_per_pixel, pose_for(framing, sample.image)))
        longest = max(
            longest, max(sample.image.shape[:2]) * framing.scale(sample.um_per_pixel) / framing.size
        )
    return Study(
        experiment,
        listing,
        framing,
        Pictures(np.stack(squares), labels),
        longest,
        choose_device(device),
        tell,
    )


def _chosen_tasks(listing: Listing, experiment: Experiment) -> Listing:
    wanted = experiment.data.tasks
    known = [task.name for task in listing.card.tasks]
    for name in wanted:
        if name not in known:
            raise UnknownName("task", name, known)
    if not wanted:
        return listing
    tasks = tuple(task for task in listing.card.tasks if task.name in wanted)
    counts = {task.name: listing.card.counts[task.name] for task in tasks if task.name in listing.card.counts}
    return replace(listing, card=replace(listing.card, tasks=tasks, counts=counts))


def _part(image: Image, what: str) -> Image:
    """What the experiment shows of an image; the pose is that of the whole one."""
    return image if what == "whole" else shown(image, head_in(image), what)


def _framing(experiment: Experiment, listing: Listing) -> Framing:
    """The experiment's field, else the card's, else one that holds 19 of 20 images.

    A warm start keeps the um per pixel of the model it goes on from: new images are brought to that.
    """
    wanted = experiment.framing
    if experiment.model.start_from:
        old = describe(begun_from(experiment.model)).framing
        return replace(old, size=wanted.size, field_px=wanted.field_px or old.field_px, align=wanted.align)
    field = wanted.field_px or listing.card.field_px
    if not field:
        field = round(field_that_holds(max(sample.image.shape[:2]) for sample in listing))
    return Framing(
        size=wanted.size,
        field_px=float(field),
        um_per_pixel=listing.card.um_per_pixel,
        align=wanted.align,
    )
