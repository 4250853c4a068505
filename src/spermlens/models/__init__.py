"""Networks. One file is one model: `build(tasks, *, pretrained, ...) -> Network`."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from spermlens.catalog import Catalog
from spermlens.errors import ConfigError, nearest
from spermlens.types import Task

if TYPE_CHECKING:
    from spermlens.models._network import Network

MODELS = Catalog("spermlens.models", "model")


def build(
    name: str,
    tasks: tuple[Task, ...],
    *,
    pretrained: bool = False,
    arguments: Mapping[str, Any] | None = None,
) -> Network:
    """A network by its catalogue name, or 'timm:NAME' for any backbone of timm."""
    given = dict(arguments or {})
    if name.startswith("timm:"):
        if "backbone" in given:
            raise ConfigError(
                f"Model '{name}' names its backbone already. Leave out the argument 'backbone'."
            )
        name, given["backbone"] = "timm_backbone", name.removeprefix("timm:")
    builder = MODELS[name].build
    _check_arguments(name, given, inspect.signature(builder).parameters)
    network: Network = builder(tasks, pretrained=pretrained, **given)
    return network


def _check_arguments(
    name: str, given: Mapping[str, Any], parameters: Mapping[str, inspect.Parameter]
) -> None:
    known = {key: value.default for key, value in parameters.items() if key not in ("tasks", "pretrained")}
    for key, value in given.items():
        if key not in known:
            raise ConfigError(f"Model '{name}' has no argument '{key}'.{nearest(key, known)}")
        kind = type(known[key])
        if type(value) not in ((int, float) if kind is float else (kind,)):
            raise ConfigError(f"Model '{name}': {key} must be a {kind.__name__}, but is {value!r}.")
