"""SMIDS: 3000 stained patches, normal and abnormal sperm and things that are no sperm.

It holds 45 copies with the same label and four pairs of equal pixels with contradicting labels. The clean
list leaves out the copies (of each pair the name that comes first in the alphabet stays) and both images of
every contradiction: 2947 images.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from functools import cache, partial
from pathlib import Path, PurePosixPath

from spermlens.datasets._listing import Entry, Listing, id_of
from spermlens.datasets._tasks import CELL
from spermlens.datasets._verify import shipped_rows
from spermlens.errors import DataCorrupt, DataMissing
from spermlens.images import list_images, read_image
from spermlens.types import Card

FOLDERS = {"Normal_Sperm": "normal", "Abnormal_Sperm": "abnormal", "Non-Sperm": "non_sperm"}

CARD = Card(
    name="smids",
    title="Sperm Morphology Image Data Set (SMIDS), clean list",
    source="https://doi.org/10.17632/6xvdhc9fyb.1",
    licence="CC BY 4.0",
    citation="Sperm Morphology Image Data Set (SMIDS), Mendeley Data V1, 2022, doi:10.17632/6xvdhc9fyb.1; "
    "Ilhan H.O. et al., Med Biol Eng Comput 2020;58:1047-1068.",
    tasks=(CELL,),
    counts={"cell": (1002, 972, 973)},
    group="not released",
    stain="stained; which stain is not stated in the release",
    um_per_pixel=None,
    # Every crop leaves some 50 px around its object: 144 px hold the object in 99.6 % of the crops, and lie
    # inside 97 % of them, so that the borders of the crops, whose sizes tell the class, are rarely seen.
    field_px=144,
    unknown=(
        "Which images share a patient was not released: "
        "cells of one patient may stand on both sides of a split.",
        "The labels contradict each other in four pairs of identical images (left out of the clean list), "
        "so others may be wrong, too.",
        "In some 150 cases two to four pictures show one and the same cell, which the release does not say: "
        "they are kept on one side of a split. Pairs that no search sees, as on an empty slide, may be left.",
        "The sizes of the crops tell the class of about 57 % of the images (chance: 34 %): "
        "a reader that stretches the crops or sees their borders may learn these.",
        "The size of a pixel was not released: lengths are in pixels only.",
    ),
    pixels_sha256="636a0914a1907dc622b1e6daffc132400f016662094e2f45e1ebaeb75561f34e",
    download="https://data.mendeley.com/public-api/zip/6xvdhc9fyb/download/1",
    facts={"clean": "1"},
)


def read(root: Path | None, *, clean: bool = True) -> Listing:
    """The class folders (normal or Normal_Sperm, non_sperm or Non-Sperm) at or up to two levels below `root`.

    An id is the official folder and the file's name without its ending, whatever the layout and the format.
    clean: leave out the copies and the contradictions; else all 3000 images.
    """
    if root is None:
        raise DataMissing("SMIDS is read from a folder. Name it with --root.")
    entries = [entry for folder, place in _class_folders(root).items() for entry in _entries(folder, place)]
    doubled = [id for id, count in Counter(entry.id for entry in entries).items() if count > 1]
    if doubled:
        raise DataCorrupt(
            f"{root}: '{doubled[0]}' is there twice, perhaps as .bmp and as .png "
            f"({len(doubled)} such images). Keep one copy of the set."
        )
    if clean:
        return Listing(CARD, tuple(entry for entry in entries if entry.id not in left_out()))
    return Listing(_whole_card(), tuple(entries))


@cache
def left_out() -> dict[str, str]:
    """{id: 'copy' or 'conflict'} of the images that are not in the clean list."""
    return {
        str(PurePosixPath(row["path"]).with_suffix("")): row["why"]
        for row in shipped_rows("smids")
        if row["clean"] == "0"
    }


def _whole_card() -> Card:
    return replace(
        CARD,
        title=CARD.title.replace(", clean list", ", with copies and contradictions"),
        counts={"cell": (1021, 1005, 974)},
        pixels_sha256="c00b83c7204a88ad66436574e36f4b7e3c1e560b16a219bd154981c9f8160e90",
        facts={},
    )


def _entries(folder: str, place: Path) -> list[Entry]:
    return [
        Entry(
            id=f"{folder}/{id_of(path.relative_to(place).with_suffix(''))}",
            load=partial(read_image, path),
            labels={CELL.name: CELL.index(FOLDERS[folder])},
        )
        for path in list_images(place)
    ]


def _class_folders(root: Path) -> dict[str, Path]:
    """{official folder: where it lies}, from the first place that holds all three."""
    inside = [root, *sorted(root.glob("*")), *sorted(root.glob("*/*"))]
    for place in (path for path in inside if path.is_dir()):
        spelt = [(_official(path.name), path) for path in sorted(place.iterdir()) if path.is_dir()]
        named = [(folder, path) for folder, path in spelt if folder]
        if {folder for folder, _ in named} == set(FOLDERS):
            if len(named) > len(FOLDERS):
                raise DataCorrupt(
                    f"{place}: {', '.join(path.name for _, path in named)} lie beside each other, expected "
                    "one folder a class. Keep one copy of the set."
                )
            return {folder: path for wanted in FOLDERS for folder, path in named if folder == wanted}
    found = sorted(path.name for path in root.iterdir()) if root.is_dir() else []
    raise DataMissing(
        f"{root}: expected the folders {', '.join(FOLDERS)} of 'smids' there or up to two levels below, "
        f"found {', '.join(found[:8]) or 'nothing'}. Check --root."
    )


def _official(name: str) -> str | None:
    """The official folder that a folder's name means: Normal_Sperm, normal sperm and NORMAL are one."""
    return {_bare(folder): folder for folder in FOLDERS}.get(_bare(name))


def _bare(name: str) -> str:
    return re.sub("[^a-z]", "", name.lower()).removesuffix("sperm")
