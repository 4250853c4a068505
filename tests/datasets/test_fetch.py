"""Data sets are fetched whole or not at all; where a hand is needed, the message says what it has to do."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from publisher import Publisher, published

from spermlens.cli import run
from spermlens.datasets import DATASETS, _download, _fetch, open_data
from spermlens.datasets._download import download
from spermlens.datasets._fetch import fetch
from spermlens.datasets._verify import verify
from spermlens.errors import CannotWrite, DataCorrupt, DataMissing, UnknownName, UsageError
from spermlens.files import sha256_of

CONTENT = bytes(range(256)) * 2000


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Publisher]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with published() as publisher:
        yield publisher


@pytest.fixture
def zip_set(
    server: Publisher,
    fake_hushem: Path,
    promise: Callable[[str, Path], None],
    monkeypatch: pytest.MonkeyPatch,
) -> Publisher:
    """HuSHeM's fake, published as a zip with a title around it."""
    promise("hushem", fake_hushem)
    module = DATASETS["hushem"]
    monkeypatch.setattr(module, "CARD", replace(module.CARD, download=f"{server.address}/all"))
    server.files["/all"] = zip_of(fake_hushem, "HuSHeM V3/")
    return server


@pytest.fixture
def files_set(
    server: Publisher,
    tmp_path: Path,
    fake: Callable[[str, Path], int],
    promise: Callable[[str, Path], None],
    monkeypatch: pytest.MonkeyPatch,
) -> Publisher:
    """MHSMA's fake, published file by file."""
    source = tmp_path / "published"
    fake("mhsma", source)
    promise("mhsma", source)
    found = {path.name: path.read_bytes() for path in sorted(source.glob("*.npy"))}
    hashes = {name: sha256_of(content) for name, content in found.items()}
    module = DATASETS["mhsma"]
    card = replace(module.CARD, download=f"{server.address}/set/", files=hashes)
    monkeypatch.setattr(module, "CARD", card)
    server.files |= {f"/set/{name}": content for name, content in found.items()}
    return server


def zip_of(folder: Path, above: str = "") -> bytes:
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, above + path.relative_to(folder).as_posix())
    return stream.getvalue()


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


# one file


def test_a_file_arrives_whole_and_its_way_is_shown(server: Publisher, tmp_path: Path) -> None:
    server.files["/x"], shown = CONTENT, []
    download(f"{server.address}/x", tmp_path / "x", sha256_of(CONTENT), lambda *said: shown.append(said))
    assert (tmp_path / "x").read_bytes() == CONTENT
    assert left(tmp_path) == ["x"]
    assert shown[-1] == ("x", len(CONTENT), len(CONTENT))
    assert [done for _, done, _ in shown] == sorted({done for _, done, _ in shown})


def test_a_wrong_hash_leaves_nothing(server: Publisher, tmp_path: Path) -> None:
    server.files["/x"] = CONTENT
    with pytest.raises(DataCorrupt, match=r"/x: its sha256 is .*, expected abcdabcdabcd"):
        download(f"{server.address}/x", tmp_path / "x", "abcd" * 16)
    assert left(tmp_path) == []


@pytest.mark.parametrize("ranges", ["good", "none"])
def test_what_was_cut_off_is_gone_on_with(server: Publisher, tmp_path: Path, ranges: str) -> None:
    server.files["/x"], server.cut_after["/x"], server.ranges = CONTENT, 200_000, ranges
    with pytest.raises(DataMissing, match=r"cut off after 200,000 of 512,000 bytes.*goes on from there"):
        download(f"{server.address}/x", tmp_path / "x")
    assert not (tmp_path / "x").exists()
    download(f"{server.address}/x", tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == CONTENT
    assert server.asked == [("/x", ""), ("/x", "200000")]
    assert left(tmp_path) == ["x"]


def test_a_file_that_changed_meanwhile_is_fetched_anew(server: Publisher, tmp_path: Path) -> None:
    server.files["/x"], server.cut_after["/x"] = CONTENT, 200_000
    with pytest.raises(DataMissing):
        download(f"{server.address}/x", tmp_path / "x")
    server.files["/x"] = CONTENT[::-1]
    download(f"{server.address}/x", tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == CONTENT[::-1]


def test_without_a_tag_nothing_is_gone_on_with(server: Publisher, tmp_path: Path) -> None:
    server.files["/x"], server.cut_after["/x"], server.tagged = CONTENT, 200_000, False
    with pytest.raises(DataMissing):
        download(f"{server.address}/x", tmp_path / "x")
    download(f"{server.address}/x", tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == CONTENT
    assert server.asked[-1] == ("/x", "")


@pytest.mark.parametrize(("ranges", "said"), [("wrong", "goes on at the wrong place"), ("refuse", "not fit")])
def test_a_rest_that_does_not_fit_is_dropped(
    server: Publisher, tmp_path: Path, ranges: str, said: str
) -> None:
    server.files["/x"], server.cut_after["/x"], server.ranges = CONTENT, 200_000, ranges
    with pytest.raises(DataMissing):
        download(f"{server.address}/x", tmp_path / "x")
    with pytest.raises(DataCorrupt, match=said):
        download(f"{server.address}/x", tmp_path / "x")
    download(f"{server.address}/x", tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == CONTENT


def test_a_file_that_is_not_there_is_said(server: Publisher, tmp_path: Path) -> None:
    with pytest.raises(DataMissing, match=r"/gone: the server answers 404 \(Not Found\)"):
        download(f"{server.address}/gone", tmp_path / "x")
    assert left(tmp_path) == []


def test_a_machine_that_does_not_answer_and_a_strange_address_are_said(tmp_path: Path) -> None:
    with published() as publisher:
        address = publisher.address
    with pytest.raises(DataMissing, match=r"cannot be reached \(.*Check the connection"):
        download(f"{address}/x", tmp_path / "x")
    with pytest.raises(DataMissing, match="expected an address that begins with https"):
        download((tmp_path / "x").as_uri(), tmp_path / "y")


@pytest.mark.parametrize("page", [b"<!DOCTYPE html><html>", b"\n <html lang='en'>", b"<HEAD>"])
def test_a_web_page_in_place_of_the_file_is_told_from_it(
    server: Publisher, tmp_path: Path, page: bytes
) -> None:
    server.files["/page"], server.redirect["/x"] = page + bytes(100), "/page"
    with pytest.raises(DataMissing, match="/page: sends a web page, not the file"):
        download(f"{server.address}/x", tmp_path / "x")
    assert left(tmp_path) == []


def test_more_than_the_limit_is_refused(
    server: Publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.files["/x"] = CONTENT
    monkeypatch.setattr(_download, "MAX_BYTES", len(CONTENT) - 1)
    with pytest.raises(DataCorrupt, match=r"512,000 bytes, expected at most 511,999"):
        download(f"{server.address}/x", tmp_path / "x")


# a data set


def test_a_zip_is_fetched_verified_and_found_by_name(
    zip_set: Publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPERMLENS_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("SPERMLENS_DATA", raising=False)
    monkeypatch.chdir(tmp_path)
    place = fetch("hushem")
    assert place == tmp_path / "home" / "data" / "hushem"
    assert left(place.parent) == ["hushem"]
    assert left(place) == ["01_Normal", "02_Tapered", "03_Pyriform", "04_Amorphous"]
    assert verify(open_data("hushem")).good
    assert fetch("hushem") == place
    assert [path for path, _ in zip_set.asked] == ["/all"]


def test_a_zip_that_was_cut_off_is_gone_on_with(zip_set: Publisher, tmp_path: Path) -> None:
    root = tmp_path / "own"
    zip_set.cut_after["/all"] = 100_000
    with pytest.raises(DataMissing, match="cut off after 100,000"):
        fetch("hushem", root)
    assert not root.exists()
    assert verify(open_data("hushem", fetch("hushem", root))).good
    assert zip_set.asked == [("/all", ""), ("/all", "100000")]
    assert left(tmp_path) == ["own"]


def test_files_are_fetched_one_by_one_and_never_twice(files_set: Publisher, tmp_path: Path) -> None:
    root = tmp_path / "in" / "mhsma"
    root.mkdir(parents=True)  # an empty folder is as good as none
    files_set.cut_after["/set/x_64_test.npy"] = 100
    with pytest.raises(DataMissing, match=r"x_64_test.npy: cut off.*\n.*the 18 files \(x_128_test.npy"):
        fetch("mhsma", root)
    assert left(root) == []
    assert fetch("mhsma", root) == root
    assert len(open_data("mhsma", root)) == 20
    assert left(root.parent) == ["mhsma"]
    again = [path for path, _ in files_set.asked]
    assert len(again) == 19
    assert {path for path in again if again.count(path) > 1} == {"/set/x_64_test.npy"}


def test_a_file_with_another_content_is_refused(files_set: Publisher, tmp_path: Path) -> None:
    files_set.files["/set/y_tail_test.npy"] = files_set.files["/set/y_tail_test.npy"][:-1] + b"\7"
    with pytest.raises(DataCorrupt, match=r"y_tail_test.npy: its sha256 is"):
        fetch("mhsma", tmp_path / "mhsma")
    assert not (tmp_path / "mhsma").exists()


def test_a_rar_inside_is_left_for_a_hand(zip_set: Publisher, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "HuSHeM.rar").write_bytes(b"Rar!")
    zip_set.files["/all"] = zip_of(tmp_path / "in", "A title/")
    root = tmp_path / "hushem"
    with pytest.raises(
        DataMissing, match=r"HuSHeM.rar: this archive needs a hand.*7-Zip.*\nBy hand: "
    ) as error:
        fetch("hushem", root)
    assert left(root) == ["HuSHeM.rar"]
    assert f"spermlens data verify hushem --root {root}" in str(error.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<html>Sign in</html>", "sends a web page"),
        (b"something else", "not a whole zip"),
        (b"", "not a whole zip"),
    ],
)
def test_an_answer_that_is_no_zip_says_what_a_hand_can_do(
    zip_set: Publisher, tmp_path: Path, content: bytes, said: str
) -> None:
    good, zip_set.files["/all"] = zip_set.files["/all"], content
    root = tmp_path / "hushem"
    with pytest.raises((DataMissing, DataCorrupt), match=said) as error:
        fetch("hushem", root)
    assert "By hand: open https://doi.org/10.17632/tt3yj2pf38.3 in a browser" in str(error.value)
    assert f"put them unpacked into {root}" in str(error.value)
    assert left(tmp_path) == []
    zip_set.files["/all"] = good  # and the next time it works
    assert fetch("hushem", root) == root


def test_a_zip_that_leads_out_of_its_folder_is_refused(zip_set: Publisher, tmp_path: Path) -> None:
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("01_Normal/../../../evil.bmp", b"1")
    zip_set.files["/all"] = stream.getvalue()
    with pytest.raises(DataCorrupt, match="leads out of its folder"):
        fetch("hushem", tmp_path / "a" / "hushem")
    assert not list(tmp_path.rglob("evil*"))
    assert not (tmp_path / "a" / "hushem").exists()


def test_another_set_under_the_address_is_not_put_in_place(
    zip_set: Publisher, tmp_path: Path, fake_hushem: Path
) -> None:
    shutil.copytree(fake_hushem, tmp_path / "other")
    (tmp_path / "other" / "01_Normal" / "image_001.BMP").unlink()
    zip_set.files["/all"] = zip_of(tmp_path / "other")
    with pytest.raises(DataCorrupt, match=r"what it sent is not 'hushem'.*\n.*found 4 normal") as error:
        fetch("hushem", tmp_path / "hushem")
    assert f"It is kept in {tmp_path / '.hushem.fetch'}; delete that to fetch it anew." in str(error.value)
    shutil.rmtree(tmp_path / "other" / "01_Normal")
    zip_set.files["/all"] = zip_of(tmp_path / "other")
    shutil.rmtree(tmp_path / ".hushem.fetch")
    with pytest.raises(DataCorrupt, match=r"is not 'hushem'\. what came: expected the folders 01_Normal"):
        fetch("hushem", tmp_path / "hushem")
    assert not (tmp_path / "hushem").exists()


def test_what_is_there_already_is_never_written_over(
    zip_set: Publisher, tmp_path: Path, fake_hushem: Path
) -> None:
    root = tmp_path / "hushem"
    root.mkdir()
    (root / "thesis.txt").write_text("years of work")
    with pytest.raises(DataCorrupt, match="something is there, but not the whole of 'hushem'"):
        fetch("hushem", root)
    assert (root / "thesis.txt").read_text() == "years of work"
    with pytest.raises(UsageError, match="a file is there, expected a folder"):
        fetch("hushem", root / "thesis.txt")
    assert zip_set.asked == []


def test_what_is_drawn_or_ones_own_is_not_fetched() -> None:
    with pytest.raises(UsageError, match="'synthetic' is not fetched: it comes from drawn"):
        fetch("synthetic")
    with pytest.raises(UsageError, match="'folder' is not fetched"):
        fetch("folder")
    with pytest.raises(UnknownName, match="Did you mean 'hushem'"):
        fetch("hushme")


def test_a_place_that_cannot_be_written_is_said(
    zip_set: Publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    for step in ("unpack", "download"):
        monkeypatch.setattr(_fetch, step, full)
        with pytest.raises(CannotWrite, match=r"hushem: the disk is full"):
            fetch("hushem", tmp_path / "hushem")
        shutil.rmtree(tmp_path / ".hushem.fetch", ignore_errors=True)
    assert not (tmp_path / "hushem").exists()


def test_the_command_prints_where_the_set_lies_and_its_licence(
    files_set: Publisher, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["data", "fetch", "mhsma", "--root", str(tmp_path / "m")]) == 0
    said = capsys.readouterr()
    assert said.out.strip() == str(tmp_path / "m")
    assert "not for commercial use" in said.err
    assert run(["data", "fetch", "mhsma", "--root", str(tmp_path / "m"), "--quiet"]) == 0
    assert capsys.readouterr().err == ""
    assert run(["data", "fetch", "mhsma", "--root", str(tmp_path / "published" / "x_64_test.npy")]) == 2
    files_set.files.clear()
    assert run(["data", "fetch", "mhsma", "--root", str(tmp_path / "n")]) == 3
    assert "the server answers 404" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["hushem", "smids", "mhsma"])
def test_the_cards_addresses_are_protected_and_pinned(name: str) -> None:
    card = DATASETS[name].CARD
    assert card.download.startswith("https://")
    if card.files:
        assert card.download.endswith("/")
        assert all(len(digest) == 64 for digest in card.files.values())
