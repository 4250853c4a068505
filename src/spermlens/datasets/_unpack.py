"""A zip into a folder: member by member, only plain files with harmless names, within a limit."""

from __future__ import annotations

import stat
import tempfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from spermlens.errors import DataCorrupt

MAX_BYTES = 8 << 30  # unpacked, all together
MAX_MEMBERS = 200_000
CHUNK = 1 << 20


def unpack(archive: Path, to: Path) -> None:
    """Unpack a zip, and the zips in it, into the empty folder `to`; a folder around all falls away."""
    left = _unpack_one(archive, to, MAX_BYTES)
    for inner in sorted(path for path in to.rglob("*") if path.suffix.lower() == ".zip"):
        left = _unpack_one(inner, inner.parent, left)
        inner.unlink()
    _lift(to)


def _lift(place: Path) -> None:
    """While all there is lies in one folder, what that holds takes its place."""
    while len(inside := list(place.iterdir())) == 1 and inside[0].is_dir():
        aside = Path(tempfile.mkdtemp(dir=place))  # a name that nothing in the zip has
        wrapper = inside[0].rename(aside / "wrapper")
        for path in wrapper.iterdir():
            path.rename(place / path.name)
        wrapper.rmdir()
        aside.rmdir()


def _unpack_one(archive: Path, to: Path, limit: int) -> int:
    """Bytes of the limit that are left."""
    try:
        with zipfile.ZipFile(archive) as opened:
            members = opened.infolist()
            promised = sum(member.file_size for member in members)
            if promised > limit or len(members) > MAX_MEMBERS:
                raise DataCorrupt(
                    f"{archive.name}: unpacks to {promised:,} bytes in {len(members):,} files, "
                    f"expected at most {limit:,} in {MAX_MEMBERS:,}. Nothing was unpacked."
                )
            targets = [(member, to.joinpath(*_harmless(member, archive.name).parts)) for member in members]
            for member, path in targets:
                limit -= _write(opened, member, path, limit)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise DataCorrupt(f"{archive.name}: not a whole zip ({str(error)[:120]}).") from error
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        raise DataCorrupt(f"{archive.name}: names {error.filename} twice.") from error
    return limit


def _harmless(member: zipfile.ZipInfo, archive: str) -> PurePosixPath:
    """The member's name when it stays inside the folder and is a plain file or a folder."""
    name = member.filename.replace("\\", "/")
    path = PurePosixPath(name)
    kind = stat.S_IFMT(member.external_attr >> 16)
    reason = ""
    if path.is_absolute() or ".." in path.parts or ":" in name or not name.isprintable() or not path.parts:
        reason = "leads out of its folder or has no plain name"
    elif kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        reason = "is a link or a device"
    elif member.flag_bits & 1:
        reason = "is encrypted"
    if reason:
        raise DataCorrupt(f"{archive}: the member {member.filename!r} {reason}. Nothing was unpacked.")
    return path


def _write(opened: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path, limit: int) -> int:
    """Bytes written; a member that holds more than it says is cut at the limit."""
    if member.is_dir():
        path.mkdir(parents=True, exist_ok=True)
        return 0
    path.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    with opened.open(member) as source, path.open("xb") as stream:
        while chunk := source.read(CHUNK):
            written += stream.write(chunk)
            if written > limit:
                raise DataCorrupt(f"{member.filename}: unpacks to more than the {limit:,} bytes allowed.")
    return written
