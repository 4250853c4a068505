"""An experiment from a name or a TOML file, with overrides; what is wrong in it becomes a sentence each."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from spermlens.config.settings import Experiment
from spermlens.errors import ConfigError, UnknownName, nearest
from spermlens.files import is_file


def toml_names(folder: Traversable) -> list[str]:
    """The TOML files in a folder of the package, without their ending."""
    return sorted(entry.name[:-5] for entry in folder.iterdir() if entry.name.endswith(".toml"))


def toml_text(name_or_path: str, folder: Traversable, noun: str) -> str:
    """What a TOML file says, named by its path or as one in that folder of the package."""
    path = Path(name_or_path)
    if path.suffix == ".toml" or is_file(path):
        try:
            return path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path}: cannot be read as a text file ({error}). Check the path.") from error
    if name_or_path not in toml_names(folder):
        raise UnknownName(noun, name_or_path, toml_names(folder))
    return (folder / f"{name_or_path}.toml").read_text(encoding="utf-8")


def experiment_names() -> list[str]:
    """The experiments that come with the package."""
    return toml_names(files("spermlens.experiments"))


def load_experiment(name_or_path: str, overrides: Sequence[str] = ()) -> Experiment:
    """An experiment by name or TOML file, with 'a.b=value' overrides."""
    text = toml_text(name_or_path, files("spermlens.experiments"), "experiment")
    return parse_experiment(text, str(Path(name_or_path)), overrides)


def parse_experiment(text: str, source: str, overrides: Sequence[str] = ()) -> Experiment:
    try:
        tree = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # too many digits or brackets are no TOMLDecodeError
        raise ConfigError(f"{source}: not a TOML file: {error}.") from error
    for override in overrides:
        _override(tree, override)
    try:
        return Experiment.model_validate_json(json.dumps(tree, allow_nan=False))
    except ValidationError as error:
        problems = "\n".join(f"  {_sentence(problem)}" for problem in error.errors() if _is_cause(problem))
        raise ConfigError(f"{source}: the experiment is not valid:\n{problems}") from error
    except (
        TypeError,
        ValueError,
        RecursionError,
    ) as error:  # dates, nan and inf, which TOML has and no setting is
        raise ConfigError(f"{source}: a value is of a kind that no setting has: {error}.") from error


def _override(tree: dict[str, Any], assignment: str) -> None:
    path, equals, text = assignment.partition("=")
    if not equals or not path.strip():
        raise ConfigError(f"'{assignment}' is no override. Write --set section.key=value.")
    try:
        read = tomllib.loads(f"value = {text.strip()}")
    except (ValueError, RecursionError):
        read = {}
    value = read["value"] if read.keys() == {"value"} else text.strip()  # a bare word is a string
    *parents, last = path.strip().split(".")
    place: Any = tree
    for step in parents:
        if isinstance(place, dict):
            place.setdefault(step, {})
        place = place[_key_in(place, step, assignment)]
    place[_key_in(place, last, assignment)] = value


def _key_in(place: Any, step: str, assignment: str) -> str | int:
    """The step as a table's key or as a list's position."""
    if isinstance(place, dict):
        return step
    if not isinstance(place, list):
        raise ConfigError(f"'{assignment}': '{step}' stands below {place!r}, which is a single value.")
    if step.isdecimal() and len(step) < 9 and int(step) < len(place):
        return int(step)
    raise ConfigError(f"'{assignment}': '{step}' must be a number from 0 to {len(place) - 1}.")


def _is_cause(problem: Mapping[str, Any]) -> bool:
    """False for a list called too short only because its entries were wrong."""
    return not (problem["type"] == "too_short" and problem["input"])


def _sentence(problem: Mapping[str, Any]) -> str:
    """One validation problem as a sentence with the setting's path."""
    steps = problem["loc"]
    path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).lstrip(".")
    if problem["type"] == "extra_forbidden":
        return f"Unknown setting '{path}'.{nearest(str(steps[-1]), _keys_beside(steps))}"
    if problem["type"] == "missing":
        return f"Missing setting '{path}'."
    if not path:
        return f"{problem['msg'].removeprefix('Value error, ')}."
    found, message = problem.get("input"), problem["msg"].removeprefix("Value error, ")
    shown = "" if isinstance(found, dict | list) else f", but is {found!r}"
    return f"'{path}': {message}{shown}."


def _keys_beside(steps: tuple[str | int, ...]) -> list[str]:
    model: type[BaseModel] = Experiment
    for step in steps[:-1]:
        if isinstance(step, str) and step in model.model_fields:
            model = _model_of(model.model_fields[step].annotation) or model
    return list(model.model_fields)


def _model_of(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) is not None or isinstance(annotation, UnionType):
        return next((m for a in get_args(annotation) if (m := _model_of(a))), None)
    return None
