"""A saved model is a folder: weights.safetensors + model.json, and needs nothing else.

model.json says what the model answers, how a picture becomes its input, how sure it must be, what it
was trained on and how well it did. Where what is measured has a vote beside the network, a third file,
ruler.safetensors, holds what reads the measures. All is read only as safetensors; a pickle is never opened.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from spermlens.errors import BadModel, DataMissing, UsageError
from spermlens.files import folder_in_one_piece, is_file, sha256_of, write_bytes, write_json
from spermlens.framing import Framing
from spermlens.models import build
from spermlens.models._familiar import Familiar
from spermlens.models._network import Network
from spermlens.models._pretrained import read_tensors
from spermlens.models._ruler import Ruler, read_rulers, rulers_to_bytes
from spermlens.types import Spread, Task

FORMAT = 1
REFERENCES = "familiar.references"
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


@dataclass(frozen=True, slots=True)
class Saved:
    """A network ready to predict, with its description and what votes beside it."""

    network: Network
    description: Description
    rulers: Mapping[str, Ruler] = field(default_factory=dict)  # task -> reader of measures


def save(
    folder: Path,
    network: Network,
    description: Description,
    *,
    rulers: Mapping[str, Ruler] | None = None,
    half: bool = False,
) -> Description:
    """Write the model folder in one piece; `half` stores 16-bit weights, and rulers as they are."""
    from safetensors.torch import save as to_bytes

    _demand(description.tasks == network.tasks, "the description must name the tasks of the network")
    tensors = {name: _stored(name, value, half) for name, value in network.state_dict().items()}
    data = to_bytes(tensors, metadata={"format": "pt"})
    _demand(_fits(rulers or {}, description), "a task on which measures vote needs a ruler of its classes")
    ruler = rulers_to_bytes(rulers) if rulers else b""
    final = replace(
        description, weights_sha256=sha256_of(data), ruler_sha256=sha256_of(ruler) if ruler else ""
    )
    with folder_in_one_piece(folder) as draft:
        write_bytes(draft / WEIGHTS, data)
        if ruler:
            write_bytes(draft / RULER, ruler)
        write_json(draft / DESCRIPTION, {"format": FORMAT, **asdict(final)})
    return final


def load(folder: Path) -> Saved:
    """Read a model folder; everything is checked before it is used."""
    description = describe(folder)
    return Saved(_network(folder, description), description, _rulers(folder, description))


def _network(folder: Path, description: Description) -> Network:
    path = _vouched(folder / WEIGHTS, description.weights_sha256, "weights were")
    try:
        with torch.inference_mode(False):  # weights made in it could never be explained
            network = build(
                description.architecture, description.tasks, pretrained=False, arguments=description.arguments
            )
            tensors = read_tensors(path)
            if REFERENCES in tensors:
                network.familiar = Familiar(torch.zeros_like(tensors[REFERENCES]))
            network.load_state_dict(tensors)
        _demand(
            all(bool(v.isfinite().all()) for v in network.state_dict().values()), "NaN or infinite values"
        )
    except (UsageError, RuntimeError, TypeError, ValueError) as error:
        raise BadModel(f"{path}: the weights do not fit '{description.architecture}': {error}.") from error
    return network.eval().requires_grad_(False)


def _rulers(folder: Path, description: Description) -> dict[str, Ruler]:
    """What reads measures for the tasks on which they vote; of older models, nothing."""
    path = folder / RULER
    if not description.voting and not description.ruler_sha256:
        if is_file(path):
            raise BadModel(f"{path}: {DESCRIPTION} says nothing of it. Copy the whole folder again.")
        return {}
    rulers = read_rulers(_vouched(path, description.ruler_sha256, "ruler was"))
    if not _fits(rulers, description):
        raise BadModel(
            f"{path}: its tasks or classes are not those on which {DESCRIPTION} lets measures vote. "
            "Copy the whole folder again."
        )
    return rulers


def _fits(rulers: Mapping[str, Ruler], description: Description) -> bool:
    classes = {task.name: len(task.classes) for task in description.tasks if task.name in description.voting}
    return {task: len(ruler.counts) for task, ruler in rulers.items()} == classes


def _vouched(path: Path, expected: str, what: str) -> Path:
    """The path of a file, if it is the one that model.json speaks of."""
    if not path.is_file():
        raise BadModel(f"{path.parent}: {path.name} is missing. Copy the whole folder again.")
    found = sha256_of(path.read_bytes())
    if found != expected:
        raise BadModel(
            f"{path}: its hash is {found[:12]}, but {DESCRIPTION} says {expected[:12] or 'nothing of it'}. "
            f"The {what} changed or cut short; copy the folder again."
        )
    return path


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
        version = found.pop("format")
    except (OSError, ValueError, KeyError, AttributeError, TypeError, RecursionError) as error:
        raise BadModel(f"{path}: not the description of a model ({error}). Copy the folder again.") from error
    if version != FORMAT:
        raise BadModel(
            f"{path}: written in format {version}, but this version reads format {FORMAT}. Update spermlens."
        )
    try:
        return Description(
            **{
                **found,
                "tasks": tuple(Task(task["name"], tuple(task["classes"])) for task in found["tasks"]),
                "framing": Framing(**found["framing"]),
                "normal": _spreads(found.get("normal", {})),
                "voting": {task: Voting(**votes) for task, votes in found.get("voting", {}).items()},
                "results": tuple(found["results"]),
                **{name: tuple(found.get(name, ())) for name in ("notes", "faults", "not_for")},
            }
        )
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise BadModel(
            f"{path}: a field is missing, unknown or wrong ({error}). Copy the folder again."
        ) from error


def _spreads(found: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Spread]]:
    return {
        task: {measure: Spread(told["n"], tuple(told["quantiles"])) for measure, told in of_task.items()}
        for task, of_task in found.items()
    }


def _stored(name: str, value: Tensor, half: bool) -> Tensor:
    value = value.detach().cpu().contiguous()
    if not half or value.dtype != torch.float32:
        return value
    if value.abs().max() > torch.finfo(torch.float16).max:
        raise UsageError(f"The weights '{name}' are too large for 16 bits. Save the model with 32.")
    return value.half()


def _demand(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)
