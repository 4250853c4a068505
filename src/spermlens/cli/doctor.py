"""`spermlens doctor`: is this machine ready, and if not, what is missing?"""

from __future__ import annotations

from typing import Any

from spermlens.cli._terminal import AsJson, print_json, print_table


def doctor(as_json: AsJson = False) -> None:
    """Versions, device, weights, data, and one image drawn and read end to end."""
    rows = [*_versions(), *_compute(), *_weights(), *_data(), *_end_to_end()]
    if as_json:
        print_json([{"what": what, "state": state, "found": found} for what, state, found in rows])
    else:
        print_table("", ("what", "state", "found"), rows)


def _versions() -> list[tuple[str, str, str]]:
    from spermlens.runs import describe_environment

    found = describe_environment("", 0)
    names: dict[str, Any] = {"python": found["python"], **found["versions"]}
    return [(name, "ok", str(version)) for name, version in names.items()]


def _compute() -> list[tuple[str, str, str]]:
    import torch

    from spermlens.predict.tensors import choose_device

    device = choose_device()
    name = (
        torch.cuda.get_device_name(device) if device.type == "cuda" else f"{torch.get_num_threads()} threads"
    )
    return [("device", "ok", f"{device.type} ({name})")]


def _weights() -> list[tuple[str, str, str]]:
    from spermlens.errors import DataMissing
    from spermlens.models._pretrained import find_local
    from spermlens.models.efficientnet_b0 import BACKBONE

    try:
        path = find_local(BACKBONE)
    except DataMissing as error:
        return [("ImageNet weights", "missing", str(error))]
    if path is None:
        return [("ImageNet weights", "not here", "timm will download them when a training asks for them")]
    return [("ImageNet weights", "ok", str(path))]


def _data() -> list[tuple[str, str, str]]:
    from spermlens.datasets import DATASETS, find_root
    from spermlens.errors import DataMissing

    rows = []
    for name in DATASETS:
        if name == "folder":
            continue
        try:
            place = find_root(name)
            rows.append((f"data {name}", "ok", str(place or "drawn when asked for")))
        except DataMissing as error:
            rows.append((f"data {name}", "not here", str(error)))
    return rows


def _end_to_end() -> list[tuple[str, str, str]]:
    from spermlens.datasets import open_data
    from spermlens.lens import load
    from spermlens.models._shipped import shipped_models

    rows = []
    for name in shipped_models():
        sample = open_data("synthetic", options={"count": 1})[0]
        said = load(name, device="cpu").predict(sample)[0]
        rows.append((f"model {name}", "ok", f"read a drawn image: {said.status.value}"))
    return rows
