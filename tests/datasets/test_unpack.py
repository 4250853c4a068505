"""A zip is unpacked whole, or is refused with the member that would do harm."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path

import pytest

from spermlens.datasets import _unpack
from spermlens.datasets._unpack import unpack
from spermlens.errors import DataCorrupt


def zipped(path: Path, members: dict[str, bytes | str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


@pytest.fixture
def to(tmp_path: Path) -> Path:
    (tmp_path / "here" / "to").mkdir(parents=True)
    return tmp_path / "here" / "to"


def found(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_files_come_out_as_they_went_in(tmp_path: Path, to: Path) -> None:
    members: dict[str, bytes | str] = {"a/one.bmp": b"1" * 3000, "b/zwei (2) ü.bmp": b"2", "b/none": b""}
    unpack(zipped(tmp_path / "x.zip", members), to)
    assert found(to) == members


def test_a_zip_in_the_zip_is_unpacked_and_wrappers_fall_away(tmp_path: Path, to: Path) -> None:
    inner = zipped(tmp_path / "inner.zip", {"SET/Normal/1.bmp": b"1", "SET/Other/2.bmp": b"2"})
    outer = {"A title (SET)/SET.zip": inner.read_bytes()}
    unpack(zipped(tmp_path / "x.zip", outer), to)  # type: ignore[arg-type]
    assert found(to) == {"Normal/1.bmp": b"1", "Other/2.bmp": b"2"}
    assert sorted(path.name for path in to.iterdir()) == ["Normal", "Other"]


def test_a_wrapper_may_hold_its_own_name(tmp_path: Path, to: Path) -> None:
    unpack(zipped(tmp_path / "x.zip", {"a/a/a/1": b"1", "a/a/b/2": b"2"}), to)
    assert found(to) == {"a/1": b"1", "b/2": b"2"}


def test_a_wrapper_and_what_it_holds_may_have_any_name(tmp_path: Path, to: Path) -> None:
    members: dict[str, bytes | str] = {".wrapper/.wrapper/1": b"1", ".wrapper/wrapper/2": b"2"}
    unpack(zipped(tmp_path / "x.zip", members), to)
    assert found(to) == {".wrapper/1": b"1", "wrapper/2": b"2"}
    assert sorted(path.name for path in to.iterdir()) == [".wrapper", "wrapper"]


@pytest.mark.parametrize(
    "name",
    ["../evil", "a/../../evil", "/evil", "..\\evil", "C:\\evil", "C:evil", "a\x07b", ".", "a/\u202egpj.exe"],
)
def test_a_name_that_leads_elsewhere_is_refused_before_anything_is_written(
    tmp_path: Path, to: Path, name: str
) -> None:
    with pytest.raises(DataCorrupt, match=r"leads out of its folder.*Nothing was unpacked"):
        unpack(zipped(tmp_path / "x.zip", {"good": b"1", name: b"2"}), to)
    assert found(to) == {}
    assert [path.name for path in tmp_path.rglob("*evil*")] == []


def test_a_link_is_refused(tmp_path: Path, to: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        link = zipfile.ZipInfo("link")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc")
        archive.writestr("link/passwd", b"")
    with pytest.raises(DataCorrupt, match="'link' is a link or a device"):
        unpack(path, to)
    assert found(to) == {}


def test_an_encrypted_member_is_refused(tmp_path: Path, to: Path) -> None:
    path = zipped(tmp_path / "x.zip", {"a": b"1"})
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(DataCorrupt, match="'a' is encrypted"):
        unpack(path, to)


def test_a_bomb_is_refused_before_anything_is_written(
    tmp_path: Path, to: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = zipped(tmp_path / "x.zip", {str(n): bytes(1000) for n in range(11)})
    monkeypatch.setattr(_unpack, "MAX_BYTES", 11_000)
    unpack(path, to)
    monkeypatch.setattr(_unpack, "MAX_BYTES", 10_999)
    (to.parent / "again").mkdir()
    with pytest.raises(DataCorrupt, match=r"unpacks to 11,000 bytes in 11 files, expected at most 10,999"):
        unpack(path, to.parent / "again")
    assert found(to.parent / "again") == {}
    monkeypatch.setattr(_unpack, "MAX_MEMBERS", 10)
    monkeypatch.setattr(_unpack, "MAX_BYTES", 10**6)
    with pytest.raises(DataCorrupt, match="in 11 files"):
        unpack(path, to.parent / "again")


def test_an_inner_bomb_shares_the_limit(tmp_path: Path, to: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inner = zipped(tmp_path / "inner.zip", {"zeros": bytes(50_000)}).read_bytes()
    path = zipped(tmp_path / "x.zip", {"one.zip": inner, "a/two.zip": inner})
    monkeypatch.setattr(_unpack, "MAX_BYTES", 60_000)
    with pytest.raises(DataCorrupt, match="unpacks to 50,000 bytes"):
        unpack(path, to)
    monkeypatch.setattr(_unpack, "MAX_BYTES", 110_000)
    (to.parent / "again").mkdir()
    unpack(path, to.parent / "again")


def test_a_size_that_lies_does_not_pass_the_limit(
    tmp_path: Path, to: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = zipped(tmp_path / "x.zip", {"zeros": bytes(100_000)})
    data = bytearray(path.read_bytes())
    struct.pack_into("<I", data, data.index(b"PK\x01\x02") + 24, 10)  # says it unpacks to 10 bytes
    path.write_bytes(data)
    monkeypatch.setattr(_unpack, "MAX_BYTES", 1000)
    with pytest.raises(DataCorrupt):
        unpack(path, to)
    assert sum(map(len, found(to).values())) <= 1000


def test_what_is_no_whole_zip_is_refused(tmp_path: Path, to: Path) -> None:
    path = zipped(tmp_path / "x.zip", {"a": bytes(range(256)) * 20})
    whole = path.read_bytes()
    for content in (b"", b"Rar!\x1a\x07", whole[:-10], whole[:40] + b"\0\0\0" + whole[43:]):
        path.write_bytes(content)
        with pytest.raises(DataCorrupt, match=r"x.zip: not a whole zip"):
            unpack(path, to)
        (to / "a").unlink(missing_ok=True)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_comes_twice_is_refused(tmp_path: Path, to: Path) -> None:
    path = tmp_path / "x.zip"
    for names in (("a", "a"), ("a", "a/b"), ("a\\b", "a/b")):
        with zipfile.ZipFile(path, "w") as archive:
            for name in names:
                archive.writestr(name, b"1")
        folder = to / "-".join(names).replace("/", "").replace("\\", "s")
        folder.mkdir()
        with pytest.raises(DataCorrupt, match=r"x.zip: names .* twice"):
            unpack(path, folder)
