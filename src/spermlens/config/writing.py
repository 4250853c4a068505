"""An experiment as TOML that parses back to the same."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from spermlens.config.settings import Experiment


def to_toml(experiment: Experiment) -> str:
    """The complete experiment, defaults included, as TOML that parses back to the same."""
    return "\n".join(_toml_table(experiment.model_dump(mode="json"), ())).lstrip("\n") + "\n"


def _toml_table(table: Mapping[str, Any], path: tuple[str, ...]) -> Iterable[str]:
    """Lines of a table: plain values first, then its sub-tables."""
    nested = {key: value for key, value in table.items() if _is_section(value)}
    for key, value in table.items():
        if key not in nested:
            yield f"{_toml_key(key)} = {_toml_value(value)}"
    for key, value in nested.items():
        name = ".".join(_toml_key(step) for step in (*path, key))
        for part in value if isinstance(value, list) else [value]:
            yield f"\n[[{name}]]" if isinstance(value, list) else f"\n[{name}]"
            yield from _toml_table(part, (*path, key))


def _is_section(value: Any) -> bool:
    of_tables = isinstance(value, list) and bool(value) and all(isinstance(part, dict) for part in value)
    return isinstance(value, dict) or of_tables


def _toml_key(key: str) -> str:
    plain = key.isascii() and key.replace("-", "").replace("_", "").isalnum()
    return key if plain else _toml_value(key)


def _toml_value(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_toml_value(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_toml_key(k)} = {_toml_value(v)}" for k, v in value.items()) + "}"
    # TOML's strings, numbers and booleans are written as JSON writes them, but for one control character
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
