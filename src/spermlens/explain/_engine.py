"""From a batch of squares to explanations: one forward pass, any method, any layer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spermlens.errors import BadModel, ConfigError, UnknownName
from spermlens.explain import METHODS
from spermlens.explain._capture import View, looking
from spermlens.models._network import Network
from spermlens.types import Explanation, Heat


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Why this class? One class a batch, or one an image."""

    task: str
    targets: tuple[int, ...]
    method: str = "cam"
    layer: str = ""  # empty: the method's own, usually the map that is pooled


@dataclass(frozen=True, slots=True)
class RawMap:
    """A method's answer before any scaling: (height, width), signed where the method is."""

    values: NDArray[np.float32]
    signed: bool
    layer: str


def raw_maps(network: Network, squares: Tensor, question: Question) -> list[RawMap]:
    """The maps of a batch at the layer's own size."""
    module = METHODS[question.method]
    layer = question.layer or getattr(module, "LAYER", "pooled")
    classes = network.task(question.task).classes
    if len(question.targets) != len(squares):
        raise ConfigError(
            f"{len(squares)} images need as many classes to explain, found {len(question.targets)}."
        )
    for target in question.targets:
        if not 0 <= target < len(classes):
            raise UnknownName("class number", str(target), map(str, range(len(classes))))
    if not len(squares):
        return []
    with looking(network, squares, layer, question.task, question.targets) as view:
        values = _finite(module.maps(view), view)
    return [RawMap(value, module.SIGNED, layer) for value in values]


def explain(network: Network, squares: Tensor, question: Question) -> list[Explanation]:
    """One explanation an image, its heat as large as the square."""
    task = network.task(question.task)
    size = (int(squares.shape[2]), int(squares.shape[3]))
    return [
        as_explanation(raw, size, question, task.classes[target])
        for raw, target in zip(raw_maps(network, squares, question), question.targets, strict=True)
    ]


def as_explanation(raw: RawMap, size: tuple[int, int], question: Question, target: str) -> Explanation:
    """Divide by the largest value, keep it as `peak`, and enlarge to `size`."""
    peak = float(np.abs(raw.values).max()) if raw.signed else float(raw.values.max())
    scaled = raw.values / peak if peak > 0 else np.zeros_like(raw.values)
    return Explanation(
        heat=enlarge(np.maximum(scaled, 0), size),
        against=enlarge(np.maximum(-scaled, 0), size) if raw.signed else None,
        peak=max(peak, 0.0),
        status="evidence" if peak > 0 else "no_evidence",
        map_size=(raw.values.shape[0], raw.values.shape[1]),
        task=question.task,
        target=target,
        method=question.method,
        layer=raw.layer,
    )


def enlarge(values: NDArray[np.float32], size: tuple[int, int]) -> Heat:
    """Bilinear, cell centres on cell centres, so that nothing is moved."""
    tensor = torch.from_numpy(np.ascontiguousarray(values, np.float32))[None, None]
    grown = torch.nn.functional.interpolate(tensor, size=size, mode="bilinear", align_corners=False)
    heat: Heat = grown[0, 0].clamp(0, 1).numpy()
    return heat


def _finite(maps: Tensor, view: View) -> list[NDArray[np.float32]]:
    values = maps.detach().float().cpu().numpy()
    if not np.isfinite(values).all():
        raise BadModel(
            f"The map at '{view.layer}' is not finite: the network's values overflow. "
            "Train it again with a lower learning rate."
        )
    return list(values)
