"""Every image decoded once: its file, measures, hash, thumbnail and middle.

What cannot be read is a row, too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from spermlens.audit.copies import Thumbnail, thumbnail
from spermlens.audit.look import Measures, measure
from spermlens.audit.twins import Middle, middle
from spermlens.datasets import Entry, Listing
from spermlens.errors import DataError
from spermlens.images import pixel_hash

_BEGINNINGS = {
    b"\x89PNG\r\n\x1a\n": "png",
    b"\xff\xd8\xff": "jpeg",
    b"BM": "bmp",
    b"II*\0": "tiff",
    b"MM\0*": "tiff",
    b"II+\0": "tiff",
    b"MM\0+": "tiff",
    b"GIF8": "gif",
    b"RIFF": "riff",
}
_MEANT = {".jpg": "jpeg", ".jpeg": "jpeg", ".png": "png", ".bmp": "bmp", ".tif": "tiff", ".tiff": "tiff"}

Tell = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Source:
    """A file: how many bytes, of which format by its first bytes, and whether its suffix says another."""

    bytes: int
    format: str
    suffix_lies: bool


@dataclass(frozen=True, slots=True)
class Content:
    """A decoded image without its pixels."""

    measures: Measures
    digest: str
    thumbnail: Thumbnail
    middle: Middle


@dataclass(frozen=True, slots=True)
class Seen:
    """An entry after a look at it; one that cannot be read has a message instead of a content."""

    entry: Entry
    source: Source | None  # None where the image is no file of its own
    content: Content | None
    message: str = ""


def survey(listing: Listing, tell: Tell = lambda *_: None) -> tuple[Seen, ...]:
    """One row an entry, in order; decodes one image at a time and keeps none."""
    found = []
    for place, entry in enumerate(listing.entries, 1):
        found.append(_seen(entry))
        tell("looking", place, len(listing))
    return tuple(found)


def readable(listing: Listing, seen: tuple[Seen, ...]) -> Listing:
    """The entries that could be decoded."""
    kept = [place for place, one in enumerate(seen) if one.content is not None]
    part = listing.subset(kept)
    # the hashes are known: folds of the part need not decode everything again
    vars(part)["pixel_hashes"] = tuple(one.content.digest for one in seen if one.content is not None)
    return part


def file_of(entry: Entry) -> Path | None:
    """The file an entry is decoded from; None for pictures in an array, and for drawn ones."""
    given = entry.load.args if isinstance(entry.load, partial) else ()
    return next((value for value in given if isinstance(value, Path)), None)


def _seen(entry: Entry) -> Seen:
    path = file_of(entry)
    try:
        source = None if path is None else _source(path)
        image = entry.load()
    except (DataError, OSError) as error:
        known = _source(path) if path is not None and path.is_file() else None
        return Seen(entry, known, None, str(error))
    return Seen(entry, source, Content(measure(image), pixel_hash(image), thumbnail(image), middle(image)))


def _source(path: Path) -> Source:
    with path.open("rb") as stream:
        start = stream.read(16)
    kind = next((name for begin, name in _BEGINNINGS.items() if start.startswith(begin)), "unknown")
    return Source(path.stat().st_size, kind, _MEANT.get(path.suffix.lower(), kind) != kind)
