"""A model as one ONNX file: what goes in, what comes out, and what it says of itself. No torch.

A graph answers for one view of a picture; who averages views needs the logits, because the temperature acts
on what all views say together. Its metadata is text: some of it for a reader, and the whole description.
"""

from __future__ import annotations

import base64
import binascii
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from spermlens.errors import BadModel
from spermlens.models._description import Description, as_told, description_of
from spermlens.models._ruler import Ruler, read_rulers, rulers_to_bytes

SUFFIX = ".onnx"
SQUARES = "squares"  # float32 (images, 3, size, size), 0..1
DISTANCES = "distances"  # (images,), of models that remember what they learned from
USE = "Research use only. Not a medical device, not for diagnosis."
AGAIN = "Export it again with `spermlens models export MODEL FILE --onnx`."


def outputs_of(task: str) -> tuple[str, str, str]:
    """Names of logits and calibrated probabilities (images, classes), and of CAMs (…, height, width)."""
    return f"{task}.logits", f"{task}.probabilities", f"{task}.maps"


def metadata_of(description: Description, rulers: Mapping[str, Ruler]) -> dict[str, str]:
    """What the file says of itself; nothing of it tells one image of those learned from."""
    known: dict[str, Any] = {**as_told(description), "data": description.told}
    named = ("framing", "temperature", "voting", "threshold", "views", "strangest")
    told: dict[str, Any] = {name: known[name] for name in named}
    told["classes"] = {task.name: task.classes for task in description.tasks}
    ruler = base64.b64encode(rulers_to_bytes(rulers)).decode() if rulers else ""
    return {
        "model": description.id,
        "use": USE,
        "licence": str(description.data.get("licence", "not recorded")),
        **{name: json.dumps(value) for name, value in told.items()},
        "description": json.dumps(known),
        "ruler": ruler,
    }


def described_by(metadata: Mapping[str, str], where: str) -> tuple[Description, dict[str, Ruler]]:
    """The description and what reads measures, from a file's metadata."""
    try:
        found = json.loads(metadata["description"])
        ruler = base64.b64decode(metadata["ruler"], validate=True)
    except (KeyError, ValueError, RecursionError, binascii.Error) as error:
        raise BadModel(f"{where}: not a graph that spermlens exported ({error!r}). {AGAIN}") from error
    description = description_of(found, where, AGAIN)
    return description, _rulers(ruler, where) if ruler else {}


def _rulers(data: bytes, where: str) -> dict[str, Ruler]:
    with tempfile.TemporaryDirectory() as folder:  # safetensors tells names of columns of files only
        path = Path(folder) / "ruler.safetensors"
        path.write_bytes(data)
        try:
            return read_rulers(path)
        except BadModel as error:
            raise BadModel(f"{where}: what reads measures is damaged. {AGAIN}") from error
