"""What a user points at, as a list of images: a file, a folder, a glob, a manifest, or names on a stream."""

from __future__ import annotations

import glob
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TextIO

from spermlens.datasets import id_of
from spermlens.errors import BadManifest, DataMissing, UsageError
from spermlens.files import is_file, is_folder, is_there
from spermlens.images import list_images, read_pages
from spermlens.images.pixel_size import LARGEST_UM, SMALLEST_UM, pixel_size
from spermlens.types import Image


@dataclass(frozen=True, slots=True)
class Source:
    """An image file with the name it has in the results."""

    id: str
    path: Path
    um_per_pixel: float | None = None

    def pages(self) -> Iterator[tuple[str, Image]]:
        """Each page with its id; the pages of a file with several are numbered from 1."""
        pages = read_pages(self.path)
        for number, image in enumerate(pages, start=1):
            yield (f"{self.id}#{number}" if len(pages) > 1 else self.id), image


def find_sources(
    inputs: Sequence[str], stream: TextIO | None = None, um_per_pixel: float | None = None
) -> list[Source]:
    """All images named by `inputs`, in order, each file once; '-' reads one path a line from `stream`.

    The size of a pixel is that of a manifest, else of the file itself (TIFF), else `um_per_pixel`.
    """
    if um_per_pixel is not None and not SMALLEST_UM <= um_per_pixel <= LARGEST_UM:
        raise UsageError(
            f"um per pixel must lie between {SMALLEST_UM:g} and {LARGEST_UM:g}, as a microscope's does, "
            f"but is {um_per_pixel:g}. Give micrometres."
        )
    found: dict[Path, Source] = {}
    for text in inputs:
        for source in _from_stream(stream) if text == "-" else _expand(text):
            found.setdefault(_place(source.path), source)
    if not found:
        raise DataMissing(
            f"No image was found in: {', '.join(inputs) or 'nothing'}. Name files, folders or globs."
        )
    scaled = [
        replace(s, um_per_pixel=s.um_per_pixel or _in_file(s.path) or um_per_pixel) for s in found.values()
    ]
    return _with_own_ids(scaled)


def spare(
    inputs: Sequence[str], sources: Sequence[Source], files: Sequence[Path | None], folder: Path | None
) -> None:
    """Raise `UsageError` where a file to be written is an input, or inputs lie in the folder to be filled."""
    images = {_place(source.path) for source in sources}
    read = images | {_place(Path(text)) for text in inputs}
    for file in files:
        if file is not None and _place(file) in read:
            raise UsageError(f"{file}: is one of the inputs, and would be lost. Name another file.")
    if folder is not None and any(Path(os.path.realpath(folder)) in place.parents for place in images):
        raise UsageError(
            f"{folder}: holds images that are inputs, and what is written there would be read as cells the "
            "next time. Name another folder, or leave this one out of the inputs."
        )


def _in_file(path: Path) -> float | None:
    """What a file says of its pixels; a pipe or a device is not opened for that."""
    return pixel_size(path) if is_file(path) else None


def _place(path: Path) -> Path:
    """Where a file lies, however many links lead to its folder."""
    return Path(os.path.realpath(path.parent)) / path.name


def _expand(text: str) -> list[Source]:
    if not text:
        raise UsageError(
            "An input is empty, where a file, folder or pattern is expected. Is a variable unset?"
        )
    path = Path(text)
    if is_folder(path):
        images = list_images(path)
        if not images:
            raise DataMissing(f"{path}: the folder holds no PNG, JPEG, BMP or TIFF image, also not below it.")
        return [Source(id_of(image.relative_to(path)), image) for image in images]
    if path.suffix.lower() == ".csv" and is_file(path):
        return _from_manifest(path)
    if glob.has_magic(text) and not is_there(path):
        matches = sorted(Path(match) for match in glob.glob(text, recursive=True))  # noqa: PTH207
        if not matches:
            raise DataMissing(f"'{text}' fits no file. Check the pattern.")
        return [Source(id_of(match), match) for match in matches if not is_folder(_place(match))]
    return [Source(id_of(Path(path.name)), path)]  # also when it is not there: that is then said in its row


def _from_stream(stream: TextIO | None) -> list[Source]:
    raw = getattr(stream, "buffer", None)  # names may hold bytes that are no text
    lines = [os.fsdecode(line).strip() for line in raw] if raw else [line.strip() for line in stream or ()]
    return [Source(id_of(Path(line)), Path(line)) for line in lines if line]


def _from_manifest(path: Path) -> list[Source]:
    from spermlens.datasets.folder import manifest_rows, um_per_pixel_of

    sources = []
    for line, row in manifest_rows(path):
        where = f"{path}, line {line}"
        if not row["path"]:
            raise BadManifest(f"{where}: the path is empty.")
        unit = um_per_pixel_of(row.get("um_per_pixel", ""), where)
        sources.append(Source(row.get("id") or row["path"], path.parent / row["path"], unit))
    for column, names in (("path", [str(s.path) for s in sources]), ("id", [s.id for s in sources])):
        if doubled := [name for name, count in Counter(names).items() if count > 1]:
            raise BadManifest(
                f"{path}: {len(doubled)} {column}(s) stand twice, first '{doubled[0]}'. "
                "Leave one row an image, each with an id of its own."
            )
    return sources


def _with_own_ids(sources: list[Source]) -> list[Source]:
    """Files of one name in several folders are told apart by their whole path."""
    counts = Counter(source.id for source in sources)
    return [replace(source, id=id_of(source.path)) if counts[source.id] > 1 else source for source in sources]
