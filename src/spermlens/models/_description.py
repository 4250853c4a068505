"""What is known of a saved model besides its weights: the content of model.json. No torch.

It says what the model answers, how a picture becomes its input, how sure it must be, what it was trained
on and how well it did.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from spermlens.errors import BadModel, DataMissing
from spermlens.files import is_file, sha256_of
from spermlens.framing import Framing
from spermlens.types import Spread, Task

FORMAT = 1
WEIGHTS, RULER, DESCRIPTION = "weights.safetensors", "ruler.safetensors", "model.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Voting:
    """The temperatures of two votes on a task, each one's own, before their mean is taken."""

    network: float
    measures: float

    def __post_init__(self) -> None:
        for divisor in (self.network, self.measures):
            _demand(0 < divisor < math.inf, f"the temperature of a vote must be positive, but is {divisor}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """All that is known of a saved model besides its weights: the content of model.json."""

    name: str
    architecture: str
    arguments: Mapping[str, Any]
    tasks: tuple[Task, ...]
    framing: Framing
    views: int = 1
    temperature: Mapping[str, float] = field(
        default_factory=dict
    )  # task -> divisor of log p, all views averaged
    voting: Mapping[str, Voting] = field(
        default_factory=dict
    )  # task on which measures vote -> temperatures before the mean; `temperature` is then the mean's
    threshold: Mapping[str, float] = field(default_factory=dict)  # task -> least confidence to decide
    strangest: float | None = None  # distance beyond which a picture is unlike what was learned from
    longest: float = 1.0  # longest side of an image learned from, in fields
    not_a_cell: Mapping[str, str] = field(default_factory=dict)  # task -> the class that means so
    normal: Mapping[str, Mapping[str, Spread]] = field(
        default_factory=dict
    )  # task -> measure -> how it is spread over the normal cells learned from
    data: Mapping[str, Any] = field(default_factory=dict)  # name, licence, citation, pixels, what is unknown
    results: tuple[Mapping[str, Any], ...] = ()
    notes: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()  # what it is known to do badly
    not_for: tuple[str, ...] = ()  # what it must not be used for
    weights_sha256: str = ""
    ruler_sha256: str = ""  # empty: no measure has a vote

    def __post_init__(self) -> None:
        classes = {task.name: task.classes for task in self.tasks}
        for settings in (self.temperature, self.voting, self.threshold, self.not_a_cell, self.normal):
            for task in settings:
                _demand(
                    task in classes, f"a setting is for task '{task}', but the tasks are {sorted(classes)}"
                )
        for task, divisor in self.temperature.items():
            _demand(0 < divisor < math.inf, f"the temperature of '{task}' must be positive, but is {divisor}")
        for task, least in self.threshold.items():
            _demand(least >= 0, f"the threshold of '{task}' must be 0 or more, but is {least}")
        for task, name in self.not_a_cell.items():
            _demand(name in classes[task], f"'{name}' is no class of '{task}'")
        _demand(
            self.strangest is None or 0 < self.strangest <= 2,
            f"strangest must lie above 0 and up to 2, but is {self.strangest}",
        )
        _demand(self.views >= 1, f"views must be 1 or more, but is {self.views}")
        pixels = self.data.get("pixels", [])
        _demand(
            isinstance(pixels, list) and all(isinstance(short, str) for short in pixels),
            "data.pixels must be a list of hashes",
        )

    @property
    def id(self) -> str:
        """Name and first digits of the hash of its weights, or of both hashes: what a result refers to."""
        both = f"{self.weights_sha256}{self.ruler_sha256}"
        digest = sha256_of(both.encode()) if self.ruler_sha256 else self.weights_sha256
        return f"{self.name}@{digest[:12]}"

    @property
    def temperatures_of_network(self) -> dict[str, float]:
        """By task, what tempers the answer of the network: where measures vote too, that of its vote."""
        return {**self.temperature, **{task: voting.network for task, voting in self.voting.items()}}

    @property
    def told(self) -> dict[str, Any]:
        """The data without the hash of every image: what a person reads."""
        return {key: value for key, value in self.data.items() if key != "pixels"}

    @property
    def remembers_all(self) -> bool:
        """Whether every image learned from is known, those of models gone on from included."""
        return "pixels" in self.data and "pixels_before" not in self.data

    def learned_from(self, pixel_hashes: Iterable[str]) -> int:
        """How many of these images are known to have been learned from."""
        known = set(self.data.get("pixels", ()))
        return sum(short_hash(digest) in known for digest in pixel_hashes)

    def overlap_in_words(self, pixel_hashes: Sequence[str]) -> str:
        """What figures on these images are worth."""
        if seen := self.learned_from(pixel_hashes):
            images = f"{seen} of {len(pixel_hashes)} images were learned from"
            return f"{images}: these figures are too good"
        if self.remembers_all:
            return "none of these images was learned from"
        return "whether it learned from these images is not recorded"


def short_hash(digest: str) -> str:
    """An image's pixel hash as data["pixels"] holds it."""
    return digest[:16]


def describe(folder: Path) -> Description:
    """The content of model.json without the weights."""
    if is_file(folder):
        raise BadModel(
            f"{folder}: a model is a folder with {WEIGHTS} and {DESCRIPTION}, but this is a file. "
            "Pickled or zipped models (.pt, .pth, .ckpt, .zip) can run foreign code and are never opened."
        )
    path = folder / DESCRIPTION
    if not is_file(path):
        raise DataMissing(f"{folder}: no saved model is there ({DESCRIPTION} not found). Check the path.")
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise BadModel(f"{path}: not the description of a model ({error}). Copy the folder again.") from error
    return description_of(found, str(path), "Copy the folder again.")


def as_told(description: Description) -> dict[str, Any]:
    """What `description_of` understands."""
    return {"format": FORMAT, **asdict(description)}


def description_of(found: Any, where: str, again: str) -> Description:
    """A description from what was written of it; `where` it stood and what to do is said if it is not one."""
    if not isinstance(found, dict) or "format" not in found:
        raise BadModel(f"{where}: not the description of a model (its format is not told). {again}")
    if found["format"] != FORMAT:
        raise BadModel(
            f"{where}: written in format {found['format']}, but this version reads format {FORMAT}. "
            "Update spermlens."
        )
    fields = {name: value for name, value in found.items() if name != "format"}
    try:
        return Description(
            **{
                **fields,
                "tasks": tuple(Task(task["name"], tuple(task["classes"])) for task in found["tasks"]),
                "framing": Framing(**found["framing"]),
                "normal": _spreads(found.get("normal", {})),
                "voting": {task: Voting(**votes) for task, votes in found.get("voting", {}).items()},
                "results": tuple(found["results"]),
                **{name: tuple(found.get(name, ())) for name in ("notes", "faults", "not_for")},
            }
        )
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise BadModel(f"{where}: a field is missing, unknown or wrong ({error}). {again}") from error


def _spreads(found: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Spread]]:
    return {
        task: {measure: Spread(told["n"], tuple(told["quantiles"])) for measure, told in of_task.items()}
        for task, of_task in found.items()
    }


def _demand(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)
