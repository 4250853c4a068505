"""The one safe decoder: bytes in, uint8 RGB pages out, or a BadImage that says what to do.

The format is read from the first bytes, never from the file's name. The size is read from the
header and checked before any pixel is decoded.

Deeper than 8 bits: values are divided by the largest value of the camera's bit depth. The depth is
the one the file states (PNG sBIT, TIFF MaxSampleValue, OME SignificantBits); where it states none, it
is the smallest of 8, 10, 12, 14 and 16 bits that holds the largest value of the file, all pages
together. So a 12-bit camera in a 16-bit file does not turn black, and pages stay comparable.
"""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spermlens.errors import BadImage, DataMissing
from spermlens.files import sha256_of
from spermlens.types import Image

MAX_PIXELS = 64_000_000  # a 200 MB field of view; a head is 0.02 of one million
MAX_PAGES = 10_000
DEPTHS = (8, 10, 12, 14, 16)
SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff")


def read_image(path: Path) -> Image:
    """The only page of an image file."""
    pages = read_pages(path)
    if len(pages) != 1:
        raise BadImage(f"{path}: found {len(pages)} pages, expected one image. Split the pages into files.")
    return pages[0]


def read_pages(path: Path) -> list[Image]:
    """All pages of an image file."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        kind = "a broken link" if path.is_symlink() else "no file"
        raise DataMissing(f"{path}: {kind} is there. Check the path.") from None
    except OSError as error:
        raise BadImage(f"{path}: cannot be read ({error.strerror}). Check the path and the rights.") from error
    return decode(data, str(path))


def decode(data: bytes, name: str) -> list[Image]:
    """All pages of an image held in memory; `name` is only used in messages."""
    if not data:
        raise BadImage(f"{name}: the file is empty (0 bytes). Copy it again from its source.")
    try:
        pages = _decoder(data, name)(data, name)
    except BadImage:
        raise
    except MemoryError as error:
        raise BadImage(f"{name}: too large for the memory of this machine.") from error
    except Exception as error:  # decoders raise whatever they like on hostile bytes
        raise BadImage(
            f"{name}: damaged or cut short ({type(error).__name__}: {str(error)[:120]}). "
            "Copy it again from its source."
        ) from error
    for page in pages:
        if min(page.shape[:2]) < 2:
            height, width = page.shape[:2]
            raise BadImage(f"{name}: {width}x{height} pixels, expected at least 2x2.")
    return pages


def pixel_hash(image: Image) -> str:
    """sha256 of the decoded height x width x 3 bytes: the same for every lossless copy."""
    return sha256_of(np.ascontiguousarray(image).tobytes())


def list_images(folder: Path) -> list[Path]:
    """The image files below a folder by suffix, sorted, hidden ones left out."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in SUFFIXES and not any(p.startswith(".") for p in path.relative_to(folder).parts)
    )


def _decoder(data: bytes, name: str) -> Callable[[bytes, str], list[Image]]:
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        deep = len(data) > 24 and data[24] == 16
        return _decode_deep_png if deep else _decode_with_pillow
    if data.startswith((b"\xff\xd8\xff", b"BM")):
        return _decode_with_pillow
    if data[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return _decode_tiff
    raise BadImage(
        f"{name}: not a PNG, JPEG, BMP or TIFF (it begins with {data[:8]!r}). "
        "Export it in one of these formats; PNG and TIFF lose nothing."
    )


def _check_size(width: int, height: int, pages: int, name: str) -> None:
    if width < 1 or height < 1:
        raise BadImage(f"{name}: the header says {width}x{height} pixels. Copy it again from its source.")
    if width * height * pages > MAX_PIXELS:
        raise BadImage(
            f"{name}: {pages} page(s) of {width}x{height} pixels are more than the {MAX_PIXELS:,} that one file may hold. "
            "Cut it into smaller images."
        )


def _decode_with_pillow(data: bytes, name: str) -> list[Image]:
    from PIL import Image as Pillow
    from PIL import ImageOps

    with Pillow.open(io.BytesIO(data), formats=("PNG", "JPEG", "BMP")) as picture:
        _check_size(*picture.size, 1, name)
        picture.load()
        upright: Any = ImageOps.exif_transpose(picture)
        if upright.mode.startswith("I"):  # 16-bit grey that is no PNG
            return _to_rgb_pages([np.asarray(upright).astype(np.uint32)], None, name)
        if upright.has_transparency_data:  # alpha lies over white, the background of brightfield
            upright = upright.convert("RGBA")
            white = Pillow.new("RGBA", upright.size, "white")
            upright = Pillow.alpha_composite(white, upright)
        return [np.array(upright.convert("RGB"), dtype=np.uint8)]


def _decode_deep_png(data: bytes, name: str) -> list[Image]:
    import imagecodecs

    width, height = struct.unpack(">II", data[16:24])
    _check_size(width, height, 1, name)
    stated = re.search(rb"sBIT(.)", data[:512], re.DOTALL)
    depth = stated.group(1)[0] if stated else None
    return _to_rgb_pages([np.asarray(imagecodecs.png_decode(data))], depth, name)


def _decode_tiff(data: bytes, name: str) -> list[Image]:
    import tifffile

    with tifffile.TiffFile(io.BytesIO(data)) as tiff:
        if len(tiff.pages) > MAX_PAGES:
            raise BadImage(f"{name}: more than {MAX_PAGES:,} pages. Split it into smaller files.")
        pages = [page for page in tiff.pages if isinstance(page, tifffile.TiffPage)]
        whole = [page for page in pages if not page.is_reduced]
        if not whole:
            raise BadImage(f"{name}: holds no page. Copy it again from its source.")
        planes = [max(1, page.imagedepth) for page in whole]
        _check_size(whole[0].imagewidth, whole[0].imagelength, sum(planes), name)
        for page, depth in zip(whole, planes, strict=True):
            _check_size(page.imagewidth, page.imagelength, depth, name)
        stated = _stated_tiff_depth(tiff, whole[0])
        arrays = [array for page in whole for array in _tiff_planes(page, name)]
    return _to_rgb_pages(arrays, stated, name)


def _tiff_planes(page: Any, name: str) -> Iterator[NDArray[Any]]:
    """The page as arrays of height x width or height x width x channels."""
    array, axes = page.asarray(), page.axes
    if page.photometric.name == "PALETTE":
        array = np.moveaxis(np.asarray(page.colormap), 0, -1)[array]
    elif page.photometric.name == "MINISWHITE":
        array = ~array if array.dtype == bool else np.iinfo(array.dtype).max - array
    elif page.photometric.name == "SEPARATED":
        array = _rgb_of_cmyk(array)
    elif page.photometric.name not in ("MINISBLACK", "RGB", "YCBCR"):
        raise BadImage(f"{name}: TIFF colours stored as {page.photometric.name}. Export it as grey or RGB.")
    if axes.startswith("S"):  # planes of colour one after the other
        array = np.moveaxis(array, 0, -1)
    if array.ndim == 4:
        raise BadImage(f"{name}: a volume ({axes} {array.shape}). Export its planes as pages.")
    yield array


def _rgb_of_cmyk(array: NDArray[Any]) -> NDArray[Any]:
    top = np.iinfo(array.dtype).max
    ink = array[..., :4].astype(np.float64) / top
    rgb = (1 - ink[..., :3]) * (1 - ink[..., 3:4])
    return np.rint(rgb * top).astype(array.dtype)


def _stated_tiff_depth(tiff: Any, page: Any) -> int | None:
    if tiff.is_ome and (bits := re.search(r'SignificantBits="(\d+)"', tiff.ome_metadata or "")):
        return int(bits.group(1))
    tag = page.tags.get("MaxSampleValue")
    if tag is None:
        return None
    top = int(np.max(tag.value))
    return top.bit_length() if 255 <= top < 2**16 - 1 else None


def _to_rgb_pages(arrays: list[NDArray[Any]], stated_depth: int | None, name: str) -> list[Image]:
    largest = _largest_value(arrays, stated_depth, name)
    return [_to_rgb(array, largest, name) for array in arrays]


def _largest_value(arrays: list[NDArray[Any]], stated_depth: int | None, name: str) -> float:
    """The value that becomes 255."""
    kinds = {array.dtype.kind for array in arrays}
    if not kinds <= set("buif"):
        raise BadImage(f"{name}: pixels of type {arrays[0].dtype}. Export it with 8 or 16 bits.")
    if any(array.dtype.kind == "f" and not np.isfinite(array).all() for array in arrays):
        raise BadImage(f"{name}: holds NaN or infinite values. Export it with 8 or 16 bits.")
    low = min(float(array.min()) for array in arrays)
    high = max(float(array.max()) for array in arrays)
    if kinds == {"b"}:
        return 1.0
    if "f" in kinds:
        limit = 1.0 if high <= 1 else 255.0
    elif stated_depth is not None and high < 2**stated_depth:
        limit = float(2**stated_depth - 1)
    else:
        wide = any(array.dtype.itemsize > 1 for array in arrays)
        limit = next((2.0**bits - 1 for bits in DEPTHS if high < 2**bits), 0.0) if wide else 255.0
    if low < 0 or not limit or high > limit:
        raise BadImage(
            f"{name}: values from {low:g} to {high:g} fit no camera of 8 to 16 bits. Export it with 8 or 16 bits."
        )
    return limit


def _to_rgb(array: NDArray[Any], largest: float, name: str) -> Image:
    if array.ndim == 2:
        array = array[..., None]
    channels = array.shape[2]
    if channels not in (1, 2, 3, 4):
        raise BadImage(f"{name}: {channels} channels. Export it as grey or RGB.")
    scaled = array.astype(np.float64) / largest
    if channels in (2, 4):  # alpha lies over white
        alpha = scaled[..., -1:]
        scaled = scaled[..., :-1] * alpha + (1 - alpha)
    eight = np.rint(scaled * 255).astype(np.uint8)
    return np.ascontiguousarray(np.broadcast_to(eight, (*eight.shape[:2], 3)) if eight.shape[2] == 1 else eight)
