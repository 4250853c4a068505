"""Going on from a saved model: its eyes are kept, and each new class says which old one it grows from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from spermlens.config import Architecture, Experiment
from spermlens.errors import ConfigError, UnknownName
from spermlens.models import build
from spermlens.models._description import Description, describe, short_hash
from spermlens.models._network import Network
from spermlens.models._shipped import folder_or_shipped
from spermlens.models._store import Saved, load
from spermlens.types import Task


@dataclass(frozen=True, slots=True)
class WarmStart:
    """A network to train, and in words which of its classes are known and which start fresh."""

    network: Network
    inherited: tuple[str, ...]
    fresh: tuple[str, ...]


def begun_from(wanted: Architecture) -> Path:
    """The folder of the saved model that `start_from` names."""
    return folder_or_shipped(wanted.start_from)


def begin(wanted: Architecture, tasks: tuple[Task, ...]) -> WarmStart:
    """What an experiment goes on from; it must name the saved model's architecture."""
    saved = load(begun_from(wanted))
    old = saved.description
    if (wanted.name, dict(wanted.arguments)) != (old.architecture, dict(old.arguments)):
        raise ConfigError(
            f"{wanted.start_from}: this is a '{old.architecture}' with {dict(old.arguments)}, expected "
            f"'{wanted.name}' with {dict(wanted.arguments)}. Set model.name and model.arguments to its own."
        )
    return warm_start(saved, tasks, wanted.class_map)


def refuse_overlap(experiment: Experiment, saved: Path, pixel_hashes: Sequence[str]) -> None:
    """Images that a saved model learned from would be judged as if nothing behind them had seen them."""
    if experiment.protocol.allow_overlap:
        return
    old = describe(saved)
    if seen := old.learned_from(pixel_hashes):
        raise ConfigError(
            f"{saved}: {old.id} has learned from {seen} of these {len(pixel_hashes)} "
            "images, expected none, so figures would be too good. Take another model or none, "
            "or accept it with --set protocol.allow_overlap=true; the report will say so."
        )


def pixels_learned(pixel_hashes: Sequence[str], behind: Iterable[Path]) -> dict[str, Any]:
    """What a model's data says of all images its weights rest on, those of the models behind it included.

    `before` names these models with the data and licence of each: what is made from them is bound by them.
    """
    pixels, forgetful, before = {short_hash(digest) for digest in pixel_hashes}, [], dict[str, None]()
    for old in map(describe, behind):
        pixels |= set(old.data.get("pixels", ()))
        before |= dict.fromkeys([_source(old), *old.data.get("before", ())])
        if not old.remembers_all:
            forgetful.append(old.id)
    facts: dict[str, Any] = {"before": list(before)} if before else {}
    if forgetful:
        facts["pixels_before"] = f"not recorded for all images behind {', '.join(forgetful)}"
    return {"pixels": sorted(pixels), **facts}


def _source(old: Description) -> str:
    told = [str(old.data.get(name, "")) for name in ("name", "licence", "citation")]
    return f"{old.id}, learned from {'; '.join(filter(None, told)) or 'data of which nothing is recorded'}"


def warm_start(saved: Saved, tasks: tuple[Task, ...], class_map: Mapping[str, str]) -> WarmStart:
    """A network for `tasks` with the trunk and attention of `saved`.

    A class named in `class_map` ("task.class" -> the saved model's "task.class") takes over that row of the
    classifier. Without a map, a task that is the same in both is taken over whole.
    """
    old = saved.description
    network = build(old.architecture, tasks, pretrained=False, arguments=old.arguments)
    own = ("heads.", "familiar.")  # what belongs to the old classes and the old pictures
    state = {k: v for k, v in saved.network.state_dict().items() if not k.startswith(own)}
    network.load_state_dict({**network.state_dict(), **state})
    pairs = dict(class_map) or _same_tasks(old.tasks, tasks)
    for new, source in pairs.items():
        _copy_row(network, new, saved.network, source)
    names = [f"{task.name}.{name}" for task in tasks for name in task.classes]
    return WarmStart(
        network,
        tuple(f"{name} from {pairs[name]}" for name in names if name in pairs),
        tuple(name for name in names if name not in pairs),
    )


def _same_tasks(old: tuple[Task, ...], new: tuple[Task, ...]) -> dict[str, str]:
    shared = [task for task in new if task in old]
    return {f"{task.name}.{name}": f"{task.name}.{name}" for task in shared for name in task.classes}


def _copy_row(network: Network, new: str, source_network: Network, source: str) -> None:
    target_task, target_row = _place(network, new, "the data")
    source_task, source_row = _place(source_network, source, "the saved model")
    target, origin = network.head(target_task).linear, source_network.head(source_task).linear
    with torch.no_grad():
        target.weight[target_row] = origin.weight[source_row]
        target.bias[target_row] = origin.bias[source_row]


def _place(network: Network, name: str, whose: str) -> tuple[str, int]:
    known = [f"{task.name}.{c}" for task in network.tasks for c in task.classes]
    if "." not in name:
        raise ConfigError(f"'{name}' is no class. Write task.class, one of: {', '.join(known)}.")
    if name not in known:
        raise UnknownName(f"class of {whose}", name, known)
    task, label = name.split(".", 1)
    return task, network.task(task).index(label)
