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
        name, given["backbone"] = "timm_backbone", name.removeprefix("timm:")
    builder = MODELS[name].build
    known = [key for key in inspect.signature(builder).parameters if key not in ("tasks", "pretrained")]
    for key in given:
        if key not in known:
            raise ConfigError(f"Model '{name}' has no argument '{key}'.{nearest(key, known)}")
    network: Network = builder(tasks, pretrained=pretrained, **given)
    return network
