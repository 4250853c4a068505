"""Cells with their captions as one picture: what `predict --explain` leaves next to its rows."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from spermlens.report.caption import INK, SOFT, font, shortened
from spermlens.types import Image, Tile

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

SIDE = 240  # pixels of the square each picture is fitted into
GAP = 16
FINE, SMALL, LARGE = 11, 15, 18  # heights of letters
TONES = {"good": (0, 106, 96), "bad": (174, 52, 20), "unsure": (138, 96, 0), "plain": (70, 78, 88)}


def contact_sheet(tiles: Sequence[Tile], columns: int = 2) -> Image:
    """Rows of tiles: pictures side by side, each over its caption; verdict, title and first line below."""
    from PIL import Image as Pillow

    if not tiles or columns < 1:
        raise ValueError(f"A sheet needs tiles and columns, but got {len(tiles)} and {columns}.")
    width = max(len(tile.figures) for tile in tiles) * (SIDE + 4) - 4
    width, height = max(width, SIDE), SIDE + FINE + 2 * LARGE + SMALL + 33
    columns = min(columns, len(tiles))
    rows = -(-len(tiles) // columns)
    size = (columns * (width + GAP) + GAP, rows * (height + GAP) + GAP)
    sheet = Pillow.new("RGB", size, "white")
    for index, tile in enumerate(tiles):
        row, column = divmod(index, columns)
        sheet.paste(_drawn(tile, width, height), (GAP + column * (width + GAP), GAP + row * (height + GAP)))
    return np.array(sheet, np.uint8)


def _drawn(tile: Tile, width: int, height: int) -> Picture:
    from PIL import Image as Pillow
    from PIL import ImageDraw

    card = Pillow.new("RGB", (width, height), "white")
    pen = ImageDraw.Draw(card)
    for index, figure in enumerate(tile.figures):
        picture, left = _fitted(figure.data), index * (SIDE + 4)
        card.paste(picture, (left + (SIDE - picture.width) // 2, (SIDE - picture.height) // 2))
        words = shortened(figure.caption, font(FINE), SIDE)
        pen.text((left, SIDE + 3), words, fill=SOFT, font=font(FINE))
    below = SIDE + FINE + 13
    for text, size, ink in (
        (tile.verdict, LARGE, TONES[tile.tone]),
        (tile.title, SMALL, INK),
        (tile.lines[0] if tile.lines else "", SMALL, SOFT),
    ):
        pen.text((0, below), shortened(text, font(size), width), fill=ink, font=font(size))
        below += size + 7
    return card


def _fitted(data: bytes) -> Picture:
    """A picture as large as its square allows, its aspect ratio kept."""
    from PIL import Image as Pillow

    with Pillow.open(io.BytesIO(data)) as opened:
        picture = opened.convert("RGB")
    factor = SIDE / max(picture.size)
    size = (max(1, round(picture.width * factor)), max(1, round(picture.height * factor)))
    return picture.resize(size, Pillow.Resampling.BICUBIC)
