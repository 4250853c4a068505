"""What a user points at becomes a list of images, each once, each with a name of its own."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from spermlens.errors import BadManifest, DataMissing, UsageError
from spermlens.predict.sources import find_sources, spare


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """a/1.png, a/2.png, a/deep/1.png, b/1.png and a text file, in the working folder."""
    for name in ("a/1.png", "a/2.png", "a/deep/1.png", "b/1.png"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((4, 4, 3), len(name), np.uint8)).save(path)
    (tmp_path / "a" / "notes.txt").write_text("no image")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ids(*inputs: str, stream: str = "") -> list[str]:
    return [source.id for source in find_sources(inputs, io.StringIO(stream))]


def test_a_file_has_its_name_and_a_folder_its_paths_below_it(place: Path) -> None:
    assert ids("a/1.png") == ["1.png"]
    assert ids("a") == ["1.png", "2.png", "deep/1.png"]


def test_globs_lists_and_streams(place: Path) -> None:
    assert ids("a/*.png") == ["a/1.png", "a/2.png"]
    assert ids("**/1.png") == ["a/1.png", "a/deep/1.png", "b/1.png"]
    assert ids("-", stream="b/1.png\n\n  a/2.png \n") == ["b/1.png", "a/2.png"]


def test_a_manifest_brings_names_and_scales(place: Path) -> None:
    (place / "a" / "mine.csv").write_text("path;id;um_per_pixel\n1.png;one;0.2\ndeep/1.png;;\n")
    first, second = find_sources(["a/mine.csv"], um_per_pixel=0.1)
    assert (first.id, first.path, first.um_per_pixel) == ("one", Path("a/1.png"), 0.2)
    assert (second.id, second.path, second.um_per_pixel) == ("deep/1.png", Path("a/deep/1.png"), 0.1)


def test_a_faulty_manifest_names_its_line(place: Path) -> None:
    (place / "mine.csv").write_text("path,id\n\n,x\n")
    with pytest.raises(BadManifest, match=r"mine.csv, line 3: the path is empty"):
        find_sources(["mine.csv"])


def test_each_file_once_in_the_order_given(place: Path) -> None:
    assert ids("a/2.png", "a", "./a/1.png", str(place / "a" / "2.png")) == ["2.png", "1.png", "deep/1.png"]


def test_one_name_in_two_folders_is_told_apart(place: Path) -> None:
    assert ids("a", "b") == ["a/1.png", "2.png", "deep/1.png", "b/1.png"]


def test_a_file_that_is_not_there_keeps_its_place(place: Path) -> None:
    assert ids("a/1.png", "gone.png") == ["1.png", "gone.png"]


@pytest.mark.parametrize(
    ("inputs", "sentence"),
    [
        (["empty"], "empty: the folder holds no PNG"),
        (["a/*.bmp"], r"'a/\*\.bmp' fits no file"),
        (["-"], "No image was found in: -"),
        ([], "No image was found in: nothing"),
    ],
)
def test_nothing_found_is_said(place: Path, inputs: list[str], sentence: str) -> None:
    (place / "empty").mkdir()
    with pytest.raises(DataMissing, match=sentence):
        find_sources(inputs, io.StringIO(""))


@pytest.mark.parametrize("unit", [0.0, -1.0, 100.0, float("nan")])
def test_a_scale_out_of_range_is_refused_before_anything_is_read(place: Path, unit: float) -> None:
    with pytest.raises(UsageError, match=r"um per pixel must lie between 0\.005 and 5"):
        find_sources(["a"], um_per_pixel=unit)


def test_a_name_with_magic_in_it_that_exists_is_that_file(place: Path) -> None:
    (place / "cell[1].png").write_bytes((place / "a" / "1.png").read_bytes())
    assert ids("cell[1].png") == ["cell[1].png"]


def test_pages_are_numbered_only_where_there_are_several(place: Path) -> None:
    page = Image.fromarray(np.full((4, 4, 3), 9, np.uint8))
    page.save(place / "two.tif", save_all=True, append_images=[page])
    (two,) = find_sources(["two.tif"])
    assert [id for id, _ in two.pages()] == ["two.tif#1", "two.tif#2"]
    (one,) = find_sources(["a/1.png"])
    assert [id for id, _ in one.pages()] == ["1.png"]


@pytest.mark.parametrize(("inputs", "files"), [(["a"], ["a/1.png"]), (["mine.csv"], ["x.html", "mine.csv"])])
def test_what_is_read_is_never_written_over(place: Path, inputs: list[str], files: list[str]) -> None:
    (place / "mine.csv").write_text("path\na/1.png\n")
    sources = find_sources(inputs)
    with pytest.raises(UsageError, match=rf"{files[-1]}: is one of the inputs"):
        spare(inputs, sources, [Path(name) for name in files], None)


def test_no_folder_of_inputs_is_filled(place: Path) -> None:
    sources = find_sources(["a"])
    for folder in ("a", "a/deep", "."):
        with pytest.raises(UsageError, match="holds images that are inputs"):
            spare(["a"], sources, [], Path(folder))
    spare(["a"], sources, [None, Path("a/rows.csv")], Path("a/new"))


def test_a_table_that_is_no_manifest_is_named_in_a_line(place: Path) -> None:
    (place / "mine.csv").write_text(",".join(["image", *(f"c{n}" for n in range(60))]) + "\n")
    with pytest.raises(BadManifest, match=r"found image, c0, c1, c2, c3, c4 and 55 more\.$"):
        find_sources(["mine.csv"])
