"""HuSHeM's layouts, and what its check sees."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from spermlens.datasets import open_data
from spermlens.datasets._verify import verify
from spermlens.errors import DataMissing


@pytest.fixture
def own(hushem: Path, tmp_path: Path) -> Path:
    """A copy that may be changed; the card tells of the original."""
    shutil.copytree(hushem, tmp_path / "hushem")
    return tmp_path / "hushem"


@pytest.mark.parametrize("above", ["", "images", "HuSHeM dataset/Version 3"])
def test_the_class_folders_are_found_up_to_two_levels_below(own: Path, tmp_path: Path, above: str) -> None:
    root = tmp_path / "root"
    shutil.move(own, root / above) if above else shutil.move(own, root)
    listing = open_data("hushem", root)
    assert listing.ids[0] == "01_Normal/image_001.BMP"
    assert listing.labels("head_shape").tolist() == [0] * 5 + [1] * 5 + [2] * 5 + [3] * 5
    assert verify(listing).good


def test_a_missing_class_folder_is_said(own: Path) -> None:
    shutil.rmtree(own / "02_Tapered")
    with pytest.raises(DataMissing, match=r"expected the folders 01_Normal, 02_Tapered.*found 01_Normal, 03"):
        open_data("hushem", own)


def test_a_wrong_count_is_found(own: Path) -> None:
    shutil.copyfile(own / "01_Normal" / "image_001.BMP", own / "02_Tapered" / "image_009.BMP")
    problems = verify(open_data("hushem", own)).problems
    assert problems[0] == (
        "head_shape: found 5 normal, 6 tapered, 5 pyriform, 5 amorphous, "
        "expected 5 normal, 5 tapered, 5 pyriform, 5 amorphous."
    )
    assert "02_Tapered/image_009.BMP: officially this image lies in 01_Normal." in problems


def test_two_heads_that_changed_places_are_found(own: Path) -> None:
    one, other = own / "01_Normal" / "image_001.BMP", own / "03_Pyriform" / "image_001.BMP"
    spare = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(spare)
    assert verify(open_data("hushem", own)).problems == (
        "01_Normal/image_001.BMP: officially this image lies in 03_Pyriform.",
        "03_Pyriform/image_001.BMP: officially this image lies in 01_Normal.",
    )


def test_one_copy_too_many_in_the_place_of_another_copy_is_found(own: Path) -> None:
    # the published set holds heads that occur twice: the counts then hide which one was doubled
    shutil.copyfile(own / "01_Normal" / "image_001.BMP", own / "01_Normal" / "image_005.BMP")
    assert verify(open_data("hushem", own)).problems == (
        "01_Normal/image_001.BMP: found 2 times, expected 1.",
        "01_Normal/image_004.BMP, 01_Normal/image_005.BMP: found 1 times, expected 2.",
    )


def test_other_names_for_the_same_pixels_are_fine(own: Path) -> None:
    path = own / "01_Normal" / "image_001.BMP"
    path.rename(path.with_name("renamed.bmp"))
    assert verify(open_data("hushem", own)).good


def test_without_facts_the_hash_still_speaks(
    own: Path, monkeypatch: pytest.MonkeyPatch, promise: Callable[[str, Path], None]
) -> None:
    from spermlens.datasets import _verify

    monkeypatch.setattr(_verify, "known_pixels", lambda _: {})
    shutil.copyfile(own / "01_Normal" / "image_001.BMP", own / "01_Normal" / "image_002.BMP")
    (problem,) = verify(open_data("hushem", own)).problems
    assert problem.startswith("The hash of all pixels is ")


def test_hidden_files_and_strangers_are_left_out(own: Path) -> None:
    (own / "01_Normal" / "._image_001.BMP").write_bytes(b"what a Mac leaves behind")
    (own / "01_Normal" / "Thumbs.db").write_bytes(b"what Windows leaves behind")
    assert verify(open_data("hushem", own)).good
