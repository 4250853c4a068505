"""One row an image and a way to outline it: what was found, how far it is right, and how long it took."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from outline_cases import Case
from scipy import ndimage

from spermlens.evaluate.overlap import dice
from spermlens.files import write_text
from spermlens.locate.contour import one_piece
from spermlens.locate.measure import measure
from spermlens.locate.segment import outline
from spermlens.spreadsheet import Cell, guard, unguard
from spermlens.types import Image, Mask, Outline

OURS = "outline"
PARTS = ("head", "acrosome", "nucleus", "vacuole", "midpiece", "tail", "thread")
MEASURES = {
    "length": "length_px",
    "width": "width_px",
    "area": "area_px2",
    "perimeter": "perimeter_px",
    "length_over_width": "length_over_width",
    "acrosome_share": "acrosome_share",
}
TEXTS = ("dataset", "condition", "image", "unit", "model", "reason")
COLUMNS = (
    *("dataset", "condition", "image", "unit", "model", "seconds", "reliability", "reason"),
    *(f"{what}_{part}" for part in PARTS for what in ("dice", "found", "true")),  # areas in pixels
    *(f"{what}_{name}" for name in MEASURES for what in ("measured", "should")),
)
ITERATIONS = 35
SPECK = ndimage.iterate_structure(ndimage.generate_binary_structure(2, 1), 2)

Row = dict[str, Cell]


def otsu(image: Image) -> Mask:
    """The plain way: Otsu's level on green, an opening, the largest piece without its holes."""
    from skimage.filters import threshold_otsu

    green = image[..., 1]
    return _largest(green < threshold_otsu(green)) if np.ptp(green) else np.zeros(green.shape, bool)


def chan_vese(image: Image) -> Mask:
    """scikit-image's morphological snakes without edges on green, the darker side, the largest piece."""
    from skimage.segmentation import morphological_chan_vese

    green = image[..., 1] / 255.0
    inside = morphological_chan_vese(green, ITERATIONS, init_level_set="disk").astype(bool)
    if inside.any() and not inside.all() and green[inside].mean() > green[~inside].mean():
        inside = ~inside
    return _largest(inside)


PEERS: Mapping[str, Callable[[Image], Mask]] = {"otsu": otsu, "morphological_chan_vese": chan_vese}


def rows_of(cases: Iterable[Case]) -> Iterator[Row]:
    """Rows in the order of the cases; time is that of the processor, once for each image."""
    for number, case in enumerate(cases):
        if number == 0:  # what is imported or planned at the first call is no image's time
            for way in (outline, *PEERS.values()):
                way(case.image)
        start = time.process_time()
        found = outline(case.image)
        seconds = time.process_time() - start
        told = {"reliability": round(found.reliability, 3), "reason": found.reason}
        yield _row(case, OURS, seconds, found) | told
        if case.with_peers:
            for name, way in PEERS.items():
                start = time.process_time()
                head = way(case.image)
                seconds = time.process_time() - start
                plain = Outline(masks={"head": head}, reliability=0.0, reason="No peer tells.")
                yield _row(_head_alone(case), name, seconds, plain)


def write_rows(path: Path, rows: Iterable[Row]) -> None:
    """Most cells of many rows are empty: they take a comma each, no quotes."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        cells = (row.get(name) for name in COLUMNS)
        writer.writerow([guard(cell) if isinstance(cell, str) else cell for cell in cells])
    write_text(path, stream.getvalue())


def read_rows(path: Path) -> list[Row]:
    """Numbers where there are numbers, None where a cell is empty; texts stay texts."""
    reader = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"), newline=""))
    return [
        {
            name: unguard(cell) if name in TEXTS else float(cell) if cell else None
            for name, cell in row.items()
        }
        for row in reader
    ]


def with_derived_parts(masks: Mapping[str, Mask]) -> dict[str, Mask]:
    """The parts with the nucleus, which is the head but for its acrosome, and both threads as one."""
    parts = dict(masks)
    if "acrosome" in masks:
        parts["nucleus"] = masks["head"] & ~masks["acrosome"]
    threads = [masks[name] for name in ("midpiece", "tail") if name in masks]
    if threads:
        parts["thread"] = np.logical_or.reduce(threads)
    return parts


def _row(case: Case, model: str, seconds: float, found: Outline) -> Row:
    row: Row = {
        "dataset": case.dataset,
        "condition": case.condition,
        "image": case.id,
        "unit": "" if case.unit == case.id else case.unit,  # empty: the image is one of its own
        "model": model,
        "seconds": round(seconds, 5),
        "reason": "",
    }
    if case.truth is None:
        return row
    row |= _overlaps(found, case.truth)
    return row | _measures(found, case) if model == OURS else row


def _head_alone(case: Case) -> Case:
    return replace(case, truth={"head": case.truth["head"]} if case.truth else None)


def _overlaps(found: Outline, truth: Mapping[str, Mask]) -> Row:
    """Areas of each part as found and in truth, empty where not told; Dice where both are told."""
    row: Row = {}
    seen, known = with_derived_parts(found.masks), with_derived_parts(truth)
    for part in PARTS:
        if part in seen:
            row[f"found_{part}"] = int(np.count_nonzero(seen[part]))
        if part in known:
            row[f"true_{part}"] = int(np.count_nonzero(known[part]))
        if part in seen and part in known and known[part].any():
            row[f"dice_{part}"] = round(dice(seen[part], known[part]), 4)
    return row


def _measures(found: Outline, case: Case) -> Row:
    assert case.truth is not None
    row: Row = {}
    true = Outline(masks=case.truth, reliability=1.0)
    for what, one in (("measured", found), ("should", true)):
        if one.head.any():
            values = measure(one, case.image).values
            told = {name: values[column] for name, column in MEASURES.items()}
            row |= {f"{what}_{name}": round(v, 4) for name, v in told.items() if v is not None}
    return row


def _largest(mask: Mask) -> Mask:
    opened = ndimage.binary_opening(mask, SPECK)
    return one_piece(opened) if opened.any() else opened
