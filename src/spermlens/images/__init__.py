"""The one safe decoder: bytes in, uint8 RGB pages out, or a BadImage that says what to do.

The format is read from the first bytes, never from the file's name. The size is read from the
header and checked before any pixel is decoded.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from spermlens.errors import BadImage, DataError, DataMissing
from spermlens.files import sha256_of
from spermlens.images._pages import MAX_BYTES, MAX_PAGES, MAX_PIXELS
from spermlens.images._png_jpeg_bmp import decode_deep_png, decode_with_pillow
from spermlens.images._tiff import decode_tiff
from spermlens.types import Image

__all__ = [
    "MAX_BYTES",
    "MAX_PAGES",
    "MAX_PIXELS",
    "decode",
    "list_images",
    "pixel_hash",
    "read_image",
    "read_pages",
]

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
        if path.exists() and not path.is_file():
            raise BadImage(f"{path}: a folder or a device, expected an image file. Check the path.")
        if (size := path.stat().st_size) > MAX_BYTES:
            raise BadImage(
                f"{path}: {size:,} bytes, expected at most {MAX_BYTES:,}. Cut it into smaller ones."
            )
        data = path.read_bytes()
    except FileNotFoundError:
        kind = "a broken link" if path.is_symlink() else "no file"
        raise DataMissing(f"{path}: {kind} is there, expected an image file. Check the path.") from None
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the path
        reason = getattr(error, "strerror", None) or error
        raise BadImage(f"{path}: cannot be read ({reason}). Check the path and the rights.") from error
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
        raise BadImage(f"{name}: too large for this machine's memory. Cut it into smaller images.") from error
    except Exception as error:  # decoders raise whatever they like on hostile bytes
        raise BadImage(
            f"{name}: damaged or cut short ({type(error).__name__}: {str(error)[:120]}). "
            "Copy it again from its source."
        ) from error
    for page in pages:
        if min(page.shape[:2]) < 2:
            height, width = page.shape[:2]
            raise BadImage(f"{name}: {width}x{height} pixels, expected at least 2x2. Export the whole image.")
    return pages


def pixel_hash(image: Image) -> str:
    """sha256 of the decoded height x width x 3 bytes: the same for every lossless copy."""
    return sha256_of(np.ascontiguousarray(image).tobytes())


def list_images(folder: Path) -> list[Path]:
    """The image files below a folder by suffix, sorted, hidden ones left out; links are followed once."""
    found: list[Path] = []
    seen: set[str] = set()
    for place, folders, files in os.walk(folder, onerror=_cannot_list, followlinks=True):
        real = os.path.realpath(place)
        folders[:] = [] if real in seen else [name for name in folders if not name.startswith(".")]
        if real not in seen:
            found += [Path(place, name) for name in files if not name.startswith(".")]
        seen.add(real)
    return sorted(path for path in found if path.suffix.lower() in SUFFIXES)


def _cannot_list(error: OSError) -> None:
    """A folder that may not be looked into must not pass for an empty one."""
    raise DataError(f"{error.filename}: cannot be listed ({error.strerror}). Check the path and the rights.")


def _decoder(data: bytes, name: str) -> Callable[[bytes, str], list[Image]]:
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        deep = len(data) > 24 and data[24] == 16
        return decode_deep_png if deep else decode_with_pillow
    if data.startswith((b"\xff\xd8\xff", b"BM")):
        return decode_with_pillow
    if data[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return decode_tiff
    raise BadImage(
        f"{name}: not a PNG, JPEG, BMP or TIFF (it begins with {data[:8]!r}). "
        "Export it in one of these formats; PNG and TIFF lose nothing."
    )
