"""Outlines as pictures, for a person to judge: random ones of real sets, and the worst against experts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from outline_cases import LOOKED_AT, UNSEEN, Case
from outline_summary import write_judgements
from scipy import ndimage

from spermlens.datasets import open_data
from spermlens.evaluate.overlap import dice
from spermlens.files import write_bytes
from spermlens.locate.segment import outline
from spermlens.report.contact_sheet import contact_sheet
from spermlens.report.overlay import png_bytes
from spermlens.types import Figure, Image, Mask, Outline, Tile

SETS = ("hushem", "smids", "mhsma")
SEED, COUNT = 8, 100
COLUMNS, ON_A_SHEET = 4, 20
LEAST_PX = 240  # to which a crop is enlarged before its lines are drawn
COLOURS = {  # later ones are drawn over earlier ones
    "tail": (40, 120, 255),
    "midpiece": (0, 200, 220),
    "head": (255, 220, 0),
    "acrosome": (0, 190, 60),
    "vacuole": (255, 40, 160),
}


def write_sheets(folder: Path, data: Path) -> None:
    """Sheets of random outlines of each set, and looked-at.csv with a row each, to be judged.

    A judgement is right, wrong, or no head where nothing in the middle is one. Filled in, the rows
    belong into results/outline-looked-at.csv.
    """
    rows = []
    for name in SETS:
        found = open_data(name, data / name)
        order = np.random.default_rng(SEED).permutation(len(found))[:COUNT]
        tiles = []
        for sample in found.subset(np.sort(order).tolist()):
            one = outline(sample.image)
            tiles.append(_tile(sample.id, sample.image, one))
            rows.append((name, str(SEED), sample.id, "", "yes" if one.reliable else "no"))
        _write(folder, name, tiles)
    write_judgements(folder / "looked-at.csv", rows)


def write_worst(folder: Path, cases: Iterable[Case], count: int = 10) -> None:
    """The worst heads of each half, the experts' outline to the left and ours to the right.

    Whoever mends the outlines by what the unseen half shows has seen it: they need another one then.
    """
    halves: dict[str, list[tuple[float, Tile]]] = {UNSEEN: [], LOOKED_AT: []}
    for case in cases:
        assert case.truth is not None
        one = outline(case.image)
        overlap = dice(one.head, case.truth["head"])
        tile = _tile(case.id, case.image, one, f"Dice of the head {overlap:.2f}", case.truth)
        kept = sorted([*halves[case.condition], (overlap, tile)], key=lambda pair: pair[0])
        halves[case.condition] = kept[:count]
    for half, found in halves.items():
        _write(folder, f"worst-{half.replace(' ', '-')}", [tile for _, tile in found])


def lined(image: Image, masks: Mapping[str, Mask]) -> Image:
    """The image enlarged, with a line along the inner side of each part."""
    from PIL import Image as Pillow

    height, width = image.shape[:2]
    times = max(1, -(-LEAST_PX // max(height, width)))
    size = (width * times, height * times)
    shown = np.array(Pillow.fromarray(image).resize(size, Pillow.Resampling.BICUBIC))
    for part, colour in COLOURS.items():
        if part in masks:
            large = np.kron(masks[part], np.ones((times, times), bool))
            shown[large & ~ndimage.binary_erosion(large, iterations=2)] = colour
    return shown


def _tile(
    name: str, image: Image, one: Outline, line: str = "", left: Mapping[str, Mask] | None = None
) -> Tile:
    figures = [_figure("left", lined(image, left or {})), _figure("outlined", lined(image, one.masks))]
    told = ", ".join(part for part, mask in one.masks.items() if mask.any())
    return Tile(
        title=f"{name}: {line}" if line else name,
        verdict=f"{one.reliability:.2f} {'reliable' if one.reliable else 'not reliable'}",
        tone="good" if one.reliable else "unsure",
        figures=tuple(figures),
        lines=(one.reason or told,),
    )


def _figure(caption: str, picture: Image) -> Figure:
    return Figure(caption, "image/png", png_bytes(picture), caption)


def _write(folder: Path, name: str, tiles: list[Tile]) -> None:
    for start in range(0, len(tiles), ON_A_SHEET):
        sheet = contact_sheet(tiles[start : start + ON_A_SHEET], COLUMNS)
        write_bytes(folder / f"{name}-{start // ON_A_SHEET + 1}.png", png_bytes(sheet))
