"""From a batch of squares to explanations: any method, any layer, smoothed or not."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spermlens.errors import BadModel, ConfigError, UnknownName, UsageError
from spermlens.explain import METHODS, SMOOTHED, method_named
from spermlens.explain._capture import evaluating, looking, score
from spermlens.explain._scaled import EveryClass, Question, RawMap, explanations
from spermlens.explain._smoothed import shaken
from spermlens.models._network import Network, Passage
from spermlens.types import Explanation


def is_exact(method: str, layer: str = "") -> bool:
    """Whether a forward pass alone gives the maps, those of every class at once."""
    module = method_named(method)
    return hasattr(module, "exact") and not method.endswith(SMOOTHED) and layer in ("", _home(module))


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
    """The maps of a batch at their own size."""
    _check(network, squares, question)
    if not len(squares):
        return []
    if not question.method.endswith(SMOOTHED):
        return _plain_maps(network, squares, question)
    plain = replace(question, method=question.method.removesuffix(SMOOTHED))
    batches = zip(*(_plain_maps(network, copy, plain) for copy in shaken(squares)), strict=True)
    return [replace(maps[0], values=np.mean([one.values for one in maps], axis=0)) for maps in batches]


def _plain_maps(network: Network, squares: Tensor, question: Question) -> list[RawMap]:
    module = METHODS[question.method]
    asked = (question.task, question.targets, question.rivals)
    if is_exact(question.method, question.layer):
        with evaluating(network), torch.inference_mode():
            passage = network.read(squares)
            return chosen(every_class(network, passage, question.method, question.task), question)
    if hasattr(module, "by_asking"):
        layer = _home(module)
        # not in inference mode: it would win over enable_grad
        with evaluating(network), torch.inference_mode(False), torch.no_grad():
            values = _finite(module.by_asking(network, squares, score(*asked, squares.device)), layer)
    else:
        layer = question.layer or (
            module.home(network, squares) if hasattr(module, "home") else _home(module)
        )
        with looking(network, squares, layer, *asked) as view:
            values = _finite(module.maps(view), layer)
    return [RawMap(value, module.SIGNED, layer) for value in values]


def explain(network: Network, squares: Tensor, question: Question) -> list[Explanation]:
    """One explanation an image, its heat as large as the square."""
    size = (int(squares.shape[2]), int(squares.shape[3]))
    classes = network.task(question.task).classes
    return explanations(raw_maps(network, squares, question), size, question, classes)


def _home(module: ModuleType) -> str:
    """The layer a method looks at when none is named."""
    return str(getattr(module, "LAYER", "pooled"))


def _check(network: Network, squares: Tensor, question: Question) -> None:
    module, classes = method_named(question.method), network.task(question.task).classes
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
