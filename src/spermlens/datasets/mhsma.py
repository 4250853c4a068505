"""MHSMA: 1540 unstained grey sperm, four judgements each, in the publisher's own train, valid and test.

The publisher names no patients. The original file names begin with a year and a number (1392~84), which
are taken for the patient; a list of them by pixels ships with the package, so that everybody's copy gets the
same groups. The publisher's split divides them: each of the 96 groups of test is in train, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from spermlens.datasets._listing import Entry, Listing
from spermlens.datasets._tasks import ACROSOME, HEAD, TAIL, VACUOLE
from spermlens.datasets._verify import shipped_rows
from spermlens.errors import DataCorrupt, DataMissing
from spermlens.images import pixel_hash
from spermlens.types import Card, Image

TASKS = (ACROSOME, HEAD, VACUOLE, TAIL)
SPLITS = ("train", "valid", "test")
PIXELS = {
    128: "a638c2a9e90937ccf1a2fb34a352efe9bcbdf036285229bf88552e63b2c73251",
    64: "7228a47ab64b5755928f54798e08ba7695f1bdbcada687f407deb05b5e1a209b",
}
FILES = {
    "x_128_test.npy": "ce7e272c7722c552d27c83b097f94334e932a07edc21e03aaab2feb3e03d042a",
    "x_128_train.npy": "12ecf462976cce1fd54e0eb39c47e93a6771f1c01be4ec08818c0d7aa6c04b99",
    "x_128_valid.npy": "44a8c95556a2e92e5659f828dd38433d3b0cd90f0c47f9fb8c60fdf652727a06",
    "x_64_test.npy": "e94a4cc89561d1dc3b235f0102af77da78666566512829bedc7030d2d6e1007f",
    "x_64_train.npy": "9e06e93fee46f12349ef9a36a35f5b5bf0994ec20b9f94d1cd0569c559cd9ffc",
    "x_64_valid.npy": "1d897137793e15e5fe66b7e4a8850f1313be3a9adde0a533ec6d58b146cdb101",
    "y_acrosome_test.npy": "544b1d3be74c048d75fe6b32c36284ce738e99645c88b0e85f9f2581cc8ff687",
    "y_acrosome_train.npy": "14d33d5ee9799388c1d37a8b199d3ecdfbe7958c7926530c31843915e619284a",
    "y_acrosome_valid.npy": "3ee7a7d3834c1f4561452f6dcc10287569d1325544b816ea676e9da8ecec1684",
    "y_head_test.npy": "a04548d5f58d4ceecae43f4855834d92927db888a3ae1b2bbe972b71f5c1a774",
    "y_head_train.npy": "d2ffb5fe53825188ddd43557d3df5a7c9352031873cc4614478644fdb71c8aa5",
    "y_head_valid.npy": "ceccf4c9d7f4ef739f7443c2ba297584bb981937f3ee12d6d042dfb4cb125cb6",
    "y_tail_test.npy": "fe2a069dcd4f5649f3656bacb102484ebff1ae2fe262a4f34d3b4709a8f3d32a",
    "y_tail_train.npy": "c97dcd279dbc9903c14e84a713e0439b7304d535511233f9dbb33dc472cb90e6",
    "y_tail_valid.npy": "67a8afd89e628e822621b32e96e79d5516017042f5e796498506647876493daf",
    "y_vacuole_test.npy": "9771d868942ccdb46ea4376b63ab98cc3824ea87c3d3977889b3c83ce8c9c8f6",
    "y_vacuole_train.npy": "73d8732a2030f18457fec11a107cfbd89f64a6971b9dde250bcbfe61c5aa7522",
    "y_vacuole_valid.npy": "26223daeddf7ca007628046dac0729198028d955fa0a056e888cc5a606b8f79a",
}

CARD = Card(
    name="mhsma",
    title="Modified Human Sperm Morphology Analysis (MHSMA)",
    source="https://github.com/soroushj/mhsma-dataset",
    licence="CC BY-NC-SA 4.0 (not for commercial use; what is made from it is shared under the same terms)",
    citation="Javadi S., Mirroshandel S.A., Comput Biol Med 2019;109:182-194, "
    "doi:10.1016/j.compbiomed.2019.04.030.",
    tasks=TASKS,
    counts={
        "acrosome": (1086, 454),
        "head": (1122, 418),
        "vacuole": (1301, 239),
        "tail": (1471, 69),
    },
    group="patient, inferred from the original file names",
    stain="none",
    um_per_pixel=None,
    field_px=128,
    unknown=(
        "The 114 groups are inferred from the years and numbers in the original file names; "
        "the publisher names no patients and speaks of 235.",
        "The official split shares groups: all 96 of test and 92 of the 93 of valid are in train, too.",
        "The images were taken at two magnifications (400 and 600), "
        "and the size of a pixel was not released: lengths are in pixels only.",
    ),
    pixels_sha256=PIXELS[128],
    download="https://raw.githubusercontent.com/soroushj/mhsma-dataset/"
    "7b1a965aa438fd166197cacc591c45513842b044/mhsma/",
    files=FILES,
    facts={"size": "128"},
)


def read(root: Path | None, *, size: Literal[128, 64] = 128) -> Listing:
    """The official .npy files in `root`, `root`/npy or `root`/mhsma.

    size: pixels a side; 64 is the middle of 128, which shows the head but little of the tail.
    """
    if root is None:
        raise DataMissing("MHSMA is read from a folder. Name it with --root.")
    place = _place_of(root, [f"x_{size}_train.npy"])
    entries = tuple(entry for split in SPLITS for entry in _entries(place, split, size))
    card = replace(CARD, field_px=size)
    if size != 128:
        card = replace(card, pixels_sha256=PIXELS[size], facts={"size": str(size)})
    return Listing(card, entries)


@cache
def known_groups() -> Mapping[str, str]:
    """{pixel hash: group}, for both sizes."""
    return {row["pixels_sha256"]: row["group"] for row in shipped_rows("mhsma")}


def _entries(place: Path, split: str, size: int) -> list[Entry]:
    """One a picture; its id is its place in the official arrays, the same for both sizes."""
    pictures = _array(place / f"x_{size}_{split}.npy", (size, size))
    answers = {task.name: _array(place / f"y_{task.name}_{split}.npy", ()) for task in TASKS}
    for task, labels in answers.items():
        where = place / f"y_{task}_{split}.npy"
        if len(labels) != len(pictures):
            raise DataCorrupt(
                f"{where}: {len(labels)} labels for {len(pictures)} pictures. Fetch the set again."
            )
        if labels.max(initial=0) > 1:
            raise DataCorrupt(
                f"{where}: labels up to {labels.max()}, expected 0 (normal) and 1. Fetch the set again."
            )
    return [
        Entry(
            id=f"{split}/{number:04}",
            load=partial(_rgb, pictures[number]),
            labels={task: int(labels[number]) for task, labels in answers.items()},
            group=known_groups().get(pixel_hash(_rgb(pictures[number]))),
            split=split,
        )
        for number in range(len(pictures))
    ]


def _place_of(root: Path, wanted: list[str]) -> Path:
    for place in (root, root / "npy", root / "mhsma"):
        if all((place / name).is_file() for name in wanted):
            return place
    raise DataMissing(
        f"{root}: expected {', '.join(wanted)} and its like of 'mhsma' there, in npy or in mhsma. "
        "Check --root, or get them with `spermlens data fetch mhsma`."
    )


def _array(path: Path, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """The array of a file, read whole: n x `shape`, uint8. Never runs what a file says."""
    if not path.is_file():
        raise DataMissing(f"{path}: no file is there. Get it with `spermlens data fetch mhsma`.")
    try:
        array = np.lib.format.open_memmap(path, mode="r")  # a header that promises too much allocates nothing
    except (ValueError, EOFError, OSError) as error:
        raise DataCorrupt(f"{path}: not a readable array ({str(error)[:120]}). Fetch it again.") from error
    if array.dtype != np.uint8 or array.shape[1:] != shape or array.ndim != 1 + len(shape):
        expected = " x ".join(["n", *map(str, shape)])
        found = " x ".join(map(str, array.shape)) or "a single value"
        raise DataCorrupt(
            f"{path}: holds {array.dtype}, {found}; expected uint8, {expected}. Fetch it again."
        )
    return np.array(array)


def _rgb(picture: NDArray[np.uint8]) -> Image:
    return np.repeat(picture[..., None], 3, axis=2)
