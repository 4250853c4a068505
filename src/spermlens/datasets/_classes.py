"""Reading class folders: a folder a class, the images below it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from spermlens.datasets._listing import Entry, id_of
from spermlens.errors import DataMissing
from spermlens.images import list_images, read_image


def find_root(root: Path, folders: list[str], name: str) -> Path:
    """The place at or up to two levels below `root` that holds all class folders."""
    if not root.is_dir():
        raise DataMissing(f"{root}: a file, expected the folder of '{name}'. Check --root.")
    candidates = [root, *sorted(p for p in root.glob("*") if p.is_dir()), *sorted(root.glob("*/*"))]
    for place in candidates:
        if all((place / folder).is_dir() for folder in folders):
            return place
    raise DataMissing(
        f"{root}: expected the folders {', '.join(folders)} of '{name}' there or up to two levels below, "
        f"found {', '.join(sorted(p.name for p in root.iterdir())[:8]) or 'nothing'}. Check --root."
    )


def class_entries(place: Path, folders: Mapping[str, int], task: str) -> list[Entry]:
    """An entry an image; the id is its path below `place`, with forward slashes."""
    return [
        Entry(
            id=id_of(path.relative_to(place)),
            load=partial(read_image, path),
            labels={task: label},
        )
        for folder, label in folders.items()
        for path in list_images(place / folder)
    ]
