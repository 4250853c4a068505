"""What several rooms share: a fake data set that its card promises, and one small run trained on it."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")  # threads cost small tensors more than they save

FAKES = Path(__file__).parent / "datasets" / "fake"

TINY = """
name = "tiny"
claim = "A small network tells four drawn shapes apart."

[data]
name = "hushem"
root = {root}

[model]
name = "simple_cnn"
pretrained = false
arguments = {{width = 4}}

[framing]
size = 32

[protocol]
folds = 2
inner_share = 0.25
allow_ungrouped = true

[training]
batch_size = 8

[[training.phases]]
train = "heads"
epochs = 1
learning_rate = 1e-2

[[training.phases]]
train = "all"
epochs = 2
learning_rate = 1e-2
warmup_share = 0.0

[augment]
scale = 0.0

[decide]
views = 2
target_accuracy = 0.05
"""

Promise = Callable[[str, Path], None]


@dataclass(frozen=True)
class Trained:
    """A finished run and the data it learned from."""

    folder: Path
    data: Path

    @property
    def model(self) -> Path:
        return self.folder / "model"


def write_fake(name: str, root: Path) -> int:
    """Write the fake of a data set; how many samples it has."""
    path = FAKES / f"{name}.py"
    if not path.is_file():
        pytest.fail(
            f"write tests/datasets/fake/{name}.py with write(root) -> number of samples", pytrace=False
        )
    spec = importlib.util.spec_from_file_location(f"fake_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return int(module.write(root))


def _promise(patch: pytest.MonkeyPatch, name: str, root: Path) -> None:
    """Let the card and the facts of a data set tell of what lies in `root` now."""
    from spermlens.datasets import DATASETS, _verify

    module = DATASETS[name]
    listing = module.read(root)
    counts = {
        task.name: tuple(int(np.sum(listing.labels(task.name) == n)) for n in range(len(task.classes)))
        for task in listing.card.tasks
    }
    facts: dict[str, list[str]] = {}
    for id, digest in zip(listing.ids, listing.pixel_hashes, strict=True):
        facts.setdefault(digest, []).append(id)
    whole = _verify.hash_of_hashes(listing.pixel_hashes)
    images = module.CARD.images and len(listing)
    patch.setattr(module, "CARD", replace(module.CARD, counts=counts, images=images, pixels_sha256=whole))
    patch.setattr(_verify, "known_pixels", lambda asked: facts if asked == name else {})


@pytest.fixture
def promise(monkeypatch: pytest.MonkeyPatch) -> Promise:
    return lambda name, root: _promise(monkeypatch, name, root)


@pytest.fixture
def fake() -> Callable[[str, Path], int]:
    return write_fake


@pytest.fixture(scope="session")
def fake_hushem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The fake's folder; not to be changed."""
    root = tmp_path_factory.mktemp("data") / "hushem"
    write_fake("hushem", root)
    return root


@pytest.fixture
def hushem(fake_hushem: Path, promise: Promise) -> Path:
    """The same, with HuSHeM's card telling of it."""
    promise("hushem", fake_hushem)
    return fake_hushem


@pytest.fixture
def tiny() -> Callable[[Path], str]:
    """An experiment on a folder, as TOML text."""
    return lambda root: TINY.format(root=repr(str(root)))


@pytest.fixture(scope="session")
def trained(fake_hushem: Path, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """A finished run, for tests that only read it."""
    from spermlens.config import parse_experiment
    from spermlens.training.experiment import start

    with pytest.MonkeyPatch.context() as patch:
        _promise(patch, "hushem", fake_hushem)
        experiment = parse_experiment(TINY.format(root=repr(str(fake_hushem))), "tiny")
        run = start(experiment, tmp_path_factory.mktemp("runs"), device="cpu")
    return Trained(run.folder, fake_hushem)
