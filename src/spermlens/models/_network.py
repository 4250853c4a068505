"""Every model: a trunk that makes a feature map, attention if asked for, one pooled head per task.

A model of one task is a model of many tasks with one head; there is no second code path.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from spermlens.errors import ConfigError, UnknownName
from spermlens.models._cbam import Cbam
from spermlens.models._familiar import Familiar
from spermlens.models._head import PooledHead
from spermlens.types import Task

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
HALF = (0.5, 0.5, 0.5)


class Passage(NamedTuple):
    """One way through a network: what it answers and why, for every task and class at once."""

    logits: dict[str, Tensor]  # {task: (batch, classes)}
    maps: dict[str, Tensor]  # {task: (batch, classes, height, width)}: CAM, signed
    features: Tensor  # the map that is pooled, (batch, channels, height, width)
    trunk: Tensor  # the same before attention


class Network(nn.Module):
    """(batch, 3, size, size) in 0..1 -> {task: (batch, classes) logits}.

    Normalisation is the network's first step, so what enters is always the plain picture.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        trunk: nn.Module,
        channels: int,
        tasks: tuple[Task, ...],
        *,
        cbam: bool = False,
        dropout: float = 0.0,
        normalisation: tuple[tuple[float, ...], tuple[float, ...]] = (IMAGENET_MEAN, IMAGENET_STD),
        stages: dict[str, str] | None = None,
    ) -> None:
        super().__init__()
        _check(tasks, dropout)
        self.tasks = tasks
        self.trunk = trunk
        self.attention: Cbam | None = Cbam(channels) if cbam else None
        self.pooled = nn.Identity()  # the map that is pooled passes here: where to look by default
        self.heads = nn.ModuleDict(
            {_key(task.name): PooledHead(channels, len(task.classes), dropout) for task in tasks}
        )
        for name, values in zip(("mean", "std"), normalisation, strict=True):
            self.register_buffer(name, torch.tensor(values).view(1, 3, 1, 1), persistent=False)
        self.familiar: Familiar | None = None  # given once it has learned; see _familiar.py
        self._stages = dict(stages or {})

    def forward(self, squares: Tensor) -> dict[str, Tensor]:
        return self.answer(self.features(squares))

    def read(self, squares: Tensor) -> Passage:
        """Logits and maps in one go: no gradient, no hook, nothing that a graph could not hold."""
        trunk = self._trunk(squares)
        features = self._attended(trunk)
        return Passage(self.answer(features), self.maps(features), features, trunk)

    def answer(self, features: Tensor) -> dict[str, Tensor]:
        """The logits of every task from the map that is pooled."""
        return {task.name: self.head(task.name)(features) for task in self.tasks}

    def features(self, squares: Tensor) -> Tensor:
        """The map that is pooled: (batch, channels, height, width)."""
        return self._attended(self._trunk(squares))

    def maps(self, features: Tensor) -> dict[str, Tensor]:
        """The CAM of every class of every task, from the map that is pooled."""
        return {task.name: self.head(task.name).maps(features) for task in self.tasks}

    def layers(self) -> dict[str, nn.Module]:
        """Where one can look, from the input to the end. 'pooled' is the last and the default."""
        modules = dict(self.named_modules())
        named = {name: modules[path] for name, path in self._stages.items()}
        return {**named, "trunk": self.trunk, "pooled": self.pooled}

    def layer(self, name: str) -> nn.Module:
        layers = self.layers()
        if name not in layers:
            raise UnknownName("layer", name, layers)
        return layers[name]

    def task(self, name: str | None = None) -> Task:
        """A task by name; None for the first."""
        known = {task.name: task for task in self.tasks}
        if name is not None and name not in known:
            raise UnknownName("task", name, known)
        return self.tasks[0] if name is None else known[name]

    def head(self, task: str) -> PooledHead:
        head: Any = self.heads[_key(self.task(task).name)]
        assert isinstance(head, PooledHead)
        return head

    def _trunk(self, squares: Tensor) -> Tensor:
        seen: Tensor = self.trunk((squares - self.mean) / self.std)
        return seen

    def _attended(self, trunk: Tensor) -> Tensor:
        pooled: Tensor = self.pooled(trunk if self.attention is None else self.attention(trunk))
        return pooled

    def part(self, name: str) -> list[nn.Module]:
        """What learns in a phase: 'heads' is classifier and attention, 'all' is everything."""
        above: list[nn.Module] = [self.heads] if self.attention is None else [self.heads, self.attention]
        return {"heads": above, "all": [*above, self.trunk]}[name]


def _key(task: str) -> str:
    """The name as torch takes it for a module: without dots, and none of its own words such as 'type'."""
    name = task.replace(".", "·")
    return f"{name}_" if hasattr(nn.ModuleDict(), name) else name


def _check(tasks: tuple[Task, ...], dropout: float) -> None:
    names = [task.name for task in tasks]
    if not names or len({_key(name) for name in names}) < len(names):
        raise ConfigError(f"A model answers at least one task, each named once, but was given {names}.")
    if not 0 <= dropout < 1:
        raise ConfigError(f"dropout must be at least 0 and below 1, but is {dropout}.")
