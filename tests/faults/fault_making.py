"""How each fault is made: functions that spoil a folder, or play what a disk would say."""

from __future__ import annotations

import errno
import io
import json
import os
import pickle
import re
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image as Pillow

from spermlens.files import sha256_of_file

Prepare = Callable[[Path, pytest.MonkeyPatch], object]
PIXELS = np.random.default_rng(5).integers(0, 256, (20, 24, 3), dtype=np.uint8)


def png(pixels: Any = PIXELS, **options: Any) -> bytes:
    stream = io.BytesIO()
    Pillow.fromarray(pixels).save(stream, options.pop("format", "PNG"), **options)
    return stream.getvalue()


def tiff(pixels: Any, **options: Any) -> bytes:
    stream = io.BytesIO()
    tifffile.imwrite(stream, pixels, **options)
    return stream.getvalue()


def zipped() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("../../escaped.png", png())
    return stream.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_of(width: int, height: int) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(2**20))) + chunk(b"IEND", b"")


def tiff_bomb() -> bytes:
    data = bytearray(tiff(np.zeros((8, 8), np.uint8), compression="deflate"))
    for tag in (256, 257):
        found = re.search(struct.pack("<H", tag) + rb"[\x03\x04]\x00\x01\x00\x00\x00", data)
        assert found is not None
        data[found.start() + 2 : found.start() + 12] = struct.pack("<HII", 4, 1, 60_000)
    return bytes(data)


def image(name: str, data: bytes) -> Prepare:
    return lambda place, _: (place / "images" / name).write_bytes(data)


def manifest(text: str | bytes) -> Prepare:
    data = text if isinstance(text, bytes) else text.encode()
    return lambda place, _: (place / "mine.csv").write_bytes(data)


def cells(*more: str, columns: str = "path,shape") -> str:
    rows = [f"cells/{name}/{n}.png,{name}" for name in ("long", "round") for n in range(3)]
    return "\n".join([columns, *rows, *more, ""])


def link(name: str, target: str) -> Prepare:
    return lambda place, _: (place / "images" / name).symlink_to(target)


def nothing(place: Path, patch: pytest.MonkeyPatch) -> None:
    """The command itself is the fault."""


def weights(change: Callable[[bytes], bytes], *, vouched: bool = False) -> Prepare:
    def prepare(place: Path, _: pytest.MonkeyPatch) -> None:
        path = place / "model" / "weights.safetensors"
        path.write_bytes(change(path.read_bytes()))
        if vouched:
            described("weights_sha256", sha256_of_file(path))(place, _)

    return prepare


def described(key: str, value: Any) -> Prepare:
    def prepare(place: Path, _: pytest.MonkeyPatch) -> None:
        path = place / "model" / "model.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), key: value}))

    return prepare


def with_nan(data: bytes) -> bytes:
    import torch
    from safetensors.torch import load, save

    tensors = load(data)
    next(tensor for tensor in tensors.values() if tensor.is_floating_point()).view(-1)[0] = torch.nan
    return save(tensors)


def not_opened(path: str, data: bytes) -> Prepare:
    """A pickle or an archive under a name; whoever opened it would be found out."""

    def prepare(place: Path, patch: pytest.MonkeyPatch) -> None:
        import torch

        def never(*_: Any, **__: Any) -> None:
            raise AssertionError("it was opened")

        (place / path).parent.mkdir(exist_ok=True)
        (place / path).write_bytes(data)
        for where, name in ((pickle, "load"), (pickle, "loads"), (torch, "load")):
            patch.setattr(where, name, never)
        patch.setattr(zipfile.ZipFile, "__init__", never)
        patch.setattr(zipfile.ZipFile, "__del__", lambda _: None)

    return prepare


def closed_folder(place: Path, patch: pytest.MonkeyPatch) -> None:
    """A folder that may not be looked into; who runs this may be allowed everything, so it is played."""
    (place / "images" / "closed").mkdir()
    scandir = os.scandir

    def refusing(path: Any = ".") -> Any:
        if str(path).endswith("closed"):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return scandir(path)

    patch.setattr(os, "scandir", refusing)


def disk_says(number: int, call: str) -> Prepare:
    def prepare(place: Path, patch: pytest.MonkeyPatch) -> None:
        def refusing(*_: Any, **__: Any) -> None:
            raise OSError(number, os.strerror(number))

        patch.setattr(call, refusing)

    return prepare


def chain(place: Path, _: pytest.MonkeyPatch) -> None:
    (place / "images" / "round").symlink_to(place / "images")


def named(name: str | bytes) -> Prepare:
    return lambda place, _: (place / "images" / os.fsdecode(name)).write_bytes(png())


def deep(place: Path, _: pytest.MonkeyPatch) -> None:
    folder = place / "images" / Path(*["d" * 200] * 12)
    folder.mkdir(parents=True)
    (folder / "z.png").write_bytes(png())


def huge(place: Path, _: pytest.MonkeyPatch) -> None:
    with (place / "images" / "huge.tif").open("wb") as stream:
        stream.truncate(512_000_001)


def spoilt(path: str, data: bytes) -> Prepare:
    return lambda place, _: (place / path).write_bytes(data)


def checkpoint_lost(place: Path, _: pytest.MonkeyPatch) -> None:
    part = place / "runs" / "done" / "folds" / "r0f0"
    (part / "predictions.json").unlink()
    (part / "checkpoint").mkdir()
    (part / "checkpoint" / "state.json").write_text("{")
