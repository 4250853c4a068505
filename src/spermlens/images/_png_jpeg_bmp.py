"""PNG, JPEG and BMP: one page each."""

from __future__ import annotations

import io
import struct
import threading
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from spermlens.errors import BadImage
from spermlens.images._pages import Page, check_size, to_rgb_pages, upright
from spermlens.types import Image

if TYPE_CHECKING:
    from PIL import Image as Pillow

PNG_HEADER = 24  # bytes up to the width and height

_one_at_a_time = threading.Lock()  # catch_warnings is not made for threads


def decode_with_pillow(data: bytes, name: str) -> list[Image]:
    from PIL import BmpImagePlugin, ImageChops, JpegImagePlugin, PngImagePlugin
    from PIL import Image as Pillow

    # The readers are called directly: Pillow.open warns of large pictures, and we refuse them below.
    readers: dict[bytes, Callable[[io.BytesIO], Pillow.Image]] = {
        b"\x89P": PngImagePlugin.PngImageFile,
        b"\xff\xd8": JpegImagePlugin.JpegImageFile,
        b"BM": BmpImagePlugin.BmpImageFile,
    }
    if data.startswith(b"\x89P"):
        _png_notes(data, name)
    with header_of(data, readers[data[:2]]) as picture:
        check_size(*picture.size, name)
        picture.load()
        orientation = _orientation(picture.info.get("exif", b""))
        if picture.has_transparency_data:  # alpha lies over white, the background of brightfield
            over = picture.convert("RGBA")
            white = Pillow.new("RGBA", over.size, "white")
            rgb = Pillow.alpha_composite(white, over).convert("RGB")
        elif picture.mode == "CMYK" and "adobe" not in picture.info:
            rgb = ImageChops.invert(picture).convert("RGB")  # only Adobe turns its inks round; Pillow always
        else:
            rgb = picture.convert("RGB")
        return [upright(np.array(rgb, dtype=np.uint8), orientation)]


def header_of(data: bytes, reader: Callable[[io.BytesIO], Pillow.Image]) -> Pillow.Image:
    """The picture before its pixels are decoded."""
    with _one_at_a_time, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a resolution that makes no sense
        return reader(io.BytesIO(data))


def _png_notes(data: bytes, name: str) -> dict[bytes, bytes]:
    """The chunks beside the pixels that change what is seen; the size is checked on the way."""
    if len(data) < PNG_HEADER:
        raise BadImage(
            f"{name}: damaged, a PNG of {len(data)} bytes where the header alone has {PNG_HEADER}. "
            "Copy it again from its source."
        )
    width, height = struct.unpack_from(">II", data, 16)
    check_size(width, height, name)
    notes: dict[bytes, bytes] = {}
    at = 8
    while at + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind in (b"sBIT", b"eXIf", b"acTL"):
            notes.setdefault(kind, data[at + 8 : at + 8 + length])
        at += 12 + length
    if b"acTL" in notes:
        raise BadImage(f"{name}: an animated PNG, expected one still image. Export its frames as files.")
    return notes


def decode_deep_png(data: bytes, name: str) -> list[Image]:
    import imagecodecs

    notes = _png_notes(data, name)
    array = np.atleast_3d(imagecodecs.png_decode(data))
    colours = array.shape[2] - (array.shape[2] in (2, 4))
    page = Page(array[..., :colours], array[..., colours:] if colours < array.shape[2] else None)
    depth = max(notes.get(b"sBIT", b"")[:colours], default=None)
    if depth and page.colour.max() >= 2 ** min(depth, 16):
        depth = 16  # scaled up to fill its 16 bits, as the PNG standard asks
    rgb = to_rgb_pages([page], depth, name)
    return [upright(rgb[0], _orientation(notes.get(b"eXIf", b"")))]


def _orientation(exif: bytes) -> int:
    """Tag 274 of the first directory; 1 where there is none."""
    exif = exif.removeprefix(b"Exif\0\0")
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    if order is None:
        return 1
    try:
        (start,) = struct.unpack_from(order + "I", exif, 4)
        (count,) = struct.unpack_from(order + "H", exif, start)
        entries = (struct.unpack_from(order + "HHIH", exif, start + 2 + 12 * i) for i in range(count))
        return next((value for tag, _, _, value in entries if tag == 274), 1)
    except struct.error:  # a damaged note about a picture does not spoil the picture
        return 1
