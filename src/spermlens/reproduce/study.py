"""A study is data: parts, and their recipes as differences from one experiment.

What the recipes of a part share, they share because they are read from one experiment: a recipe can only
name what it changes.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
Repeat = Annotated[int, Field(ge=0)]


class _Checked(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Recipe(_Checked):
    """What is changed in the experiment, and nothing else is."""

    name: Name
    experiment: str = ""  # instead of the part's
    set: tuple[str, ...] = ()  # section.key=value
    recipes_tried: Annotated[int, Field(ge=1)] | None = None  # where it was frozen later, after more


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
    recipes_tried: Annotated[int, Field(ge=1)]  # in all, before the one that its models share was frozen
    set: tuple[str, ...] = ()  # laid over the experiment, for all recipes alike
    shared: bool = False  # whether it has what [shared] says, and its own recipes after those of it
    recipes: Annotated[tuple[Recipe, ...], Field(min_length=1)]
    averages: tuple[Average, ...] = ()
    panels: tuple[Panel, ...] = ()  # their recipes are no lines of their own
    added: tuple[Name, ...] = ()  # lines whose predictions a script commits, as <name>-r<repeat>
    measured: tuple[Name, ...] = ()  # learners of measures alone, whose judgements averages may take in
    reference: tuple[Name, ...] = ()  # what the others on its data set are compared with
    best: str = ""  # what was chosen beforehand as ours
    commonest: bool = False  # whether always answering the commonest class is a line
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
