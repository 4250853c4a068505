"""TIFF: pages of many kinds, each looked at before it is decoded."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spermlens.errors import BadImage
from spermlens.images._pages import MAX_PAGES, MAX_PIXELS, Page, check_size, to_rgb_pages, upright
from spermlens.images._png_jpeg_bmp import header_of
from spermlens.types import Image

# Codecs that cannot unpack more than the header announces.
_TIFF_CODECS = {1, 2, 3, 4, 5, 7, 8, 32773, 32946, 50000}  # none, CCITT, LZW, JPEG, deflate, PackBits, zstd
_TIFF_COLOURS = {"MINISBLACK": 1, "MINISWHITE": 1, "PALETTE": 1, "RGB": 3, "YCBCR": 3, "SEPARATED": 4}

_complaints: ContextVar[list[str] | None] = ContextVar("complaints", default=None)


class _Listener(logging.Handler):
    """tifffile logs that a tag or a page is beyond reach, and reads on without it; we do not."""

    def emit(self, record: logging.LogRecord) -> None:
        heard = _complaints.get()
        if heard is not None:
            heard.append(record.getMessage())


logging.getLogger("tifffile").addHandler(_Listener(logging.ERROR))


def decode_tiff(data: bytes, name: str) -> list[Image]:
    heard: list[str] = []
    token = _complaints.set(heard)
    try:
        images = _decode(data, name)
    finally:
        _complaints.reset(token)
    if heard:
        raise BadImage(f"{name}: damaged or cut short ({heard[0][:120]}). Copy it again from its source.")
    return images


def _decode(data: bytes, name: str) -> list[Image]:
    import tifffile

    with tifffile.TiffFile(io.BytesIO(data)) as tiff:
        pages = list(_tiff_pages(tiff, name))
        if not pages:
            raise BadImage(f"{name}: holds no page. Copy it again from its source.")
        if reason := next(filter(None, (_why_not(page, data) for page in pages)), None):
            raise BadImage(f"{name}: {reason}")
        _check_stack(tiff, len(pages), name)
        rgb = to_rgb_pages([_tiff_page(page) for page in pages], _stated_tiff_depth(pages[0]), name)
        return [upright(image, page.tags.valueof(274, 1)) for image, page in zip(rgb, pages, strict=True)]


def _tiff_pages(tiff: Any, name: str) -> Iterator[Any]:
    """Page after page, so that a list without end is left in time; smaller copies are left out."""
    seen: set[int] = set()
    pixels = 0
    for frame in tiff.pages:
        page = frame.aspage()
        if page.offset in seen:
            raise BadImage(f"{name}: its list of pages runs in a circle. Copy it again from its source.")
        if len(seen) == MAX_PAGES:
            raise BadImage(f"{name}: more than {MAX_PAGES:,} pages, the most expected. Split it into files.")
        seen.add(page.offset)
        if page.is_reduced:  # a smaller copy of another page
            continue
        check_size(page.imagewidth, page.imagelength, name)
        pixels += page.imagewidth * page.imagelength
        if pixels > MAX_PIXELS:
            raise BadImage(
                f"{name}: {pixels:,} pixels in {len(seen)} pages, expected at most {MAX_PIXELS:,}. "
                "Split it into files."
            )
        yield page


def _why_not(page: Any, data: bytes) -> str | None:
    """What speaks against decoding a page, and what to do; None where nothing does."""
    stored, codec = (getattr(kind, "name", str(kind)) for kind in (page.photometric, page.compression))
    colours = _TIFF_COLOURS.get(stored)
    if colours is None or (stored == "YCBCR" and codec != "JPEG"):
        return f"TIFF colours stored as {stored}, expected grey or RGB. Export it as grey or RGB."
    if page.compression not in _TIFF_CODECS:
        return f"TIFF packed with {codec}, expected LZW, deflate or JPEG. Export it with LZW."
    if page.imagedepth > 1:
        return f"a volume of {page.imagedepth} planes, expected flat pages. Export its planes as pages."
    extra = page.samplesperpixel - colours
    nameless_grey = extra == 1 and colours == 1 and not any(page.extrasamples)
    if extra not in (0, 1) or nameless_grey or (extra and colours == 4):
        return f"{page.samplesperpixel} channels stored as {stored}, expected grey or RGB. Export it as such."
    kind = page.dtype.kind if page.dtype is not None else "?"
    if kind not in "buif" or (stored in ("PALETTE", "SEPARATED") and kind != "u"):
        return f"pixels of type {page.dtype}, expected 8 or 16 bits. Export it with 8 or 16 bits."
    return None if _holds_its_pixels(page, data) else "cut short or damaged. Copy it again from its source."


def _holds_its_pixels(page: Any, data: bytes) -> bool:
    """Whether every strip or tile lies in the file and is no larger than it should be.

    tifffile fills what is missing with zeros, and takes the size of a JPEG from the JPEG.
    """
    from PIL.JpegImagePlugin import JpegImageFile

    width = page.tilewidth if page.is_tiled else page.imagewidth
    height = page.tilelength if page.is_tiled else min(page.rowsperstrip, page.imagelength)
    spans = list(zip(page.dataoffsets, page.databytecounts, strict=True))
    if len(spans) < np.prod(page.chunked) or width * height * max(1, page.tiledepth) > MAX_PIXELS:
        return False
    if any(count < 1 or at + count > len(data) for at, count in spans):
        return False
    if page.compression != 7:
        return True
    sizes = (header_of(data[at : at + count], JpegImageFile).size for at, count in spans)
    return all(size[0] * size[1] <= width * height for size in sizes)


def _check_stack(tiff: Any, pages: int, name: str) -> None:
    """ImageJ, MetaMorph and Hamamatsu may keep planes outside the list of pages."""
    stated = re.match(r"ImageJ=.*?^images=(\d{1,9})$", tiff.pages[0].description, re.DOTALL | re.MULTILINE)
    if tiff.is_stk or tiff.is_ndpi or (stated and int(stated.group(1)) > pages):
        raise BadImage(
            f"{name}: planes outside its list of {pages} page(s). Save it as an ordinary multi-page TIFF."
        )


def _tiff_page(page: Any) -> Page:
    stored = page.photometric.name
    array = page.asarray()
    if page.axes.startswith("S"):  # planes of colour one after the other
        array = np.moveaxis(array, 0, -1)
    if stored == "PALETTE":
        return Page(_palette(page.colormap)[array])
    if stored == "SEPARATED":
        return Page(_rgb_of_cmyk(array))
    array = array.reshape(*array.shape[:2], -1)
    colours = _TIFF_COLOURS[stored]
    extra = page.extrasamples[0] if page.extrasamples else 0  # 0 unknown, 1 premultiplied alpha, 2 alpha
    return Page(
        array[..., :colours],
        alpha=array[..., colours:] if extra in (1, 2) else None,
        premultiplied=extra == 1,
        inverted=stored == "MINISWHITE",
    )


def _palette(colormap: NDArray[Any]) -> Image:
    """Entries x 3; some writers keep 8 bits where the standard asks for 16."""
    high = colormap >> 8 if colormap.max() > 255 else colormap
    return np.moveaxis(high, 0, -1).astype(np.uint8)


def _rgb_of_cmyk(array: NDArray[Any]) -> Image:
    ink = array.astype(np.float32) / np.iinfo(array.dtype).max
    return np.rint((1 - ink[..., :3]) * (1 - ink[..., 3:]) * 255).astype(np.uint8)


def _stated_tiff_depth(page: Any) -> int | None:
    if significant := re.search(r'SignificantBits="(\d{1,2})"', page.description if page.is_ome else ""):
        return int(significant.group(1))
    if page.bitspersample not in (1, 8, 16, 32, 64):
        return int(page.bitspersample)
    top = int(np.max(page.tags.valueof(281, 0)))  # MaxSampleValue
    return top.bit_length() if 255 <= top < 2**16 - 1 else None
