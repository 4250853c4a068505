"""Sperm Parsing v2, a part of it: 794 sperm in 128 stained fields, the parts of each outlined by experts.

It serves measuring only and asks no question that could be learned: `read` lists one crop a sperm,
`annotated` gives the outlines with it.

The crops have the scale of HuSHeM. In the fields the outlined heads are 90 px long, 55 px wide and cover
3830 px (axes of inertia; medians of the 776 that the frame does not cut; 5 to 95 in 100 are 73 to 109 px
long): 45 x 27 px and 958 px at half size. The heads of HuSHeM, found by Otsu's threshold on green, are
46 x 26 px and cover 937 px (medians of 216; 5 to 95 in 100 are 37 to 66 px long).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spermlens.datasets._listing import Entry, Listing
from spermlens.datasets._window import Window
from spermlens.errors import DataCorrupt, DataMissing
from spermlens.images import read_image
from spermlens.types import Card, Image, Mask

SIDE, SCALE = 131, 0.5  # the crops of HuSHeM, and what makes the heads as long as there
VALUES = {"vacuole": 1, "acrosome": 2, "nucleus": 3, "midpiece": 4, "tail": 5}
INNER = ("vacuole", "acrosome", "nucleus")  # together they are the head
NAMES = re.compile(r"images/(?P<field>[^/\\]+)\.jpg instances/(?P<id>(?P=field)-\d+)\.png")
TAKEN = re.compile(r"Image__(\d{4}-\d\d-\d\d__\d\d-\d\d-\d\d)")

CARD = Card(
    name="sperm_parsing",
    title="Sperm Parsing v2, 128 of its training fields: outlines by experts, for measuring only",
    source="https://github.com/Chenwy10/CLPMnet",
    licence="none given (its first version is not for commercial use): train nothing on it that ships",
    citation="Automated Sperm Morphology Analysis via Contrastive Learning-based Part Matching Network: "
    "Sperm Parsing Dataset v2, github.com/Chenwy10/CLPMnet, revision aa246549.",
    tasks=(),
    counts={},
    images=794,
    group="the sitting, by the date in the file's name; else the field",
    stain="stained; which stain is not stated in the release",
    um_per_pixel=None,
    field_px=SIDE,
    unknown=(
        "No licence was given for the data: it serves measuring only, "
        "and nothing that ships may be trained on it.",
        "It is a part of what its publishers trained on, which is neither the whole set nor kept aside.",
        "Which fields share a patient was not released: 64 fields have a date and are grouped by sitting, "
        "the 64 whose names are numbers only by field.",
        "The size of a pixel was not released: lengths are in pixels only, those of the fields at half size.",
        "The fields are JPEG of two qualities, about 95 (those with numbers) and 75 (those with dates), "
        "with colour at half resolution.",
        "59 masks have no acrosome, 209 no vacuole, 32 no midpiece and 36 no tail: "
        "whether there is none or it could not be seen is not said.",
        "The polygons of the annotations follow the masks loosely (median overlap 0.82 of 1, least 0.23): "
        "the masks are read.",
        "Three heads have specks apart from them (1, 1 and 45 px), which are left out; "
        "one pair of heads overlaps.",
        "18 heads are cut by the frame of their field, and 186 crops are smaller because the field ends.",
        "Some tails and parts of sperm are in no mask: what lies outside all masks need not be background.",
    ),
    pixels_sha256="1b5c024404b8d1d39dbc034f7edb454ab1a156684720acf62132eba18b6758b2",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotated:
    """A sperm as the experts outlined it, in a crop around its head.

    The masks are head, acrosome, nucleus, vacuole, midpiece and tail, each height x width; one that was not
    outlined is empty. Vacuole, acrosome and nucleus divide the head among them, so a vacuole is a hole in
    the part that it lies in.
    """

    id: str
    image: Image
    masks: Mapping[str, Mask]
    others: Mask  # of all other sperm outlined in the field, also where they cross this one
    group: str
    whole_head: bool  # the frame of the field does not cut it
    scale: float  # pixels of the crop per pixel of the field


def read(root: Path | None) -> Listing:
    """annotations.json with its `images` and `instances`, in `root` or one level below. No labels."""
    sperm = _outlined(_place_of(root))
    return Listing(CARD, tuple(Entry(id=one.id, load=partial(_crop, one), group=one.group) for one in sperm))


def annotated(root: Path | None, *, side: int = SIDE, scale: float = SCALE) -> Iterator[Annotated]:
    """Every outlined sperm, the head in the middle of `side` pixels, each 1 / `scale` pixels of the field.

    Where the field ends within the crop the crop is smaller, as in HuSHeM, and the head not in its middle:
    nothing is filled in. Resampled without aliases; a pixel is of a part when half of it is.
    """
    for _, together in groupby(_outlined(_place_of(root)), key=lambda one: one.field):
        sperm = list(together)
        parts = [_parts(one) for one in sperm]
        field, crowd = _field(sperm[0]), np.sum([found > 0 for found in parts], axis=0)
        for one, found in zip(sperm, parts, strict=True):
            head = _head(found)
            window = Window.around(head, side, scale)
            yield Annotated(
                id=one.id,
                image=window.image(field),
                masks=_masks(window, found, head),
                others=window.share(crowd > (found > 0)) >= 0.5,
                group=one.group,
                whole_head=not any(rim.any() for rim in (head[0], head[-1], head[:, 0], head[:, -1])),
                scale=scale,
            )


@dataclass(frozen=True, slots=True)
class _Sperm:
    """What annotations.json says of one, checked against its files when these are read."""

    id: str
    group: str
    field: Path
    mask: Path
    shape: tuple[int, int]  # height and width of the field
    box: tuple[float, ...]  # left, top, width, height
    area: float


def _crop(sperm: _Sperm) -> Image:
    return Window.around(_head(_parts(sperm)), SIDE, SCALE).image(_field(sperm))


def _masks(window: Window, parts: NDArray[np.uint8], head: Mask) -> dict[str, Mask]:
    """Each part by name; no pixel is of two, except that all of the inner ones are of the head."""
    seen = window.share(head) >= 0.5
    most = np.argmax([window.share(parts == VALUES[name]) for name in INNER], axis=0)
    masks = {"head": seen} | {name: seen & (most == at) for at, name in enumerate(INNER)}
    taken = seen
    for name in ("midpiece", "tail"):
        masks[name] = (window.share(parts == VALUES[name]) >= 0.5) & ~taken
        taken = taken | masks[name]
    return masks


def _head(parts: NDArray[np.uint8]) -> Mask:
    """The largest piece of it: a speck elsewhere is a slip of the pen."""
    from scipy.ndimage import label

    pieces, _ = label((parts > 0) & (parts <= len(INNER)), np.ones((3, 3)))
    largest = 1 + np.argmax(np.bincount(pieces[pieces > 0])[1:])
    return np.asarray(pieces == largest)


def _parts(sperm: _Sperm) -> NDArray[np.uint8]:
    """The values of a mask, height x width, when they are what annotations.json says of them."""
    colours = read_image(sperm.mask)
    parts = colours[..., 0]
    _agree(sperm.mask, "pixels", colours.shape[:2], sperm.shape)
    if parts.max() > max(VALUES.values()) or (colours != parts[..., None]).any():
        raise DataCorrupt(
            f"{sperm.mask}: holds colours or values up to {colours.max()}, expected 0 to 5, a number a part. "
            "Get the set again."
        )
    if not ((parts > 0) & (parts <= len(INNER))).any():
        raise DataCorrupt(f"{sperm.mask}: has no head (values 1 to 3), expected one. Get the set again.")
    _agree(sperm.mask, "outlined pixels", np.count_nonzero(parts), sperm.area)
    rows, columns = (np.flatnonzero((parts > 0).any(axis=axis)) for axis in (1, 0))
    found = (columns[0], rows[0], np.ptp(columns) + 1, np.ptp(rows) + 1)
    _agree(sperm.mask, "left, top, width and height", tuple(map(int, found)), sperm.box)
    return parts


def _field(sperm: _Sperm) -> Image:
    field = read_image(sperm.field)
    _agree(sperm.field, "pixels", field.shape[:2], sperm.shape)
    return field


def _agree(path: Path, what: str, found: Any, stated: Any) -> None:
    if found != stated:
        raise DataCorrupt(
            f"{path}: found {found} {what}, expected {stated} as annotations.json says. Get the set again."
        )


def _outlined(place: Path) -> list[_Sperm]:
    """Those of annotations.json, field by field."""
    path = place / "annotations.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        fields = {field["id"]: field for field in found["images"]}
        sperm = [_sperm(place, fields[one["image_id"]], one) for one in found["annotations"]]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        reason = f"{type(error).__name__}: {str(error)[:120]}"
        raise DataCorrupt(f"{path}: not the annotations of sperm_parsing ({reason}). Get it anew.") from error
    doubled = [id for id, count in Counter(one.id for one in sperm).items() if count > 1]
    if doubled:
        raise DataCorrupt(f"{path}: '{doubled[0]}' is there twice, expected once. Get it anew.")
    return sorted(sperm, key=lambda one: one.field)


def _sperm(place: Path, field: Mapping[str, Any], one: Mapping[str, Any]) -> _Sperm:
    names = NAMES.fullmatch(f"{field['file_name']} {one['parsing']}")
    if not names:
        raise ValueError(f"{one['parsing']} is no mask of {field['file_name']}")
    return _Sperm(
        id=names["id"],
        group=_sitting(names["field"]),
        field=place / field["file_name"],
        mask=place / one["parsing"],
        shape=(field["height"], field["width"]),
        box=tuple(one["bbox"]),
        area=one["area"],
    )


def _sitting(field: str) -> str:
    """The date on which a sitting began, which may last past midnight; the field where none is told."""
    taken = TAKEN.fullmatch(field)
    if not taken:
        return field
    return str((datetime.strptime(taken[1], "%Y-%m-%d__%H-%M-%S") - timedelta(hours=3)).date())


def _place_of(root: Path | None) -> Path:
    if root is None:
        raise DataMissing("sperm_parsing is read from a folder. Name it with --root.")
    for place in (root, *sorted(root.glob("*"))):
        if (place / "annotations.json").is_file():
            return place
    raise DataMissing(
        f"{root}: expected annotations.json, images and instances of 'sperm_parsing' there or one level "
        "below. Check --root."
    )
