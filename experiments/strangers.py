"""How often does the shipped model decide on what is no head at all? Writes results/strangers.json.

python experiments/strangers.py [folder of SMIDS]
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

import spermlens
from spermlens.datasets import open_data
from spermlens.evaluate.counts import share
from spermlens.files import write_json
from spermlens.types import Image, Sample, Status

MODEL = "synthetic-heads"
SEED = 5  # the model learned from drawings of seed 1, its limit from seed 2


def heads(count: int) -> Iterator[Sample]:
    return iter(open_data("synthetic", options={"count": count, "seed": SEED}))


def debris(count: int) -> Iterator[Sample]:
    cells = open_data("synthetic", options={"count": 3 * count, "seed": SEED, "kind": "cells"})
    return (sample for sample in cells if sample.labels["cell"] == 2)


def noise(count: int) -> Iterator[Image]:
    rng = np.random.default_rng(SEED)
    return (rng.integers(0, 256, (131, 131, 3), dtype=np.uint8) for _ in range(count))


def scenes(count: int) -> Iterator[Image]:
    """Pictures with the statistics of photographs: patches of colour at every scale, edges, a horizon."""
    rng = np.random.default_rng(SEED)
    for _ in range(count):
        yield _scene(rng)


def fields(count: int) -> Iterator[Image]:
    """Fields of view of many drawn heads, fed as if they were one crop."""
    drawn = open_data("synthetic", options={"count": 16 * count, "seed": SEED + 1})
    for start in range(0, len(drawn), 16):
        tiles = [sample.image for sample in drawn[start : start + 16]]
        yield np.concatenate([np.concatenate(tiles[row : row + 4], 1) for row in range(0, 16, 4)], 0)


def blank(count: int) -> Iterator[Image]:
    return (np.full((131, 131, 3), grey, np.uint8) for grey in np.linspace(0, 255, count).astype(int))


def not_decided(pictures: Iterable[Sample | Image]) -> dict[str, float]:
    """The share of pictures that are not decided, with its exact interval."""
    said = spermlens.load(MODEL, device="cpu").predict(list(pictures))
    found = share(sum(one.status is not Status.DECIDED for one in said), len(said))
    return {"n": found.total, "not_decided": found.value, "low": found.low, "high": found.high}


def _scene(rng: np.random.Generator) -> Image:
    rows, columns = np.mgrid[0:131, 0:131]
    picture: NDArray[np.float64] = np.zeros((131, 131, 3))
    for scale in (1, 2, 4, 8, 16, 32):
        layer = gaussian_filter(rng.normal(size=picture.shape), (scale, scale, 0))
        picture += scale * layer
    for _ in range(4):  # things with edges
        angle, offset = rng.uniform(0, 2 * np.pi), rng.uniform(-40, 40)
        side = (rows - 65) * np.cos(angle) + (columns - 65) * np.sin(angle) > offset
        picture[side] += rng.normal(size=3)
    picture -= picture.min()
    return (picture / picture.max() * 255).astype(np.uint8)


def main() -> None:
    found = {
        "drawn heads (should be decided)": not_decided(heads(300)),
        "drawn debris, cells and threads": not_decided(debris(300)),
        "noise": not_decided(noise(100)),
        "scenes like photographs": not_decided(scenes(100)),
        "fields of view": not_decided(fields(20)),
        "blank fields": not_decided(blank(11)),
    }
    if len(sys.argv) > 1:
        smids = open_data("smids", sys.argv[1])
        for name, label in (("non-sperm", 2), ("normal sperm", 0)):
            found[f"SMIDS, {name}"] = not_decided(s for s in smids if s.labels["cell"] == label)
    model = spermlens.load(MODEL, device="cpu").description.id
    write_json(Path(__file__).parent / "results" / "strangers.json", {"model": model, "found": found})


if __name__ == "__main__":
    main()
