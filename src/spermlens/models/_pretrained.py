"""ImageNet weights: found, checked, and never silently wrong.

Looked for in this order: the folder given, $SPERMLENS_WEIGHTS, the user's cache, then timm's download.
A folder holds `<backbone>/model.safetensors`, or `model.safetensors` itself; of 16 bits it is named
`model.fp16.safetensors`.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from spermlens.errors import BadModel, DataMissing
from spermlens.files import user_cache

FILE, HALF = "model.safetensors", "model.fp16.safetensors"
weights_folder: ContextVar[Path | None] = ContextVar("weights_folder", default=None)  # set by a flag


@dataclass(frozen=True, slots=True)
class Pin:
    """What the right weights in the right architecture look like."""

    tensors_sha256: str  # over names and bytes of the backbone's tensors
    fingerprint: tuple[float, ...]  # the first pooled features of a fixed picture
    tolerance: float = 1e-3  # of a feature


def load_pretrained(trunk: Any, backbone: str, pin: Pin | None) -> None:
    """Fill `trunk` with ImageNet weights, or say what is missing."""
    path = find_local(backbone)
    tensors = read_tensors(path) if path else _download(backbone)
    source = str(path) if path else f"download of {backbone}"
    _fill(trunk, tensors, backbone, source)
    if pin is not None:
        # A local file must be the very same; the hub may store the same weights with other last bits.
        _check_pin(trunk, pin, f"{source}: as weights of {backbone}", exact=path is not None)


def _check_pin(trunk: Any, pin: Pin, what: str, *, exact: bool) -> None:
    found = tensors_sha256(trunk)
    if exact and found != pin.tensors_sha256:
        raise BadModel(
            f"{what}: found tensor hash {found[:12]}, expected {pin.tensors_sha256[:12]}. "
            "Use the original file, or set model.pretrained = false."
        )
    features = fingerprint(trunk, len(pin.fingerprint))
    if not all(
        abs(a - b) <= pin.tolerance for a, b in zip(features, pin.fingerprint, strict=True)
    ):  # NaN fails too
        raise BadModel(
            f"{what}: the network they make computes other features than the original. "
            "The architecture differs from the one the weights were trained in."
        )


def find_local(backbone: str) -> Path | None:
    """The weights' file, if it lies in one of the known places. A folder that was named must hold it."""
    name = backbone.split(".")[0]
    named = weights_folder.get() or (Path(value) if (value := os.environ.get("SPERMLENS_WEIGHTS")) else None)
    for folder in [named] if named else [user_cache() / "weights"]:
        for path in (folder / name / FILE, folder / name / HALF, folder / FILE, folder / HALF):
            if path.is_file():
                return path
    if named:
        raise DataMissing(
            f"{named}: found neither {name}/{FILE} nor {FILE}. Put the ImageNet weights of {name} there, "
            "or set model.pretrained = false to start from random weights."
        )
    return None


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file as float32; anything else is refused unread."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        found = load_file(path)
    except (SafetensorError, OSError, ValueError) as error:
        raise BadModel(
            f"{path}: not a whole safetensors file ({error}). Copy it again; other formats are not read."
        ) from error
    return {name: value.float() if value.is_floating_point() else value for name, value in found.items()}


def tensors_sha256(trunk: nn.Module) -> str:
    """A hash over the names and values of all weights and running statistics."""
    return state_sha256(trunk.state_dict())


def state_sha256(state: Mapping[str, Tensor]) -> str:
    digest = hashlib.sha256()
    for name in sorted(state):
        if not name.endswith("num_batches_tracked"):
            digest.update(name.encode())
            digest.update(state[name].detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def fingerprint(trunk: Any, length: int = 8) -> tuple[float, ...]:
    """The first pooled features of a fixed, smooth picture of 128 pixels."""
    steps = torch.linspace(-1, 1, 128)
    rows, columns = torch.meshgrid(steps, steps, indexing="ij")
    picture = torch.stack([torch.sin(3 * rows + k) * torch.cos(2 * columns - k) for k in range(3)])[None]
    was_training = trunk.training
    trunk.eval()
    with torch.no_grad():
        pooled = trunk.forward_features(picture).mean((2, 3))[0, :length]
    trunk.train(was_training)
    return tuple(round(float(value), 5) for value in pooled)


def _fill(trunk: Any, tensors: dict[str, Tensor], backbone: str, source: str) -> None:
    """Every tensor of the trunk from the file; only the file's ImageNet classifier may be left over."""
    wanted: dict[str, Tensor] = trunk.state_dict()
    missing = [name for name in wanted if name not in tensors and not name.endswith("num_batches_tracked")]
    misfits = [name for name in wanted if name in tensors and tensors[name].shape != wanted[name].shape]
    surplus = [name for name in tensors if name not in wanted and not name.startswith(_classifiers(trunk))]
    if missing or misfits or surplus:
        example = (missing or misfits or surplus)[0]
        raise BadModel(
            f"{source}: does not fit {backbone}: {len(missing)} tensors missing, {len(misfits)} of another "
            f"shape, {len(surplus)} too many (first: {example}). Use the weights of this architecture."
        )
    trunk.load_state_dict({name: tensors.get(name, wanted[name]) for name in wanted})


def _classifiers(trunk: Any) -> tuple[str, ...]:
    names = trunk.pretrained_cfg.get("classifier") or ()
    return tuple(f"{name}." for name in ([names] if isinstance(names, str) else names))


def _download(backbone: str) -> dict[str, Tensor]:
    """timm's own weights from its hub; the only place where the network is used, and only when asked for."""
    import timm

    try:
        loaded: Any = timm.create_model(backbone, pretrained=True, num_classes=0, global_pool="")
    except Exception as error:  # the hub's client has many ways to fail, and all mean the same here
        raise DataMissing(
            f"The ImageNet weights of {backbone} are not on this machine and could not be downloaded "
            f"({type(error).__name__}). Put them as {backbone}/{FILE} into a folder and name it with "
            "--weights or $SPERMLENS_WEIGHTS, or set model.pretrained = false to start from random weights."
        ) from error
    state: dict[str, Tensor] = loaded.state_dict()
    return state
