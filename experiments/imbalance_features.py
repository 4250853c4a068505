"""What a network that has learned nothing but ImageNet sees in each image, kept so that it is seen once."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from spermlens.config.settings import Architecture, Data, Experiment, Frame, Phase, Training
from spermlens.datasets import Listing
from spermlens.files import sha256_of, write_bytes
from spermlens.models import build
from spermlens.models._network import Network
from spermlens.models._pretrained import tensors_sha256
from spermlens.predict.tensors import to_tensor
from spermlens.predict.views import view
from spermlens.training.study import prepare
from spermlens.types import Task

MODEL, SIZE, VIEWS = "efficientnet_b0", 128, 8
AT_ONCE = 32


@dataclass(frozen=True)
class Seen:
    """A data set asked one question, as the frozen trunk sees it."""

    listing: Listing
    task: Task
    labels: NDArray[np.int64]
    features: NDArray[np.float32]  # images x views x channels, pooled


def seen(dataset: str, task: str, data: Path, kept: Path) -> Seen:
    """Read and verified; the features are those in the folder `kept`, or come to lie there."""
    wanted = Experiment(
        name="imbalance",
        claim="",
        data=Data(name=dataset, root=str(data / dataset), tasks=(task,)),
        model=Architecture(name=MODEL),
        framing=Frame(size=SIZE),
        training=Training(phases=(Phase(train="heads", epochs=1, learning_rate=1),)),
    )
    study = prepare(wanted, "cpu")
    listing = study.listing
    features = _features(listing.pixel_hashes, study.pictures.squares, kept / dataset)
    return Seen(listing, listing.task(task), listing.labels(task), features)


def _features(hashes: Sequence[str], squares: NDArray[np.uint8], beginning: Path) -> NDArray[np.float32]:
    network = build(MODEL, (Task("any", ("a", "b")),), pretrained=True).eval()
    behind = [*hashes, tensors_sha256(network.trunk), f"{SIZE} px, {VIEWS} views"]  # the order counts
    path = beginning.with_name(f"{beginning.name}-{sha256_of(json.dumps(behind).encode())[:12]}.npy")
    if not path.is_file():
        with torch.inference_mode():
            parts = [_pooled(network, part) for part in to_tensor(squares).split(AT_ONCE)]
        stream = io.BytesIO()
        np.save(stream, np.concatenate(parts))
        write_bytes(path, stream.getvalue())
    found: NDArray[np.float32] = np.load(path, allow_pickle=False)
    return found


def _pooled(network: Network, squares: torch.Tensor) -> NDArray[np.float32]:
    """Images x views x channels."""
    views = [network.features(view(squares, number, VIEWS)).mean((2, 3)) for number in range(VIEWS)]
    return np.asarray(torch.stack(views, 1).numpy())
