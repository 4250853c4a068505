"""One experiment, one TOML file: every value checked, every value overridable, nothing ignored."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from spermlens.errors import ConfigError, UnknownName, nearest
from spermlens.files import is_file

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Count = Annotated[int, Field(ge=1)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Data(_Part):
    """What is learned from."""

    name: str  # a data set of the catalogue
    root: str = ""  # where it lies; empty: looked for in the usual places
    options: dict[str, Any] = {}  # the data set's own, checked by its reader
    tasks: tuple[str, ...] = ()  # empty: all
    # To ask what can be learned from a part alone: everything else becomes grey. head_erased: all but a disc
    # around the head, so that its form is hidden, too. See locate/shown.py.
    shown: Literal["whole", "head", "background", "head_erased"] = "whole"


class Architecture(_Part):
    """What learns."""

    name: str  # a model of the catalogue, or timm:NAME
    pretrained: bool = True
    arguments: dict[str, Any] = {}  # the model's own, checked by its builder
    start_from: str = ""  # a saved model to go on from
    class_map: dict[str, str] = {}  # with start_from: "task.class" that is new -> "task.class" it grows from

    @model_validator(mode="after")
    def _one_beginning(self) -> Architecture:
        if self.start_from and self.pretrained:
            raise ValueError("start_from brings its own weights: set model.pretrained = false")
        if self.class_map and not self.start_from:
            raise ValueError("class_map says how the classes of a saved model are used: set start_from")
        return self


class Frame(_Part):
    """How an image becomes a square: see framing.py."""

    size: Annotated[int, Field(ge=16, le=1024)] = 128
    field_px: NotNegative = 0  # source pixels across; 0: the card's, else from the data
    # head: every head is shifted and turned so that its middle lies in the middle and its front points up.
    # Then augment.rotate_degrees may be small, and decide.views averages mirrors and small turns.
    align: Literal["none", "head"] = "none"

    @model_validator(mode="after")
    def _field_of_this_world(self) -> Frame:
        if self.field_px and not 1 <= self.field_px <= 100_000:
            raise ValueError(f"field_px must be 0, or 1 to 100000 source pixels, but is {self.field_px:g}")
        return self


class Protocol(_Part):
    """How the images are divided, and what is chosen where."""

    kind: Literal["folds", "holdout", "official"] = "folds"  # official: the publisher's own split
    folds: Annotated[int, Field(ge=2)] = 5
    repeats: Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(min_length=1)] = (0,)
    test_share: Share = 0.15  # hold-out only
    # Of the training images, set aside for choices; 0: nothing is chosen. An official split with validation
    # images of its own sets those aside instead.
    inner_share: Share = 0.15
    keep: Literal["last", "best_inner"] = "last"  # the epoch that is kept
    judge: Literal["test", "inner"] = "test"  # inner: for developing; no test image is ever looked at
    allow_ungrouped: bool = False  # accept that the publisher does not say which images share a patient
    # Accept that the model gone on from, or a saved model that teaches, has learned from some of these.
    allow_overlap: bool = False
    final_model: bool = True  # afterwards, train once on everything
    keep_networks: bool = False  # of every fold, below folds/: they can teach another run's folds

    @model_validator(mode="after")
    def _choices_need_images(self) -> Protocol:
        if self.keep == "best_inner" and self.inner_share == 0:
            raise ValueError("keep = 'best_inner' chooses on inner images: set inner_share above 0")
        if self.judge == "inner" and self.inner_share == 0 and self.kind != "official":
            raise ValueError("judge = 'inner' judges on inner images: set inner_share above 0")
        if self.judge == "inner" and self.final_model:
            raise ValueError("judge = 'inner' leaves the final model's test open: set final_model = false")
        if len(set(self.repeats)) < len(self.repeats):
            raise ValueError("repeats names a number twice, which would be the same split again")
        return self


class Phase(_Part):
    """A stretch of epochs in which one part of the network learns."""

    train: Literal["heads", "all"]  # heads: classifier and attention, the trunk is frozen
    epochs: Count
    learning_rate: Positive
    weight_decay: NotNegative = 0.01
    schedule: Literal["constant", "cosine"] = "cosine"
    warmup_share: Share = 0.1  # of the phase's steps


class Training(_Part):
    """How it learns."""

    seed: Annotated[int, Field(ge=0)] = 0
    batch_size: Annotated[int, Field(ge=2)] = 32
    mixup_alpha: NotNegative = 0
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0
    class_weights: Literal["none", "balanced"] = "none"
    loss: Literal["cross_entropy", "generalized"] = "cross_entropy"  # generalized: bears some wrong labels
    loss_power: Annotated[float, Field(gt=0, le=1)] = 0.7  # generalized only; 1: mean absolute error
    # Each batch is changed twice; the two predictions cost this much times their Jensen-Shannon divergence.
    consistency: NotNegative = 0
    # Saved models, or runs with protocol.keep_networks whose folds teach the same folds: see teachers.py.
    teachers: tuple[str, ...] = ()
    teacher_weight: Annotated[float, Field(gt=0, le=1)] = 0.5  # with teachers; what is left is the labels'
    ema_decay: Annotated[float, Field(ge=0, lt=1)] = 0  # of the average of weights, grown into; 0: none
    gradient_clip: NotNegative = 0  # 0: none
    precision: Literal["auto", "float32", "mixed"] = "auto"  # auto: mixed on a GPU, float32 elsewhere
    phases: Annotated[tuple[Phase, ...], Field(min_length=1)]


class Augment(_Part):
    """Random changes that keep the diagnosis. Lengths are shares of the square's side."""

    rotate_degrees: Annotated[float, Field(ge=0, le=180)] = 180
    mirror: bool = True
    scale: Annotated[float, Field(ge=0, lt=1)] = 0.1
    shift: Annotated[float, Field(ge=0, lt=0.5)] = 0.05
    stain: NotNegative = 0.05  # spread of each colour channel's gain
    brightness: NotNegative = 0.1
    contrast: NotNegative = 0.1
    noise: NotNegative = 0.02  # largest standard deviation, of full scale


class Decide(_Part):
    """How a probability becomes a decision."""

    views: Literal[1, 2, 4, 8, 16, 32] = 1  # turns and mirrors averaged when judging
    target_accuracy: Annotated[float, Field(gt=0, le=1)] = 0.95  # of what is not called unsure


class Experiment(_Part):
    """A claim and everything needed to test it."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    claim: str
    data: Data
    model: Architecture
    framing: Frame = Frame()
    protocol: Protocol = Protocol()
    training: Training
    augment: Augment = Augment()
    decide: Decide = Decide()

    @model_validator(mode="after")
    def _overlap_of_two(self) -> Experiment:
        if self.protocol.allow_overlap and not (self.model.start_from or self.training.teachers):
            raise ValueError(
                "protocol.allow_overlap is about a model trained before: set model.start_from or "
                "training.teachers"
            )
        return self

    @model_validator(mode="after")
    def _parts_are_only_judged(self) -> Experiment:
        if self.data.shown != "whole" and (self.protocol.final_model or self.protocol.keep_networks):
            raise ValueError(
                f"data.shown = '{self.data.shown}' asks what a part is worth; a model kept from it would "
                "later be shown whole images: set protocol.final_model and protocol.keep_networks to false"
            )
        return self


def experiment_names() -> list[str]:
    """The experiments that come with the package."""
    folder = files("spermlens.experiments")
    return sorted(entry.name[:-5] for entry in folder.iterdir() if entry.name.endswith(".toml"))


def load_experiment(name_or_path: str, overrides: Sequence[str] = ()) -> Experiment:
    """An experiment by name or TOML file, with 'a.b=value' overrides."""
    path = Path(name_or_path)
    if path.suffix == ".toml" or is_file(path):
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path}: cannot be read as a text file ({error}). Check the path.") from error
        return parse_experiment(text, str(path), overrides)
    if name_or_path not in experiment_names():
        raise UnknownName("experiment", name_or_path, experiment_names())
    text = (files("spermlens.experiments") / f"{name_or_path}.toml").read_text(encoding="utf-8")
    return parse_experiment(text, name_or_path, overrides)


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


def to_toml(experiment: Experiment) -> str:
    """The complete experiment, defaults included, as TOML that parses back to the same."""
    return "\n".join(_toml_table(experiment.model_dump(mode="json"), ())).lstrip("\n") + "\n"


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
