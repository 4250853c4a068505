"""Whatever the bytes, the answer is an image or one sentence that helps, in a moment and in silence."""

from __future__ import annotations

import io
import logging
import os
import pickle
import re
import struct
import subprocess
import sys
import time
import tracemalloc
import warnings
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow

from spermlens.errors import BadImage, DataMissing
from spermlens.images import MAX_BYTES, MAX_PAGES, decode, read_image, read_pages

RGB = np.random.default_rng(3).integers(0, 256, (24, 20, 3), dtype=np.uint8)
ADVICE = ("Copy ", "Export ", "Cut ", "Split ", "Check ", "Save ")


def with_pillow(picture: Any, kind: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    (picture if isinstance(picture, Pillow.Image) else Pillow.fromarray(picture)).save(
        stream, kind, **options
    )
    return stream.getvalue()


def tiff(array: Any, **options: Any) -> bytes:
    stream = io.BytesIO()
    tifffile.imwrite(stream, np.ascontiguousarray(array), **options)
    return stream.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, depth: int = 8, before: bytes = b"", pixels: bytes = b"") -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + before + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def directory(tags: dict[int, tuple[int, int, int]], following: int) -> bytes:
    entries = b"".join(struct.pack("<HHII", tag, *value) for tag, value in sorted(tags.items()))
    return struct.pack("<H", len(tags)) + entries + struct.pack("<I", following)


def page_tags(payload: int, **changed: tuple[int, int, int]) -> dict[int, tuple[int, int, int]]:
    tags = {256: (4, 1, 10), 257: (4, 1, 10), 258: (3, 1, 8), 259: (3, 1, 1), 262: (3, 1, 1)}
    tags |= {273: (4, 1, 8), 277: (3, 1, 1), 278: (4, 1, 10), 279: (4, 1, payload)}
    return tags | {int(name[1:]): value for name, value in changed.items()}


def raw_tiff(payload: bytes = bytes(100), **changed: tuple[int, int, int]) -> bytes:
    """A TIFF of 10 x 10 grey pixels, written by hand, with some tags changed."""
    first = struct.pack("<I", 8 + len(payload))
    return b"II*\0" + first + payload + directory(page_tags(len(payload), **changed), 0)


def ring_of_pages(pages: int, back_to: int | None, **changed: tuple[int, int, int]) -> bytes:
    tags = page_tags(100, **changed)
    size = len(directory(tags, 0))
    data = b"II*\0" + struct.pack("<I", 108) + bytes(100)
    for page in range(pages):
        following = back_to if page == pages - 1 else page + 1
        data += directory(tags, 0 if following is None else 108 + size * following)
    return data


def jpeg_that_claims(width: int, height: int) -> bytes:
    data = imagecodecs.jpeg_encode(np.zeros((8, 8), np.uint8))
    at = data.index(b"\xff\xc0")
    return bytes(data[: at + 5] + struct.pack(">HH", height, width) + data[at + 9 :])


def volume() -> bytes:
    return tiff(
        np.zeros((16, 32, 32), np.uint8), volumetric=True, tile=(16, 16, 16), photometric="minisblack"
    )


def float_tiff(value: float) -> bytes:
    pixels = np.zeros((9, 9), np.float32)
    pixels[4, 4] = value
    return tiff(pixels)


REFUSED: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "empty"),
    "text": (b"id,label\n1,normal\n", "not a PNG, JPEG, BMP or TIFF"),
    "pickle": (pickle.dumps({"image": RGB}), "not a PNG, JPEG, BMP or TIFF"),
    "gif": (with_pillow(RGB, "GIF"), "not a PNG, JPEG, BMP or TIFF"),
    "webp": (with_pillow(RGB, "WEBP"), "not a PNG, JPEG, BMP or TIFF"),
    **{
        f"only {start!r}": (start, "damaged|holds no page")
        for start in (b"\x89PNG\r\n\x1a\n", b"BM", b"\xff\xd8\xff", b"II*\0", b"MM\0*" + bytes(4), b"II+\0")
    },
    "png without width": (png(0, 9), "0x9 pixels"),
    "png without height": (png(9, 0, 16), "9x0 pixels"),
    "png of one row": (with_pillow(RGB[:1], "PNG"), "20x1 pixels, expected at least 2x2"),
    "png that moves": (
        with_pillow(RGB, "PNG", save_all=True, append_images=[Pillow.fromarray(255 - RGB)]),
        "an animated PNG",
    ),
    "png said to move": (png(9, 9, before=chunk(b"acTL", b"")), "an animated PNG"),
    "tiff without width": (raw_tiff(t256=(4, 1, 0)), "0x10 pixels"),
    "tiff without bits": (raw_tiff(t258=(3, 1, 0)), "pixels of type None"),
    "tiff of NaN": (float_tiff(np.nan), "NaN or infinite values"),
    "tiff of infinity": (float_tiff(np.inf), "NaN or infinite values"),
    "tiff float below 0": (float_tiff(-0.5), "values from -0.5 to 0"),
    "tiff float above 255": (float_tiff(4095), "values from 0 to 4095"),
    "tiff below 0": (tiff(np.full((9, 9), -3, np.int16)), "values from -3 to -3"),
    "tiff beyond 16 bits": (tiff(np.full((9, 9), 70000, np.uint32)), "values from 70000"),
    "tiff complex": (tiff(np.zeros((9, 9), np.complex64)), "pixels of type complex64"),
    "tiff of 5 channels": (
        tiff(np.zeros((9, 9, 5), np.uint8), photometric="minisblack", planarconfig="contig"),
        "5 channels",
    ),
    "tiff of 2 stains": (
        tiff(np.zeros((2, 9, 9), np.uint8), photometric="minisblack", planarconfig="separate"),
        "2 channels",
    ),
    "tiff of 60000 channels": (raw_tiff(t277=(3, 1, 60000), t256=(4, 1, 4000)), "60000 channels"),
    "tiff in Lab": (tiff(RGB, photometric="cielab"), "colours stored as CIELAB"),
    "tiff in bare YCbCr": (tiff(RGB, photometric="ycbcr"), "colours stored as YCBCR"),
    "tiff in unknown colours": (raw_tiff(t262=(3, 1, 777)), "colours stored as 777"),
    "tiff of a volume": (volume(), "a volume of 16 planes"),
    "tiff in jpeg 2000": (raw_tiff(t259=(3, 1, 34712)), "packed with JPEG2000"),
    "tiff with a missing strip": (raw_tiff(t279=(4, 1, 0)), "cut short or damaged"),
    "tiff with a strip beyond the end": (raw_tiff(t273=(4, 1, 10**6)), "cut short or damaged"),
    "tiff with a strip too few": (raw_tiff(t278=(4, 1, 5)), "cut short or damaged"),
    "tiff with a vast tile": (
        raw_tiff(t322=(4, 1, 2**20), t323=(4, 1, 2**20), t324=(4, 1, 8), t325=(4, 1, 9)),
        "cut short or damaged",
    ),
    "tiff with planes behind its only page": (
        tiff(RGB[..., 0], description="ImageJ=1.53t\nimages=40\nslices=40\n", metadata=None),
        r"planes outside its list of 1 page\(s\)",
    ),
    "tiff whose pages run in a circle": (ring_of_pages(1, 0), "runs in a circle"),
    "tiff whose pages run in a late circle": (ring_of_pages(150, 120), "runs in a circle"),
    "tiff whose pages add up": (
        ring_of_pages(3, None, t256=(4, 1, 5000), t257=(4, 1, 5000)),
        "75,000,000 pixels in 3 pages, expected at most 64,000,000",
    ),
    "tiff of too many pages": (ring_of_pages(MAX_PAGES + 1, None), "more than 10,000 pages"),
}
BOMBS: dict[str, bytes] = {
    "png": png(15000, 15000, pixels=zlib.compress(bytes(15001 * 15000), 9)),
    "png 16": png(15000, 15000, 16, pixels=zlib.compress(bytes(1000), 9)),
    "jpeg": jpeg_that_claims(15000, 15000),
    "bmp": with_pillow(RGB, "BMP")[:18] + struct.pack("<ii", 15000, 15000) + with_pillow(RGB, "BMP")[26:],
    "tiff": raw_tiff(
        zlib.compress(bytes(15000 * 15000), 9), t256=(4, 1, 15000), t257=(4, 1, 15000), t259=(3, 1, 8)
    ),
    "tiff strip that holds more than it says": raw_tiff(zlib.compress(bytes(2**27), 9), t259=(3, 1, 8)),
    "tiff around a large jpeg": raw_tiff(jpeg_that_claims(60000, 60000), t259=(3, 1, 7)),
}
WHOLE: dict[str, bytes] = {
    "png": with_pillow(RGB, "PNG"),
    "png 16": bytes(imagecodecs.png_encode(RGB.astype(np.uint16) * 257)),
    "jpeg": with_pillow(
        RGB, "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"
    ),
    "bmp": with_pillow(RGB, "BMP"),
    "bmp palette": with_pillow(Pillow.fromarray(RGB).quantize(16), "BMP"),
    "tiff": tiff(RGB, photometric="rgb"),
    "tiff lzw": tiff(RGB, photometric="rgb", compression="lzw"),
    "tiff jpeg": tiff(RGB[:16, :16], photometric="rgb", compression="jpeg", tile=(16, 16)),
    "tiff pages": tiff(np.stack([RGB, RGB]), photometric="rgb", bigtiff=True, compression="deflate"),
    "tiff by another": with_pillow(RGB, "TIFF", compression="tiff_lzw"),
}


@contextmanager
def silence() -> Iterator[None]:
    """Nothing is warned of, and nothing logged beyond those who asked for logs."""
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        yield
    assert not [str(warning.message) for warning in heard]


def refusal(data: bytes, name: str = "dir/zelle.tif") -> str:
    with silence(), pytest.raises(BadImage) as caught:
        decode(data, name)
    message = str(caught.value)
    assert message.startswith(f"{name}: ")
    assert any(advice in message for advice in ADVICE)
    return message


def pages_or_refusal(data: bytes, name: str) -> list[Any] | None:
    with silence(), suppress(BadImage):
        return decode(data, name)
    return None


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_no_image_is_refused_with_a_sentence(kind: str) -> None:
    data, sentence = REFUSED[kind]
    assert re.search(sentence, refusal(data))


@pytest.mark.parametrize("kind", BOMBS)
def test_a_bomb_is_refused_from_its_header(kind: str) -> None:
    refusal(b"II*\0")  # the libraries are loaded
    refusal(WHOLE["png"][:60])
    tracemalloc.start()
    begun = time.perf_counter()
    message = refusal(BOMBS[kind])
    seconds, (_, peak) = time.perf_counter() - begun, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert seconds < 0.2
    assert peak < 4_000_000
    if "tiff " not in kind:
        assert "15000x15000 pixels, expected at most 64,000,000" in message


@pytest.mark.parametrize("kind", WHOLE)
def test_a_file_cut_short_is_refused_or_has_lost_nothing(kind: str) -> None:
    data = WHOLE[kind]
    with silence():
        whole = decode(data, kind)
    refused = 0
    for length in np.linspace(1, len(data) - 1, 45).astype(int):
        pages = pages_or_refusal(data[:length], kind)
        refused += pages is None
        assert pages is None or all(
            np.array_equal(page, meant) for page, meant in zip(pages, whole, strict=True)
        )
    assert refused >= 30


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(sorted(WHOLE)),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)), min_size=1, max_size=6),
)
def test_flipped_bytes_give_an_image_or_a_sentence(kind: str, flips: list[tuple[float, int]]) -> None:
    data = bytearray(WHOLE[kind])
    for place, change in flips:
        data[int(place * len(data))] ^= change
    for page in pages_or_refusal(bytes(data), kind) or []:
        assert page.dtype == np.uint8
        assert page.shape[2] == 3


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([b"\x89PNG\r\n\x1a\n", b"BM", b"\xff\xd8\xff", b"II*\0", b"MM\0+\0\x08\0\0"]), st.binary()
)
def test_any_bytes_after_a_good_beginning_are_met_calmly(start: bytes, rest: bytes) -> None:
    with silence(), pytest.raises(BadImage):
        decode(start + rest, "x")


@pytest.mark.parametrize("length", [8, 11, 23])
def test_a_png_without_its_header_is_told_in_words(length: int) -> None:
    with pytest.raises(BadImage, match=f"damaged, a PNG of {length} bytes where the header alone has 24"):
        decode(with_pillow(RGB, "png")[:length], "cut.png")


def test_a_damaged_note_does_not_spoil_a_picture() -> None:
    for exif in (b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0", b"Exif\0\0MM\0*\0\0\0\x08\xff\xff\x01\x12"):
        with silence():
            assert decode(with_pillow(RGB, "JPEG", exif=exif), "x")[0].shape == RGB.shape


def test_nothing_reaches_the_terminal() -> None:
    """Below Python too: the C libraries have their own way of complaining."""
    program = (
        "import sys, pickle\nfrom spermlens.errors import BadImage\nfrom spermlens.images import decode\n"
        "for data in pickle.load(sys.stdin.buffer):\n"
        "    try: decode(data, 'x')\n"
        "    except BadImage: pass\n"
    )
    hostile = [data for data, _ in REFUSED.values()] + list(BOMBS.values())
    hostile += [data[: len(data) * part // 5] for data in WHOLE.values() for part in range(1, 6)]
    hostile += [
        data[:at] + b"\xff\x00\x7f" + data[at + 3 :] for data in WHOLE.values() for at in (40, 90, 300)
    ]
    done = subprocess.run(
        [sys.executable, "-W", "always", "-c", program],
        input=pickle.dumps(hostile),
        capture_output=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == (b"", b"")


def test_whoever_logs_still_hears_tifffile(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        refusal(b"MM\0*" + bytes(4))
    assert "no pages" in caplog.text


def test_several_threads_may_read_at_once() -> None:
    before = list(warnings.filters)
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: decode(WHOLE["png"], "x")[0], range(100)))
    assert all(np.array_equal(image, RGB) for image in found)
    assert warnings.filters == before


def test_paths_that_lead_nowhere_are_named(tmp_path: Path) -> None:
    (tmp_path / "link.png").symlink_to(tmp_path / "gone.png")
    (tmp_path / "loop.png").symlink_to(tmp_path / "loop.png")
    (tmp_path / "file.png").write_bytes(b"x")
    os.mkfifo(tmp_path / "pipe.png")
    with (tmp_path / "huge.png").open("wb") as stream:
        stream.truncate(MAX_BYTES + 1)
    for name, kind, sentence in [
        ("no.png", DataMissing, "no file is there"),
        ("link.png", DataMissing, "a broken link is there"),
        ("loop.png", BadImage, "cannot be read"),
        ("file.png/a.png", BadImage, "cannot be read"),
        ("a\0b.png", BadImage, "cannot be read"),
        ("ü" * 300 + ".png", BadImage, "cannot be read"),
        ("pipe.png", BadImage, "a folder or a device"),
        (".", BadImage, "a folder or a device"),
        ("huge.png", BadImage, "512,000,001 bytes, expected at most 512,000,000"),
    ]:
        for read in (read_image, read_pages):
            with pytest.raises(kind) as caught:
                read(tmp_path / name)
            assert str(caught.value).startswith(f"{tmp_path / name}: ")
            assert sentence in str(caught.value)
            assert any(advice in str(caught.value) for advice in ADVICE)


def test_a_file_that_may_not_be_read_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "mine.png"
    path.write_bytes(WHOLE["png"])

    def forbidden(_: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", forbidden)
    with pytest.raises(BadImage, match=r"mine.png: cannot be read \(Permission denied\). Check the path"):
        read_image(path)


def test_too_little_memory_is_said_and_our_own_stop_is_not_swallowed(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails_with(error: type[BaseException]) -> None:
        def decoder(_data: bytes, _name: str) -> None:
            raise error

        monkeypatch.setattr("spermlens.images._decoder", lambda *_: decoder)

    fails_with(MemoryError)
    assert "too large for this machine's memory" in refusal(WHOLE["png"])
    fails_with(KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        decode(WHOLE["png"], "x")
