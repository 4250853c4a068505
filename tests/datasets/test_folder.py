"""A lab's own images: class folders and manifests, and every fault of them named with its line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from spermlens.datasets import Listing, open_data
from spermlens.datasets._verify import verify
from spermlens.errors import BadManifest, ConfigError, DataMissing


def picture(path: Path, shade: int = 100) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((6, 8, 3), shade, np.uint8)).save(path)


def manifest(root: Path, text: str, encoding: str = "utf-8") -> Listing:
    (root / "manifest.csv").write_bytes(text.encode(encoding))
    return open_data(str(root))


def test_a_folder_is_a_class_and_folders_below_belong_to_it(tmp_path: Path) -> None:
    for name in ("b/2.png", "a/sub/1.png", "a/0.tif", "Größe/x.jpg"):
        picture(tmp_path / name)
    (tmp_path / "notes").mkdir()
    listing = open_data(str(tmp_path))
    assert listing.card.tasks[0].classes == ("Größe", "a", "b")
    assert listing.ids == ["Größe/x.jpg", "a/0.tif", "a/sub/1.png", "b/2.png"]
    assert listing.labels("label").tolist() == [0, 1, 1, 2]
    assert listing.card.unknown == ("Which images share a patient is not stated for 4 of 4 images.",)


def test_task_and_order_of_classes_can_be_fixed(tmp_path: Path) -> None:
    for name in ("a/1.png", "b/2.png"):
        picture(tmp_path / name)
    options = {"task": "vitality", "classes": {"vitality": ["b", "a", "never seen"]}}
    listing = open_data(str(tmp_path), options=options)
    assert listing.card.tasks[0].classes == ("b", "a", "never seen")
    assert listing.labels("vitality").tolist() == [1, 0]


def test_no_class_folder_is_left_out_in_silence(tmp_path: Path) -> None:
    for name in ("a/1.png", "b/2.png", "c/3.png"):
        picture(tmp_path / name)
    with pytest.raises(BadManifest, match=r"c: this folder is no class of 'label'\. Expected a, b"):
        open_data(str(tmp_path), options={"classes": {"label": ["a", "b"]}})
    with pytest.raises(ConfigError, match=r"task 'lable' that is not there. Did you mean 'label'"):
        open_data(str(tmp_path), options={"classes": {"lable": ["a", "b", "c"]}})
    with pytest.raises(ConfigError, match="names a class of 'label' twice"):
        open_data(str(tmp_path), options={"classes": {"label": ["a", "b", "c", "a"]}})


def test_one_class_is_no_question(tmp_path: Path) -> None:
    picture(tmp_path / "a" / "1.png")
    with pytest.raises(DataMissing, match=r"found 1 class folder\(s\) \(a\)"):
        open_data(str(tmp_path))


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_manifest_as_spreadsheets_write_it(
    tmp_path: Path, delimiter: str, encoding: str, ending: str
) -> None:
    rows = [
        ["path", "id", "group", "split", "um_per_pixel", "shape", "vacuole"],
        ["é/1.png", "eins", "p1", "train", "0.1", "normal", "no"],
        ["2.png", "", "p1", "", "0.2", "tapered", ""],
        ["3.png", "", "p2", "test", "0.2", "", "yes"],
    ]
    for number, row in enumerate(rows[1:]):
        picture(tmp_path / row[0], shade=number)
    text = ending.join(delimiter.join(row) for row in rows) + ending
    listing = manifest(tmp_path, text, encoding)
    assert listing.ids == ["eins", "2.png", "3.png"]
    assert listing.labels("shape").tolist() == [0, 1, -1]
    assert listing.labels("vacuole").tolist() == [0, -1, 1]
    assert [entry.group for entry in listing.entries] == ["p1", "p1", "p2"]
    assert [entry.split for entry in listing.entries] == ["train", None, "test"]
    assert [sample.um_per_pixel for sample in listing] == [0.1, 0.2, 0.2]
    assert listing.card.group == "as the manifest says"
    assert listing.card.unknown == ()
    assert [sample.image[0, 0, 0] for sample in listing] == [0, 1, 2]


def test_images_of_several_scales_are_brought_to_the_median(tmp_path: Path) -> None:
    text = "path,shape,um_per_pixel\n1.png,a,0.1\n2.png,b,0.1\n3.png,b,0.3\n"
    assert manifest(tmp_path, text).card.um_per_pixel == 0.1
    with pytest.raises(BadManifest, match="given for 2 of 3 images"):
        manifest(tmp_path, text.replace("0.3", ""))


def test_a_scale_that_all_share_is_the_cards(tmp_path: Path) -> None:
    text = "path,shape,um_per_pixel\n1.png,a,0.1\n2.png,b,0.1\n"
    assert manifest(tmp_path, text).card.um_per_pixel == 0.1


def test_images_without_a_group_beside_grouped_ones_are_counted(tmp_path: Path) -> None:
    text = "path,shape,group\n1.png,a,p\n2.png,b,\n3.png,b,q\n"
    assert manifest(tmp_path, text).card.unknown == (
        "Which images share a patient is not stated for 1 of 3 images.",
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "found an empty file"),
        ("file,shape\n1.png,a\n", "expected a column 'path', found file, shape"),
        ("path,shape\n", "no row below the headings"),
        ("path\n1.png\n", "no label column"),
        ("path,shape,shape\n1.png,a,b\n", "'shape' stands twice"),
        ("path,shape,\n1.png,a,b\n", "stands twice or has no name"),
        ("path,shape\n1.png,a\n2.png\n", "line 3: expected 2 cells"),
        ("path,shape\n1.png,a,b\n", "line 2: expected 2 cells"),
        ("path,shape\n1.png,a\n\n\n,b\n", "line 5: the path is empty"),
        ("path,shape\n1.png,a\n1.png,b\n", "stand twice, first '1.png'"),
        ("path,id,shape\n1.png,x,a\n2.png,x,b\n", "stand twice, first 'x'"),
        ("path,shape\n1.png,a\n2.png,a\n", r"has 1 class\(es\)"),
        ("path,shape,um_per_pixel\n1.png,a,wide\n2.png,b,1\n", "line 2: um_per_pixel .* but is 'wide'"),
        ("path,shape,um_per_pixel\n1.png,a,1\n2.png,b,-1\n", "line 3: um_per_pixel .* but is '-1'"),
        ("path,shape,um_per_pixel\n1.png,a,1\n2.png,b,nan\n", "line 3: um_per_pixel .* but is 'nan'"),
        ('path,shape\n"1.png,a\n', "Save it as plain CSV"),
    ],
)
def test_every_fault_of_a_manifest_is_named(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(BadManifest, match=sentence):
        manifest(tmp_path, text)


def test_a_manifest_in_another_encoding_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadManifest, match="Save it as CSV in UTF-8"):
        manifest(tmp_path, "path,shape\nü.png,a\n", "latin-1")


def test_a_class_that_was_not_fixed_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "manifest.csv").write_text("path,shape\n1.png,a\n2.png,c\n")
    with pytest.raises(BadManifest, match=r"line 3: 'c' is no class of 'shape'\. Expected a, b"):
        open_data(str(tmp_path), options={"classes": {"shape": ["a", "b"]}})
    with pytest.raises(ConfigError, match="Leave out the option task"):
        open_data(str(tmp_path), options={"task": "shape"})


def test_files_that_are_not_there_are_said_when_the_set_is_verified(tmp_path: Path) -> None:
    picture(tmp_path / "1.png")
    listing = manifest(tmp_path, "path,shape\n1.png,a\n2.png,b\n")
    (problem,) = verify(listing).problems
    assert f"{tmp_path / '2.png'}: no file is there" in problem


def test_a_manifest_is_named_by_its_file_too(tmp_path: Path) -> None:
    picture(tmp_path / "cells" / "1.png")
    (tmp_path / "mine.csv").write_text("path,shape\ncells/1.png,a\ncells/2.png,b\n")
    assert len(open_data(str(tmp_path / "mine.csv"))) == 2
