"""A study is data: parts, their recipes as differences from one experiment, and the jobs that follow.

A job is one run of one recipe on one repeat. What the recipes of a part share, they share because they are
read from one experiment: a recipe can only name what it changes.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from spermlens.config import Experiment, Protocol, load_experiment
from spermlens.errors import ConfigError, UnknownName
from spermlens.files import is_file

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
Repeat = Annotated[int, Field(ge=0)]
OURS = ("name", "protocol.repeats", "protocol.final_model", "data.root")  # a job says these itself


class _Checked(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Recipe(_Checked):
    """What is changed in the experiment, and nothing else is."""

    name: Name
    experiment: str = ""  # instead of the part's
    set: tuple[str, ...] = ()  # section.key=value


class Average(_Checked):
    """The mean of what several recipes, or learners of measures, say of the same images."""

    name: Name
    of: Annotated[tuple[Name, ...], Field(min_length=2)]


class Panel(_Checked):
    """Several recipes that answer one task each, told as one line: a network for every question."""

    name: Name
    of: Annotated[tuple[Name, ...], Field(min_length=2)]


class Mark(_Checked):
    """A figure of somebody else, to be drawn beside ours."""

    who: str
    task: str = ""  # where there are several
    metric: str
    value: float
    n_images: Annotated[int, Field(ge=1)]


class Part(_Checked):
    """A table: recipes that are judged in the same way."""

    name: Name
    claim: str
    table: Name  # the results file that its figures are written to
    experiment: str  # what all recipes start from
    repeats: Annotated[tuple[Repeat, ...], Field(min_length=1)]
    recipes_tried: Annotated[int, Field(ge=1)]  # for each model alike, before its recipe was frozen
    set: tuple[str, ...] = ()  # laid over the experiment, for all recipes alike
    shared: bool = False  # whether recipes, averages, reference and best are those of [shared]
    recipes: Annotated[tuple[Recipe, ...], Field(min_length=1)]
    averages: tuple[Average, ...] = ()
    panels: tuple[Panel, ...] = ()  # their recipes are no lines of their own
    added: tuple[Name, ...] = ()  # lines whose predictions a script commits, as <name>-r<repeat>
    measured: tuple[Name, ...] = ()  # learners of measures alone, whose judgements averages may take in
    reference: tuple[Name, ...] = ()  # what the others on its data set are compared with
    best: str = ""  # what was chosen beforehand as ours
    joined: tuple[Name, ...] = ()  # results files whose rows on the same data are joined in
    marks: tuple[Mark, ...] = ()

    def members(self, line: str) -> tuple[str, ...]:
        """What a line of the table is made of: itself, or those it averages; nothing if there is none."""
        averages = {average.name: average.of for average in self.averages}
        return averages.get(line, (line,) if line in {recipe.name for recipe in self.recipes} else ())

    @property
    def on_panels(self) -> frozenset[str]:
        """The recipes that are told as part of a panel."""
        return frozenset(name for panel in self.panels for name in panel.of)

    @model_validator(mode="after")
    def _names_fit(self) -> Part:
        recipes = [recipe.name for recipe in self.recipes]
        names = [*recipes, *(average.name for average in self.averages)]
        names += [*(panel.name for panel in self.panels), *self.added]
        if len(set(names)) < len(names):
            raise ValueError(f"part '{self.name}' names a recipe, average, panel or addition twice")
        if len(set(self.repeats)) < len(self.repeats):
            raise ValueError(f"part '{self.name}' names a repeat twice, which would be the same split again")
        wanted = [(name, [*recipes, *self.measured]) for average in self.averages for name in average.of]
        wanted += [(name, recipes) for panel in self.panels for name in panel.of]
        lines = [name for name in names if name not in self.on_panels]
        wanted += [(name, lines) for name in (*self.reference, self.best) if name]
        for name, known in wanted:
            if name not in known:
                raise ValueError(f"part '{self.name}' speaks of '{name}', but has {', '.join(known)}")
        return self


class Shared(_Checked):
    """What the parts with `shared = true` have in common, said once."""

    recipes: Annotated[tuple[Recipe, ...], Field(min_length=1)]
    averages: tuple[Average, ...] = ()
    measured: tuple[Name, ...] = ()
    reference: tuple[Name, ...] = ()
    best: str = ""


class Shipped(_Checked):
    """A model to hand on: a line of a table, learned from everything, with what must be said of it."""

    name: Name
    part: Name
    line: Name  # a recipe of the part, or an average of one recipe and what measures say
    faults: tuple[str, ...]  # what it is known to do badly
    not_for: tuple[str, ...]  # what it must not be used for


class Study(_Checked):
    """Everything behind a set of tables, and the models that come of it."""

    claim: str
    shared: Shared | None = None
    parts: Annotated[tuple[Part, ...], Field(min_length=1)]
    shipped: tuple[Shipped, ...] = ()

    @model_validator(mode="after")
    def _parts_differ(self) -> Study:
        for noun in ("name", "table"):
            if len({getattr(part, noun) for part in self.parts}) < len(self.parts):
                raise ValueError(f"two parts have the same {noun}")
        return self

    @model_validator(mode="after")
    def _shipped_models_are_there(self) -> Study:
        parts = {part.name: part for part in self.parts}
        for model in self.shipped:
            part = parts.get(model.part)
            members = part.members(model.line) if part else ()
            kinds = [part is not None and name in part.measured for name in members]
            if kinds not in ([False], [False, True]):
                raise ValueError(
                    f"'{model.name}' must be of one network, or of one and then one learner of measures, but "
                    f"'{model.line}' of part '{model.part}' is of {', '.join(members) or 'nothing'}"
                )
        return self


@dataclass(frozen=True)
class Job:
    """One run: a recipe of a part, on one repeat of the folds or one seed of the hold-out."""

    study: str
    part: Part
    recipe: Recipe
    repeat: int

    @property
    def name(self) -> str:
        return f"{self.recipe.name}-r{self.repeat}"

    @property
    def path(self) -> str:
        """As it is listed and committed: part/job."""
        return f"{self.part.name}/{self.name}"

    def experiment(self, roots: Mapping[str, str] | None = None) -> Experiment:
        """The recipe in full; `roots` says where data sets lie."""
        found = load_experiment(
            self.recipe.experiment or self.part.experiment,
            [
                *self.part.set,
                *self.recipe.set,
                f'name="{self.study}-{self.part.name}-{self.name}"',
                f"protocol.repeats=[{self.repeat}]",
                "protocol.final_model=false",
            ],
        )
        root = (roots or {}).get(found.data.name, "")
        return found.model_copy(update={"data": found.data.model_copy(update={"root": root})})


def study_names() -> list[str]:
    """The studies that come with the package."""
    folder = files("spermlens.experiments") / "studies"
    return sorted(entry.name[:-5] for entry in folder.iterdir() if entry.name.endswith(".toml"))


def load_study(name_or_path: str) -> tuple[str, Study]:
    """The name and content of a study, from the package or a TOML file; every recipe in it is checked."""
    path = Path(name_or_path)
    if path.suffix == ".toml" or is_file(path):
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path}: cannot be read as a text file ({error}). Check the path.") from error
    elif name_or_path in study_names():
        text = (files("spermlens.experiments") / "studies" / f"{name_or_path}.toml").read_text("utf-8")
    else:
        raise UnknownName("study", name_or_path, study_names())
    study = _parsed(text, name_or_path)
    for part in study.parts:
        _check_recipes(jobs_of(path.stem, part), part, name_or_path)
    return path.stem, study


def jobs_of(study: str, part: Part) -> list[Job]:
    """Recipe by recipe within a repeat, so that a part that is stopped early has whole repeats."""
    return [Job(study, part, recipe, repeat) for repeat in part.repeats for recipe in part.recipes]


def jobs(name: str, study: Study, only: Sequence[str] = ()) -> list[Job]:
    """All jobs in the order of the study, or those of the parts, recipes and jobs named."""
    every = [job for part in study.parts for job in jobs_of(name, part)]
    known = {known for job in every for known in _called(job)}
    for wanted in only:
        if wanted not in known:
            shown = {name for job in every for name in (job.part.name, job.recipe.name)}
            raise UnknownName("part, recipe or job", wanted, shown)
    return [job for job in every if not only or _called(job) & set(only)]


def same_recipe(a: Experiment, b: Experiment) -> bool:
    """Whether two experiments do the same, wherever the data lies and whatever they are called."""
    return _nameless(a) == _nameless(b)


def _nameless(experiment: Experiment) -> Experiment:
    data = experiment.data.model_copy(update={"root": ""})
    return experiment.model_copy(update={"name": "", "claim": "", "data": data})


def _division(experiment: Experiment) -> Protocol:
    """How images are divided, whatever is kept of the training."""
    return experiment.protocol.model_copy(update={"keep": "last", "keep_networks": False})


def _called(job: Job) -> set[str]:
    return {job.part.name, job.recipe.name, job.name, job.path}


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
    """The study with what is shared in each part that says so, and must not say it again."""
    shared, parts = tree.get("shared"), tree.get("parts")
    if not isinstance(parts, list):
        return tree
    takers = [part for part in parts if isinstance(part, dict) and part.get("shared") is True]
    for part in takers:
        if not isinstance(shared, dict):
            raise ValueError("a part says shared = true, but there is no [shared]")
        if doubled := sorted(part.keys() & shared.keys()):
            raise ValueError(f"a part with shared = true must not say '{doubled[0]}' itself")
        part |= shared
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
