"""What cameras and editors write comes out as the pixels that were meant."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image as Pillow

from spermlens.errors import BadImage
from spermlens.images import decode, list_images, pixel_hash, read_image, read_pages

DRAW = np.random.default_rng(7)
RGB = DRAW.integers(0, 256, (13, 17, 3), dtype=np.uint8)
RGB[0, 0], RGB[0, 1] = 255, 0
GREY = RGB[..., 0]
ALPHA = DRAW.integers(0, 256, (13, 17), dtype=np.uint8)
ALPHA[0, :2] = 255, 0
BITS = GREY > 128
SMOOTH = np.linspace(0, 255, 32 * 32 * 3).reshape(32, 32, 3).astype(np.uint8)
PALETTED = Pillow.fromarray(RGB).quantize(16)
CMYK = Pillow.fromarray(RGB).convert("CMYK")
DIM = GREY // 8  # so dark that only a stated depth can tell 12 bits from 10


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


def tiff_pages(*pages: tuple[Any, dict[str, Any]]) -> bytes:
    stream = io.BytesIO()
    with tifffile.TiffWriter(stream) as writer:
        for array, options in pages:
            writer.write(array, metadata=None, **options)
    return stream.getvalue()


def with_chunk(png: bytes, kind: bytes, body: bytes) -> bytes:
    """The PNG with one more chunk after its header."""
    check = struct.pack(">I", zlib.crc32(kind + body))
    return png[:33] + struct.pack(">I", len(body)) + kind + body + check + png[33:]


def deep(array: Any, bits: int) -> Any:
    return np.rint(np.asarray(array) / 255 * (2**bits - 1)).astype(np.uint16)


def grey(array: Any) -> Any:
    return np.repeat(np.asarray(array)[..., None], 3, 2)


def over_white(colour: Any, alpha: Any) -> Any:
    return np.rint(255 - (255 - colour.astype(float)) * (alpha[..., None] / 255)).astype(np.uint8)


def premultiplied(bits: int = 8) -> Any:
    return np.dstack([np.rint(RGB * (ALPHA[..., None] / 255)).astype(np.uint8), ALPHA])


def without_adobe(jpeg: bytes) -> bytes:
    """A CMYK JPEG whose maker did not say that it is turned round."""
    at = jpeg.index(b"\xff\xee")
    return jpeg[:at] + jpeg[at + 2 + struct.unpack_from(">H", jpeg, at + 2)[0] :]


def turned(orientation: int) -> Pillow.Exif:
    exif = Pillow.Exif()
    exif[274] = orientation
    return exif


TURNED = {  # what a viewer shows of RGB, by EXIF orientation
    2: RGB[:, ::-1],
    3: RGB[::-1, ::-1],
    4: RGB[::-1],
    5: RGB.swapaxes(0, 1),
    6: np.rot90(RGB, -1),
    7: np.rot90(RGB, 2).swapaxes(0, 1),
    8: np.rot90(RGB),
}
PALETTE_RGB = np.array(PALETTED.convert("RGB"))
BLACK_AND_WHITE = grey(BITS * np.uint8(255))
GREY_ALPHA, RGB_ALPHA = np.dstack([GREY, ALPHA]), np.dstack([RGB, ALPHA])
CONTIG = {"planarconfig": "contig"}
SEPARATE = {"photometric": "rgb", "planarconfig": "separate"}
PLANES = np.moveaxis(RGB, 2, 0)

EXACT: dict[str, tuple[bytes, Any]] = {
    "png 1 bit": (with_pillow(BITS, "PNG"), BLACK_AND_WHITE),
    "png grey": (with_pillow(GREY, "PNG"), grey(GREY)),
    "png grey 16": (imagecodecs.png_encode(deep(GREY, 16)), grey(GREY)),
    "png palette": (with_pillow(PALETTED, "PNG"), PALETTE_RGB),
    "png palette, one colour clear": (
        with_pillow(PALETTED, "PNG", transparency=3),
        np.where((np.array(PALETTED) == 3)[..., None], 255, PALETTE_RGB),
    ),
    "png rgb": (with_pillow(RGB, "PNG"), RGB),
    "png rgb, one colour clear": (with_pillow(RGB, "PNG", transparency=(0, 0, 0)), None),
    "png rgb 16": (imagecodecs.png_encode(deep(RGB, 16)), RGB),
    "bmp palette": (with_pillow(PALETTED, "BMP"), PALETTE_RGB),
    "bmp grey": (with_pillow(GREY, "BMP"), grey(GREY)),
    "bmp 1 bit": (with_pillow(BITS, "BMP"), BLACK_AND_WHITE),
    "bmp 24": (with_pillow(RGB, "BMP"), RGB),
    "bmp 32": (with_pillow(np.dstack([RGB, ALPHA * 0]), "BMP"), RGB),
    "tiff grey": (tiff(GREY), grey(GREY)),
    "tiff grey 16": (tiff(deep(GREY, 16)), grey(GREY)),
    "tiff grey 32": (tiff(deep(GREY, 16).astype(np.uint32)), grey(GREY)),
    "tiff signed 16": (tiff(deep(GREY, 14).astype(np.int16)), grey(GREY)),
    "tiff 16 big end first": (tiff(deep(GREY, 16), byteorder=">"), grey(GREY)),
    "tiff big": (tiff(RGB, bigtiff=True, photometric="rgb"), RGB),
    "tiff rgb 16": (tiff(deep(RGB, 16), photometric="rgb"), RGB),
    "tiff rgb planes": (tiff(PLANES, **SEPARATE), RGB),
    "tiff rgb planes 16": (tiff(deep(PLANES, 16), **SEPARATE), RGB),
    "tiff rgb with padding": (tiff(RGB_ALPHA, photometric="rgb", extrasamples=["unspecified"]), RGB),
    "tiff float 0 to 1": (tiff((GREY / 255).astype(np.float32)), grey(GREY)),
    "tiff float 0 to 255": (tiff(GREY.astype(np.float32)), grey(GREY)),
    "tiff double": (tiff(GREY / 255), grey(GREY)),
    "tiff bool": (tiff(BITS, photometric="minisblack"), BLACK_AND_WHITE),
    "tiff bool, white is 0": (tiff(~BITS, photometric="miniswhite"), BLACK_AND_WHITE),
    "tiff fax": (with_pillow(BITS, "TIFF", compression="group4"), BLACK_AND_WHITE),
    "tiff palette": (with_pillow(PALETTED, "TIFF"), PALETTE_RGB),
    "tiff white is 0": (tiff(255 - GREY, photometric="miniswhite"), grey(GREY)),
    "tiff white is 0, 16": (tiff(65535 - deep(GREY, 16), photometric="miniswhite"), grey(GREY)),
    "tiff white is 0, float": (tiff((1 - GREY / 255).astype("f4"), photometric="miniswhite"), grey(GREY)),
    "tiff pyramid": (tiff_pages((RGB, {}), (RGB[::2, ::2], {"subfiletype": 1})), RGB),
    "tiff pyramid below": (tiff_pages((RGB, {"subifds": 1}), (RGB[::2, ::2], {"subfiletype": 1})), RGB),
    **{
        f"tiff {codec}": (tiff(RGB, compression=codec, photometric="rgb", tile=(16, 16)), RGB)
        for codec in ("lzw", "deflate", "packbits", "zstd")
    },
    "tiff deflate 16, predicted": (tiff(deep(GREY, 16), compression="deflate", predictor=True), grey(GREY)),
    **{
        f"{kind.lower()} turned {n}": (with_pillow(RGB, kind, exif=turned(n)), seen)
        for n, seen in TURNED.items()
        for kind in ("PNG",)
    },
    **{
        f"tiff turned {n}": (tiff(RGB, photometric="rgb", extratags=[(274, "H", 1, n)]), seen)
        for n, seen in TURNED.items()
    },
    "png 16 turned": (
        with_chunk(imagecodecs.png_encode(deep(RGB, 16)), b"eXIf", turned(6).tobytes()[6:]),
        TURNED[6],
    ),
}
EXACT["png rgb, one colour clear"] = (
    EXACT["png rgb, one colour clear"][0],
    np.where((RGB == 0).all(2, keepdims=True), 255, RGB),
)

WITHIN: dict[str, tuple[bytes, Any, int]] = {  # the last: grey levels
    "png grey with alpha": (with_pillow(GREY_ALPHA, "PNG"), over_white(grey(GREY), ALPHA), 1),
    "png rgb with alpha": (with_pillow(RGB_ALPHA, "PNG"), over_white(RGB, ALPHA), 1),
    "png rgb with alpha 16": (imagecodecs.png_encode(deep(RGB_ALPHA, 16)), over_white(RGB, ALPHA), 1),
    "png grey with alpha 16": (
        imagecodecs.png_encode(deep(GREY_ALPHA, 16)),
        over_white(grey(GREY), ALPHA),
        1,
    ),
    "tiff rgb with alpha": (
        tiff(RGB_ALPHA, photometric="rgb", extrasamples=["unassalpha"]),
        over_white(RGB, ALPHA),
        1,
    ),
    "tiff rgb premultiplied": (
        tiff(premultiplied(), photometric="rgb", extrasamples=["assocalpha"]),
        over_white(RGB, ALPHA),
        1,
    ),
    "tiff grey with alpha": (
        tiff(GREY_ALPHA, photometric="minisblack", extrasamples=["unassalpha"], **CONTIG),
        over_white(grey(GREY), ALPHA),
        1,
    ),
    "tiff half": (tiff((GREY / 255).astype(np.float16)), grey(GREY), 1),
    "tiff cmyk": (with_pillow(CMYK, "TIFF"), RGB, 1),
    "tiff cmyk 16": (tiff(np.array(CMYK).astype("u2") * 257, photometric="separated"), RGB, 1),
    "tiff cmyk planes": (
        tiff(np.moveaxis(np.array(CMYK), 2, 0), photometric="separated", planarconfig="separate"),
        RGB,
        1,
    ),
    "tiff jpeg": (tiff(SMOOTH, compression="jpeg", photometric="rgb", tile=(16, 16)), SMOOTH, 5),
    "tiff jpeg by another": (with_pillow(SMOOTH, "TIFF", compression="jpeg", quality=95), SMOOTH, 5),
    "tiff jpeg grey": (tiff(SMOOTH[..., 0], compression="jpeg"), grey(SMOOTH[..., 0]), 5),
    "jpeg grey": (with_pillow(SMOOTH[..., 0], "JPEG", quality=100), grey(SMOOTH[..., 0]), 3),
    "jpeg rgb": (with_pillow(RGB, "JPEG", quality=100, subsampling=0), RGB, 8),
    "jpeg cmyk by Adobe": (with_pillow(CMYK, "JPEG", quality=100), RGB, 8),
    "jpeg cmyk": (
        without_adobe(with_pillow(Pillow.fromarray(255 - np.array(CMYK), "CMYK"), "JPEG", quality=100)),
        RGB,
        8,
    ),
    **{
        f"jpeg turned {n}": (with_pillow(RGB, "JPEG", quality=100, subsampling=0, exif=turned(n)), seen, 8)
        for n, seen in TURNED.items()
    },
}

TWELVE: dict[str, tuple[bytes, Any]] = {
    "png": (imagecodecs.png_encode(deep(GREY, 12)), grey(GREY)),
    "png rgb": (imagecodecs.png_encode(deep(RGB, 12)), RGB),
    "png alpha filled to 16": (
        imagecodecs.png_encode(np.dstack([deep(RGB, 12), deep(ALPHA, 16)])),
        over_white(RGB, ALPHA),
    ),
    "png stated": (with_chunk(imagecodecs.png_encode(deep(DIM, 12)), b"sBIT", b"\x0c"), grey(DIM)),
    "png rgb stated, after a profile": (
        with_chunk(
            with_chunk(imagecodecs.png_encode(deep(RGB // 8, 12)), b"sBIT", b"\x0c" * 3),
            b"tEXt",
            b"Comment\0" + b"sBIT\x0e" + b"x" * 3000,
        ),
        RGB // 8,
    ),
    "png stated and scaled up, as the standard asks": (
        with_chunk(imagecodecs.png_encode(deep(DIM, 16)), b"sBIT", b"\x0c"),
        grey(DIM),
    ),
    "tiff": (tiff(deep(GREY, 12)), grey(GREY)),
    "tiff rgb": (tiff(deep(RGB, 12), photometric="rgb"), RGB),
    "tiff rgb planes": (tiff(deep(PLANES, 12), **SEPARATE), RGB),
    "tiff packed": (tiff(deep(DIM, 12), bitspersample=12), grey(DIM)),
    "tiff MaxSampleValue": (tiff(deep(DIM, 12), extratags=[(281, "H", 1, 4095)]), grey(DIM)),
    "tiff rgb MaxSampleValue": (
        tiff(deep(RGB // 8, 12), photometric="rgb", extratags=[(281, "H", 3, (4095,) * 3)]),
        RGB // 8,
    ),
    "tiff ome": (tiff(deep(DIM, 12), ome=True, metadata={"SignificantBits": 12}), grey(DIM)),
    "tiff white is 0": (tiff(4095 - deep(GREY, 12), photometric="miniswhite"), grey(GREY)),
    "tiff alpha": (
        tiff(np.dstack([deep(RGB, 12), deep(ALPHA, 16)]), photometric="rgb", extrasamples=["unassalpha"]),
        over_white(RGB, ALPHA),
    ),
}


def apart(image: Any, meant: Any) -> int:
    assert image.shape == meant.shape
    assert image.dtype == np.uint8
    assert image.flags.c_contiguous
    return int(np.abs(image.astype(int) - meant).max())


@pytest.mark.parametrize("kind", EXACT)
def test_lossless_formats_give_the_very_pixels(kind: str) -> None:
    data, meant = EXACT[kind]
    (image,) = decode(data, kind)
    assert apart(image, meant) == 0
    assert pixel_hash(image) == pixel_hash(meant.astype(np.uint8))


@pytest.mark.parametrize("kind", WITHIN)
def test_blended_and_lossy_formats_come_close(kind: str) -> None:
    data, meant, levels = WITHIN[kind]
    (image,) = decode(data, kind)
    assert apart(image, meant) <= levels


@pytest.mark.parametrize("kind", TWELVE)
def test_twelve_bits_are_as_bright_as_eight(kind: str) -> None:
    data, meant = TWELVE[kind]
    (image,) = decode(data, kind)
    assert apart(image, meant) <= 1


@pytest.mark.parametrize("bits", [10, 12, 14, 16])
def test_the_depth_is_the_smallest_that_holds_the_largest_value(bits: int) -> None:
    (image,) = decode(tiff(deep(GREY, bits)), "camera")
    assert apart(image, grey(GREY)) == 0


@pytest.mark.parametrize(
    "data",
    [
        with_chunk(imagecodecs.png_encode(deep(GREY, 12)), b"sBIT", b"\x00"),
        with_chunk(imagecodecs.png_encode(deep(GREY, 12)), b"sBIT", b"\xff"),
        tiff(deep(GREY, 12), extratags=[(281, "H", 1, 1023)]),
        tiff(deep(GREY, 12), ome=True, metadata={"SignificantBits": 99}),
    ],
    ids=["sBIT 0", "sBIT 255", "MaxSampleValue too small", "SignificantBits 99"],
)
def test_a_depth_that_cannot_be_true_is_not_believed(data: bytes) -> None:
    (image,) = decode(data, "camera")
    assert apart(image, grey(GREY)) <= 16


def test_pages_stay_comparable() -> None:
    stack = np.stack([deep(GREY, 12), deep(GREY // 4, 12), deep(GREY // 16, 12)])
    for data in (tiff(stack, photometric="minisblack"), tiff(stack, imagej=True)):
        bright, dim, dark = decode(data, "stack")
        assert apart(bright, grey(GREY)) <= 1
        assert apart(dim, grey(GREY // 4)) <= 1
        assert apart(dark, grey(GREY // 16)) <= 1


def test_pages_of_several_kinds_keep_their_own_depth_and_size() -> None:
    first, second, third = decode(tiff_pages((RGB, {}), (deep(GREY[::2], 12), {}), (BITS, {})), "mixed")
    assert apart(first, RGB) == 0
    assert apart(second, grey(GREY[::2])) <= 1
    assert apart(third, 255 - BLACK_AND_WHITE) == 0  # where nothing is said, a set bit is black


def test_an_image_j_hyperstack_gives_all_its_planes() -> None:
    stack = np.stack([np.stack([GREY, GREY // 2])] * 3)
    pages = decode(tiff(stack, imagej=True, metadata={"axes": "TCYX"}), "hyper")
    assert [apart(page, grey(GREY // (1 + i % 2))) for i, page in enumerate(pages)] == [0] * 6


def test_the_name_of_a_file_does_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "smear.bmp"
    path.write_bytes(with_pillow(RGB, "PNG"))
    assert apart(read_image(path), RGB) == 0


def test_paths_may_hold_any_letters_and_be_long(tmp_path: Path) -> None:
    path = tmp_path / "精子 × 头部 – Müller" / ("ä" * 110) / ("x" * 200 + ".PNG")
    path.parent.mkdir(parents=True)
    path.write_bytes(with_pillow(RGB, "PNG"))
    assert apart(read_image(path), RGB) == 0
    assert list_images(tmp_path) == [path]


def test_one_image_is_not_a_stack(tmp_path: Path) -> None:
    path = tmp_path / "stack.tif"
    path.write_bytes(tiff(np.stack([GREY, GREY]), photometric="minisblack"))
    assert len(read_pages(path)) == 2
    with pytest.raises(BadImage, match=r"stack.tif: found 2 pages, expected one image. Split the pages"):
        read_image(path)


def test_images_are_listed_by_suffix_sorted_and_without_hidden_ones(tmp_path: Path) -> None:
    for name in ("b.TIF", "a/z.jpeg", "a/.hidden.png", ".cache/c.png", "notes.txt", "a/y.bmp"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    assert [str(path.relative_to(tmp_path)) for path in list_images(tmp_path)] == [
        "a/y.bmp",
        "a/z.jpeg",
        "b.TIF",
    ]
