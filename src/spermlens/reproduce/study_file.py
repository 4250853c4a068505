"""A study as it is written: found by name or path, and checked as a whole before anything is trained."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from spermlens.config import Experiment, Protocol
from spermlens.config.reading import toml_text
from spermlens.errors import ConfigError
from spermlens.reproduce.job import Job, jobs_of
from spermlens.reproduce.study import Part, Study

STUDIES = files("spermlens.experiments") / "studies"  # those that come with the package
OURS = ("name", "protocol.repeats", "protocol.final_model", "data.root")  # a job says these itself


def load_study(name_or_path: str) -> tuple[str, Study]:
    """The name and content of a study, from the package or a TOML file; every recipe in it is checked."""
    name = Path(name_or_path).stem
    text = toml_text(name_or_path, STUDIES, "study")
    study = _parsed(text, name_or_path)
    for part in study.parts:
        _check_recipes(jobs_of(name, part), part, name_or_path)
    return name, study


def _parsed(text: str, source: str) -> Study:
    try:
        tree = tomllib.loads(text)
        return Study.model_validate_json(json.dumps(_handed_out(tree), allow_nan=False))
    except ValidationError as error:
        problems = "\n".join(
            f"  '{'.'.join(map(str, one['loc'])) or 'study'}': {one['msg'].removeprefix('Value error, ')}."
            for one in error.errors()
        )
        raise ConfigError(f"{source}: the study is not valid:\n{problems}") from error
    except (TypeError, ValueError, RecursionError) as error:
        raise ConfigError(f"{source}: not a TOML file of a study: {error}.") from error


def _handed_out(tree: dict[str, Any]) -> dict[str, Any]:
    """The study with what is shared in each part that says so; it may add recipes, and say nothing again."""
    shared, parts = tree.get("shared"), tree.get("parts")
    if not isinstance(parts, list):
        return tree
    takers = [part for part in parts if isinstance(part, dict) and part.get("shared") is True]
    for part in takers:
        if not isinstance(shared, dict):
            raise ValueError("a part says shared = true, but there is no [shared]")
        own = part.pop("recipes", [])
        if doubled := sorted(part.keys() & shared.keys()):
            raise ValueError(f"a part with shared = true must not say '{doubled[0]}' itself")
        part |= {**shared, "recipes": [*shared.get("recipes", ()), *own]}
    return tree


def _check_recipes(found: Sequence[Job], part: Part, source: str) -> None:
    """Every recipe is a valid experiment, and those that are pooled or averaged are judged alike."""
    for text in (*part.set, *(text for recipe in part.recipes for text in recipe.set)):
        if text.partition("=")[0].strip() in OURS:
            raise ConfigError(
                f"{source}, part '{part.name}': '{text}' is said by each job itself. Leave it out."
            )
    judged: dict[str, tuple[str, object]] = {}
    seen = {job.recipe.name: job.experiment() for job in found if job.repeat == part.repeats[0]}
    for name, experiment in seen.items():
        if experiment.protocol.judge != "test":
            raise ConfigError(f"{source}, part '{part.name}', recipe '{name}': a study judges test images.")
        first, protocol = judged.setdefault(experiment.data.name, (name, _division(experiment)))
        if protocol != _division(experiment):
            raise ConfigError(
                f"{source}, part '{part.name}': '{name}' and '{first}' divide the same data differently."
            )
    for average in part.averages:
        ways = {(seen[name].data.name, seen[name].decide.views) for name in average.of if name in seen}
        if len(ways) > 1:
            raise ConfigError(
                f"{source}, part '{part.name}': '{average.name}' is of recipes that differ in data or views."
            )
    for panel in part.panels:
        asked = [task for name in panel.of for task in seen[name].data.tasks or ("every task",)]
        if len(asked) > len(panel.of) or len(set(asked)) < len(asked) or "every task" in asked:
            raise ConfigError(
                f"{source}, part '{part.name}': the recipes of '{panel.name}' must answer one task each, and "
                f"each another, but answer {', '.join(asked)}. Set data.tasks in each."
            )


def _division(experiment: Experiment) -> Protocol:
    """How images are divided, whatever is kept of the training."""
    return experiment.protocol.model_copy(update={"keep": "last", "keep_networks": False})
