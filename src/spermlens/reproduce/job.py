"""The jobs of a study: a job is one run of one recipe on one repeat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from spermlens.config import Experiment, load_experiment
from spermlens.errors import UnknownName
from spermlens.reproduce.study import Part, Recipe, Study


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


def _called(job: Job) -> set[str]:
    return {job.part.name, job.recipe.name, job.name, job.path}
