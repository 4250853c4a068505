"""HuSHeM: 216 stained human sperm heads in four shapes."""

from __future__ import annotations

from pathlib import Path

from spermlens.datasets._classes import class_entries, find_root
from spermlens.datasets._listing import Listing
from spermlens.datasets._tasks import HEAD_SHAPE
from spermlens.errors import DataMissing
from spermlens.types import Card

FOLDERS = {"01_Normal": 0, "02_Tapered": 1, "03_Pyriform": 2, "04_Amorphous": 3}

CARD = Card(
    name="hushem",
    title="Human Sperm Head Morphology (HuSHeM)",
    source="https://doi.org/10.17632/tt3yj2pf38.3",
    licence="CC BY 4.0",
    citation="Shaker F. et al., Human Sperm Head Morphology dataset (HuSHeM), Mendeley Data V3, 2018; "
    "Shaker F. et al., Comput Biol Med 2017;91:181-190.",
    tasks=(HEAD_SHAPE,),
    counts={"head_shape": (54, 53, 57, 52)},
    group="not released",
    stain="Diff-Quik",
    um_per_pixel=None,
    field_px=131,
    unknown=(
        "The 216 heads come from 15 patients, but which head is whose was not released: "
        "heads of one patient may stand on both sides of a split.",
        "Three heads were photographed twice, which the release does not say: "
        "pictures of one head are kept on one side of a split.",
        "The size of a pixel was not released: lengths are in pixels only.",
    ),
    pixels_sha256="da2d93709a40eb52c52b18b144d8e35ad7bc48be90748b7ad53265b1cff7d126",
    download="https://data.mendeley.com/public-api/zip/tt3yj2pf38/download/3",
)


def read(root: Path | None) -> Listing:
    """The official layout, or the same class folders up to two levels below `root`."""
    if root is None:
        raise DataMissing("HuSHeM is read from a folder. Name it with --root.")
    place = find_root(root, list(FOLDERS), CARD.name)
    return Listing(CARD, tuple(class_entries(place, FOLDERS, HEAD_SHAPE.name)))
