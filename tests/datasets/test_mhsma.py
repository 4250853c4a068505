"""MHSMA: arrays read with suspicion, groups known by pixels, the publisher's own split."""

from __future__ import annotations

import io
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from spermlens.datasets import mhsma as module
from spermlens.datasets import open_data
from spermlens.datasets._verify import seal_of, shipped_rows, verify
from spermlens.datasets.mhsma import CARD
from spermlens.errors import ConfigError, DataCorrupt, DataMissing


@pytest.fixture
def root(tmp_path: Path, fake: Callable[[str, Path], int]) -> Path:
    fake("mhsma", tmp_path / "mhsma")
    return tmp_path / "mhsma"


def test_pictures_labels_and_splits_are_those_of_the_arrays(root: Path) -> None:
    listing = open_data("mhsma", root)
    assert Counter(entry.split for entry in listing.entries) == {"train": 10, "valid": 4, "test": 6}
    assert (listing.ids[0], listing.ids[10], listing.ids[-1]) == ("train/0000", "valid/0000", "test/0005")
    sample = listing[3]
    grey = np.load(root / "x_128_train.npy")[3]
    assert np.array_equal(sample.image, np.stack([grey] * 3, 2))
    for task in ("acrosome", "head", "vacuole", "tail"):
        parts = [np.load(root / f"y_{task}_{split}.npy") for split in ("train", "valid", "test")]
        assert listing.labels(task).tolist() == np.concatenate(parts).tolist()


def test_both_sizes_are_the_same_samples(root: Path) -> None:
    large, small = open_data("mhsma", root), open_data("mhsma", root, {"size": 64})
    assert large.ids == small.ids
    assert [e.labels for e in large.entries] == [e.labels for e in small.entries]
    assert np.array_equal(large[2].image[32:96, 32:96], small[2].image)
    assert (large.card.field_px, small.card.field_px) == (128, 64)
    assert small.card.pixels_sha256 != large.card.pixels_sha256 == CARD.pixels_sha256
    with pytest.raises(ConfigError, match=r"option 'size': .*128 or 64, but is 100"):
        open_data("mhsma", root, {"size": 100})


@pytest.mark.parametrize("below", ["npy", "mhsma"])
def test_the_arrays_may_lie_one_level_below(root: Path, tmp_path: Path, below: str) -> None:
    (tmp_path / "data").mkdir()
    root.rename(tmp_path / "data" / below)
    assert len(open_data("mhsma", tmp_path / "data")) == 20


def test_groups_are_known_by_pixels_wherever_an_image_stands(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listing = open_data("mhsma", root)
    assert {entry.group for entry in listing.entries} == {None}
    known = {digest: f"p{n % 3}" for n, digest in enumerate(listing.pixel_hashes)}
    monkeypatch.setattr(module, "known_groups", lambda: known)
    pictures = np.load(root / "x_128_train.npy")
    np.save(root / "x_128_train.npy", pictures[::-1])
    found = [entry.group for entry in open_data("mhsma", root).entries]
    assert found[:10] == [f"p{n % 3}" for n in range(10)][::-1]
    assert found[10:] == [f"p{n % 3}" for n in range(10, 20)]


def test_the_shipped_list_is_the_one_of_the_card() -> None:
    rows = shipped_rows("mhsma")
    assert Counter(row["size"] for row in rows) == {"64": 1540, "128": 1540}
    of = {size: {row["path"]: row["group"] for row in rows if row["size"] == size} for size in ("64", "128")}
    assert of["64"] == of["128"]
    assert len(set(of["128"].values())) == 114
    where = defaultdict(set)
    for path, group in of["128"].items():
        where[path.split("/")[0]].add(group)
    assert len(where["test"]) == len(where["test"] & where["train"]) == 96
    assert (len(where["valid"]), len(where["valid"] & where["train"])) == (93, 92)


def test_the_card_says_that_it_is_not_for_commerce_and_that_groups_are_inferred() -> None:
    assert CARD.licence.startswith("CC BY-NC-SA 4.0")
    assert "not for commercial use" in CARD.licence
    assert "inferred" in CARD.group
    assert any("all 96 of test" in sentence for sentence in CARD.unknown)
    assert sum(CARD.counts["tail"]) == 1540
    assert len(CARD.files) == 18


def test_a_label_changed_for_another_is_found(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from spermlens.datasets import _verify

    listing = open_data("mhsma", root)
    rows = [
        {
            "path": entry.id,
            "pixels_sha256": digest,
            "size": "128",
            "seal": seal_of(digest, entry.labels),
        }
        for entry, digest in zip(listing.entries, listing.pixel_hashes, strict=True)
    ]
    monkeypatch.setattr(_verify, "shipped_rows", lambda name: rows)
    assert not any("labels" in problem for problem in verify(listing).problems)
    labels = np.load(root / "y_tail_test.npy")
    labels[[0, 1]] = labels[[1, 0]]
    np.save(root / "y_tail_test.npy", labels)
    problems = verify(open_data("mhsma", root)).problems
    assert [problem for problem in problems if "labels" in problem] == [
        "test/0000: its labels are not the official ones.",
        "test/0001: its labels are not the official ones.",
    ]


def test_a_missing_file_is_named(root: Path, tmp_path: Path) -> None:
    (root / "y_head_valid.npy").unlink()
    with pytest.raises(DataMissing, match=r"y_head_valid.npy: no file is there"):
        open_data("mhsma", root)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataMissing, match=r"expected x_128_train.npy .*data fetch mhsma"):
        open_data("mhsma", tmp_path / "empty")


def pickled() -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.array([{"a": 1}], object), allow_pickle=True)
    return stream.getvalue()


def promising_too_much() -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        stream, {"descr": "|u1", "fortran_order": False, "shape": (10**9, 128, 128)}
    )
    return stream.getvalue() + bytes(100)


def saved(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not a readable array"),
        (b"PK\x03\x04 a zip", "not a readable array"),
        (pickled(), "not a readable array"),
        (promising_too_much(), "not a readable array"),
        (saved(np.zeros((10, 128, 128), np.uint8))[:-1], "not a readable array"),
        (saved(np.zeros((10, 128, 128), np.float32)), r"holds float32, 10 x 128 x 128; expected uint8"),
        (saved(np.zeros((10, 64, 64), np.uint8)), r"holds uint8, 10 x 64 x 64; .*n x 128 x 128"),
        (saved(np.zeros((10, 128, 128, 3), np.uint8)), r"holds uint8, 10 x 128 x 128 x 3"),
        (saved(np.uint8(3)), "holds uint8, a single value|not a readable array"),
        (saved(np.zeros((9, 128, 128), np.uint8)), "10 labels for 9 pictures"),
    ],
)
def test_what_is_no_array_of_pictures_is_refused(root: Path, content: bytes, said: str) -> None:
    (root / "x_128_train.npy").write_bytes(content)
    with pytest.raises(DataCorrupt, match=said) as error:
        open_data("mhsma", root)
    assert "train.npy" in str(error.value)


def test_a_label_that_is_neither_is_refused(root: Path) -> None:
    np.save(root / "y_vacuole_test.npy", np.array([0, 1, 2, 0, 1, 0], np.uint8))
    with pytest.raises(DataCorrupt, match=r"y_vacuole_test.npy: labels up to 2, expected 0 \(normal\) and 1"):
        open_data("mhsma", root)


def test_a_file_that_is_cut_after_reading_changes_nothing(root: Path) -> None:
    listing = open_data("mhsma", root)
    pictures = np.load(root / "x_128_train.npy")
    (root / "x_128_train.npy").write_bytes(b"")
    assert all(np.array_equal(listing[n].image[..., 0], pictures[n]) for n in range(10))
