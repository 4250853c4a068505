"""SMIDS: one set in two layouts, its copies and contradictions left out unless asked for."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from spermlens.datasets import open_data
from spermlens.datasets._verify import shipped_rows, verify
from spermlens.datasets.smids import CARD, FOLDERS, left_out
from spermlens.errors import ConfigError, DataCorrupt, DataMissing


@pytest.fixture
def official(tmp_path: Path, fake: Callable[[str, Path], int]) -> Path:
    fake("smids", tmp_path / "smids")
    return tmp_path / "smids"


@pytest.fixture
def lossless(official: Path, tmp_path: Path) -> Path:
    """The same set as PNG in folders named by class, one level below."""
    root = tmp_path / "copy"
    for folder, label in FOLDERS.items():
        (root / "images" / label).mkdir(parents=True)
        for path in (official / folder).iterdir():
            with Image.open(path) as picture:
                picture.save(root / "images" / label / f"{path.stem}.png")
    return root


def test_the_clean_list_is_the_default_and_the_whole_is_there_for_the_asking(official: Path) -> None:
    clean, whole = open_data("smids", official), open_data("smids", official, {"clean": False})
    assert (len(clean), len(whole)) == (13, 16)
    assert set(whole.ids) - set(clean.ids) == {
        "Normal_Sperm/Sperm (172)",
        "Normal_Sperm/Sperm (92)",
        "Abnormal_Sperm/Acrosome_Defect_452",
    }
    assert len(set(clean.pixel_hashes)) == 13
    assert Counter(whole.labels("cell").tolist()) == {0: 7, 1: 5, 2: 4}
    with pytest.raises(ConfigError, match="option 'clean'"):
        open_data("smids", official, {"clean": "yes"})


def test_the_card_tells_of_the_list_that_was_read(official: Path) -> None:
    assert open_data("smids", official).card == CARD
    assert CARD.counts == {"cell": (1002, 972, 973)}
    whole = open_data("smids", official, {"clean": False}).card
    assert whole.counts == {"cell": (1021, 1005, 974)}
    assert whole.pixels_sha256 != CARD.pixels_sha256
    assert "clean" not in whole.title


def test_both_layouts_hold_the_same_samples(official: Path, lossless: Path) -> None:
    one, other = (open_data("smids", root, {"clean": False}) for root in (official, lossless))
    assert dict(zip(one.ids, one.pixel_hashes, strict=True)) == dict(
        zip(other.ids, other.pixel_hashes, strict=True)
    )
    assert {e.id: e.labels for e in one.entries} == {e.id: e.labels for e in other.entries}
    assert one.ids[0].startswith("Normal_Sperm/")


@pytest.mark.parametrize("spelling", ["normal", "NORMAL SPERM", "Normal-Sperm", "normal_sperm"])
def test_folders_may_be_spelt_otherwise(official: Path, spelling: str) -> None:
    whole = open_data("smids", official).ids
    (official / "Normal_Sperm").rename(official / spelling)
    (official / "Non-Sperm").rename(official / "NonSperm")
    assert open_data("smids", official).ids == whole


def test_a_missing_folder_and_a_doubled_one_are_said(official: Path, tmp_path: Path) -> None:
    shutil.copytree(official / "Non-Sperm", official / "non_sperm")
    with pytest.raises(DataCorrupt, match="lie beside each other, expected one folder a class"):
        open_data("smids", official)
    shutil.rmtree(official / "non_sperm")
    shutil.rmtree(official / "Non-Sperm")
    with pytest.raises(DataMissing, match=r"expected the folders Normal_Sperm, .*found Abnormal_Sperm, Norm"):
        open_data("smids", official)
    with pytest.raises(DataMissing, match="nothing is there"):
        open_data("smids", tmp_path / "nowhere")


def test_two_formats_of_one_image_are_said(official: Path) -> None:
    path = official / "Normal_Sperm" / "Drawn_1.bmp"
    shutil.copyfile(path, path.with_suffix(".png"))
    with pytest.raises(DataCorrupt, match=r"'Normal_Sperm/Drawn_1' is there twice.*1 such image"):
        open_data("smids", official)


def test_the_shipped_list_is_the_one_of_the_card() -> None:
    rows = shipped_rows("smids")
    assert len(rows) == len({row["path"] for row in rows}) == 3000
    for clean, counts in ((("1",), (1002, 972, 973)), (("0", "1"), (1021, 1005, 974))):
        found = Counter(row["cell"] for row in rows if row["clean"] in clean)
        assert tuple(found[label] for label in ("normal", "abnormal", "non_sperm")) == counts
    assert Counter(left_out().values()) == {"copy": 45, "conflict": 8}
    assert all(row["path"].split("/")[0] == {v: k for k, v in FOLDERS.items()}[row["cell"]] for row in rows)
    clean_pixels = [row["pixels_sha256"] for row in rows if row["clean"] == "1"]
    assert len(set(clean_pixels)) == 2947
    conflicting = {row["pixels_sha256"] for row in rows if row["why"] == "conflict"}
    assert not conflicting & set(clean_pixels)


def test_of_each_pair_of_copies_the_first_name_stays() -> None:
    rows = shipped_rows("smids")
    kept = {row["pixels_sha256"]: row["path"] for row in rows if row["clean"] == "1"}
    copies = [row for row in rows if row["why"] == "copy"]
    assert all(kept[row["pixels_sha256"]] < row["path"] for row in copies)


def test_verifying_the_clean_list_does_not_ask_for_what_it_leaves_out(
    official: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from spermlens.datasets import _verify

    whole = open_data("smids", official, {"clean": False})
    rows = [
        {"path": f"{id}.bmp", "pixels_sha256": digest, "clean": "01"[id not in left_out()]}
        for id, digest in zip(whole.ids, whole.pixel_hashes, strict=True)
    ]
    monkeypatch.setattr(_verify, "shipped_rows", lambda name: rows)
    for clean in (True, False):
        problems = verify(open_data("smids", official, {"clean": clean})).problems
        assert [problem for problem in problems if "expected" not in problem] == []
        (official / "Normal_Sperm" / "Drawn_1.bmp").rename(official / "away")
        problems = verify(open_data("smids", official, {"clean": clean})).problems
        assert "Normal_Sperm/Drawn_1.bmp: this official image is missing or was changed." in problems
        (official / "away").rename(official / "Normal_Sperm" / "Drawn_1.bmp")


def test_an_image_that_changed_its_class_is_found(
    official: Path, monkeypatch: pytest.MonkeyPatch, promise: Callable[[str, Path], None]
) -> None:
    promise("smids", official)
    path = official / "Normal_Sperm" / "Drawn_1.bmp"
    path.rename(official / "Abnormal_Sperm" / "moved.bmp")
    assert "Abnormal_Sperm/moved: officially this image lies in Normal_Sperm." in (
        verify(open_data("smids", official)).problems
    )


def test_a_png_under_the_name_of_a_bmp_is_read_as_what_it_is(official: Path) -> None:
    path = official / "Normal_Sperm" / "Drawn_2.bmp"
    assert path.read_bytes().startswith(b"\x89PNG")
    listing = open_data("smids", official)
    sample = listing[listing.ids.index("Normal_Sperm/Drawn_2")]
    assert np.array_equal(sample.image, np.asarray(Image.open(path)))
