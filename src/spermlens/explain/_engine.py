"""From a batch of squares to explanations: one forward pass, any method, any layer."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spermlens.errors import BadModel, ConfigError, UnknownName, UsageError
from spermlens.explain import METHODS
from spermlens.explain._capture import evaluating, looking
from spermlens.models._network import Network, Passage
from spermlens.types import Explanation, Heat

EveryClass = NDArray[np.float32]  # images x classes x height x width


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Why this class? One class a batch, or one an image. With rivals: why this class and not that one?"""

    task: str
    targets: tuple[int, ...]
    rivals: tuple[int, ...] = ()  # as many as targets, or none
    method: str = "cam"
    layer: str = ""  # empty: the method's own, usually the map that is pooled


@dataclass(frozen=True, slots=True)
class RawMap:
    """A method's answer before any scaling: (height, width), signed where the method is."""

    values: NDArray[np.float32]
    signed: bool
    layer: str


def is_exact(method: str, layer: str = "") -> bool:
    """Whether a forward pass alone gives the maps, those of every class at once."""
    module = METHODS[method]
    return hasattr(module, "exact") and layer in ("", _home(module))


def every_class(network: Network, passage: Passage, method: str, task: str) -> EveryClass:
    """What an exact method says of a batch that has gone through the network."""
    module = METHODS[method]
    return _finite(module.exact(network, passage, task), _home(module))


def chosen(maps: EveryClass, question: Question) -> list[RawMap]:
    """Of every class's map those that are asked for; signed methods are linear in the logit."""
    module, images = METHODS[question.method], range(len(maps))
    _check_signed(module, question)
    values = maps[images, question.targets]
    if question.rivals:
        values = values - maps[images, question.rivals]
    return [RawMap(value, module.SIGNED, _home(module)) for value in values]


def raw_maps(network: Network, squares: Tensor, question: Question) -> list[RawMap]:
    """The maps of a batch at the layer's own size."""
    module = METHODS[question.method]
    _check(network, squares, question)
    if not len(squares):
        return []
    if is_exact(question.method, question.layer):
        with evaluating(network), torch.inference_mode():
            passage = network.read(squares)
            return chosen(every_class(network, passage, question.method, question.task), question)
    layer = question.layer or _home(module)
    with looking(network, squares, layer, question.task, question.targets, question.rivals) as view:
        values = _finite(module.maps(view), layer)
    return [RawMap(value, module.SIGNED, layer) for value in values]


def explain(network: Network, squares: Tensor, question: Question) -> list[Explanation]:
    """One explanation an image, its heat as large as the square."""
    size = (int(squares.shape[2]), int(squares.shape[3]))
    return explanations(network, raw_maps(network, squares, question), size, question)


def explanations(
    network: Network, raw: list[RawMap], size: tuple[int, int], question: Question
) -> list[Explanation]:
    """The same from maps that are there already."""
    classes = network.task(question.task).classes
    rivals = question.rivals or (None,) * len(question.targets)
    return [
        as_explanation(one, size, question, classes[target], "" if rival is None else classes[rival])
        for one, target, rival in zip(raw, question.targets, rivals, strict=True)
    ]


def as_explanation(
    raw: RawMap, size: tuple[int, int], question: Question, target: str, rival: str = ""
) -> Explanation:
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
        rival=rival,
        method=question.method,
        layer=raw.layer,
    )


def enlarge(values: NDArray[np.float32], size: tuple[int, int]) -> Heat:
    """Bilinear, cell centres on cell centres, so that nothing is moved."""
    tensor = torch.from_numpy(np.ascontiguousarray(values, np.float32))[None, None]
    grown = torch.nn.functional.interpolate(tensor, size=size, mode="bilinear", align_corners=False)
    heat: Heat = grown[0, 0].clamp(0, 1).numpy()
    return heat


def _home(module: ModuleType) -> str:
    """The layer a method looks at when none is named."""
    return str(getattr(module, "LAYER", "pooled"))


def _check(network: Network, squares: Tensor, question: Question) -> None:
    module, classes = METHODS[question.method], network.task(question.task).classes
    for numbers in (question.targets, question.rivals or question.targets):
        if len(numbers) != len(squares):
            raise ConfigError(f"{len(squares)} images need as many classes to explain, found {len(numbers)}.")
        for number in numbers:
            if not 0 <= number < len(classes):
                raise UnknownName("class number", str(number), map(str, range(len(classes))))
    _check_signed(module, question)
    home = _home(module)
    if not hasattr(module, "maps") and question.layer not in ("", home):
        raise UsageError(
            f"The method '{question.method}' looks at the layer '{home}' alone, not at '{question.layer}'. "
            f"Use --layer {home}, or --method gradcam for other layers."
        )


def _check_signed(module: ModuleType, question: Question) -> None:
    if question.rivals and not module.SIGNED:
        raise UsageError(
            f"The method '{question.method}' cannot tell one class from another: its maps have no sign, and "
            "a difference of what was cut off at nought means nothing. Use --method cam."
        )


def _finite(maps: Tensor, layer: str) -> NDArray[np.float32]:
    values: NDArray[np.float32] = maps.detach().float().cpu().numpy()
    if not np.isfinite(values).all():
        raise BadModel(
            f"The map at '{layer}' is not finite: the network's values overflow. "
            "Train it again with a lower learning rate."
        )
    return values
