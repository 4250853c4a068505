"""A saved model is a folder: weights.safetensors + model.json, and needs nothing else.

model.json says what the model answers, how a picture becomes its input, how sure it must be, what it
was trained on and how well it did. Where what is measured has a vote beside the network, a third file,
ruler.safetensors, holds what reads the measures. All is read only as safetensors; a pickle is never opened.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from torch import Tensor

from spermlens.errors import BadModel, UsageError
from spermlens.files import folder_in_one_piece, is_file, sha256_of, write_bytes, write_json
from spermlens.models import build
from spermlens.models._description import DESCRIPTION, RULER, WEIGHTS, Description, as_told, describe
from spermlens.models._familiar import Familiar
from spermlens.models._network import Network
from spermlens.models._pretrained import read_tensors
from spermlens.models._ruler import Ruler, read_rulers, rulers_to_bytes

REFERENCES = "familiar.references"


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
        write_json(draft / DESCRIPTION, as_told(final))
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
