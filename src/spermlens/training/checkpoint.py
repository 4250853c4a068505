"""Everything a training needs to go on as if it had never stopped: safetensors + JSON, in one piece."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from spermlens.errors import DataCorrupt
from spermlens.files import folder_in_one_piece, sha256_of, write_bytes, write_json

TENSORS, STATE = "state.safetensors", "state.json"


@dataclass(slots=True)
class Progress:
    """Where a training stands, besides its tensors."""

    epoch: int = 0  # epochs done, over all phases
    history: list[dict[str, Any]] = field(default_factory=list)
    least_cost: float | None = None  # of the epochs so far, where the best is kept


def save(
    folder: Path,
    progress: Progress,
    modules: dict[str, nn.Module],
    optimizer: torch.optim.Optimizer,
    generators: dict[str, torch.Generator],
) -> None:
    """Write the checkpoint; an older one stays until the new one is whole."""
    from safetensors.torch import save as to_bytes

    tensors = {
        f"{name}/{key}": value.detach().cpu().contiguous()
        for name, module in modules.items()
        for key, value in module.state_dict().items()
    }
    optimizer_state = optimizer.state_dict()
    for index, values in optimizer_state["state"].items():
        for key, value in values.items():
            tensors[f"optimizer/{index}/{key}"] = value.detach().cpu().contiguous()
    for name, generator in generators.items():
        tensors[f"generator/{name}"] = generator.get_state()
    # tensors that share memory are refused by the format
    data = to_bytes({key: value.clone() for key, value in tensors.items()})
    with folder_in_one_piece(folder) as draft:
        write_bytes(draft / TENSORS, data)
        write_json(
            draft / STATE,
            {
                "sha256": sha256_of(data),
                "epoch": progress.epoch,
                "history": progress.history,
                "best_loss": progress.least_cost,
            },
        )


def load(folder: Path, modules: dict[str, nn.Module], generators: dict[str, torch.Generator]) -> Progress:
    """Put weights, averages and generators back where they were."""
    tensors, state = _read(folder)
    try:
        for name, module in modules.items():
            module.load_state_dict(_below(tensors, name))
    except RuntimeError as error:
        raise DataCorrupt(
            f"{folder}: the checkpoint does not fit the configuration, which was changed since. "
            "Put it back, or delete this folder to train the part anew."
        ) from error
    for name, generator in generators.items():
        generator.set_state(tensors[f"generator/{name}"])
    return Progress(state["epoch"], state["history"], state["best_loss"])


def load_optimizer(folder: Path, optimizer: torch.optim.Optimizer) -> None:
    """Put the optimiser of the phase in which the training stopped back where it was."""
    restored: dict[int, dict[str, Tensor]] = {}
    for key, value in _below(_read(folder)[0], "optimizer").items():
        index, name = key.split("/", 1)
        restored.setdefault(int(index), {})[name] = value
    optimizer.load_state_dict({"state": restored, "param_groups": optimizer.state_dict()["param_groups"]})


def epochs_done(folder: Path) -> int:
    """0 where there is no checkpoint."""
    return int(_read(folder)[1]["epoch"]) if folder.is_dir() else 0


def _read(folder: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    from safetensors.torch import load as from_bytes

    try:
        data = (folder / TENSORS).read_bytes()
        state: dict[str, Any] = json.loads((folder / STATE).read_text(encoding="utf-8"))
        whole = sha256_of(data) == state["sha256"]
    except (OSError, ValueError, KeyError, TypeError):
        whole = False
    if not whole:
        raise DataCorrupt(f"{folder}: the checkpoint was changed. Delete this folder to train the part anew.")
    return from_bytes(data), state


def _below(tensors: dict[str, Tensor], name: str) -> dict[str, Tensor]:
    return {key[len(name) + 1 :]: value for key, value in tensors.items() if key.startswith(f"{name}/")}
