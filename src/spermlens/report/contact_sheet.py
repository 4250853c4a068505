"""Cells with their captions as one picture: what `predict --explain` leaves next to its rows."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from spermlens.report.caption import INK, SOFT, font, shortened, wrapped
from spermlens.types import Figure, Image, Tile

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

SIDE = 240  # pixels of the square each picture is fitted into
GAP = 16
FINE, SMALL, LARGE = 11, 15, 18  # heights of letters
STEP = FINE + 3  # from line to line of a caption
TONES = {"good": (0, 106, 96), "bad": (174, 52, 20), "unsure": (138, 96, 0), "plain": (70, 78, 88)}


def contact_sheet(tiles: Sequence[Tile], columns: int = 2) -> Image:
    """Rows of tiles: pictures side by side, each over its caption; below them verdict, title, first line."""
    from PIL import Image as Pillow

    if not tiles or columns < 1:
        raise ValueError(f"A sheet needs tiles and columns, but got {len(tiles)} and {columns}.")
    width = max(SIDE, max(len(tile.figures) for tile in tiles) * (SIDE + 4) - 4)
    below = SIDE + STEP * max([1, *(len(_caption(one)) for tile in tiles for one in tile.figures)]) + 10
    height = below + 2 * LARGE + SMALL + 20
    columns = min(columns, len(tiles))
    rows = -(-len(tiles) // columns)
    size = (columns * (width + GAP) + GAP, rows * (height + GAP) + GAP)
    sheet = Pillow.new("RGB", size, "white")
    for index, tile in enumerate(tiles):
        row, column = divmod(index, columns)
        corner = (GAP + column * (width + GAP), GAP + row * (height + GAP))
        sheet.paste(_drawn(tile, (width, height), below), corner)
    return np.array(sheet, np.uint8)


def _drawn(tile: Tile, size: tuple[int, int], below: int) -> Picture:
    """One tile; its verdict begins `below`, in every tile of a sheet on one line."""
    from PIL import Image as Pillow
    from PIL import ImageDraw

    card = Pillow.new("RGB", size, "white")
    pen = ImageDraw.Draw(card)
    for index, figure in enumerate(tile.figures):
        picture, left = _fitted(figure.data), index * (SIDE + 4)
        card.paste(picture, (left + (SIDE - picture.width) // 2, (SIDE - picture.height) // 2))
        for number, line in enumerate(_caption(figure)):
            pen.text((left, SIDE + 3 + STEP * number), line, fill=SOFT, font=font(FINE))
    for text, letters, ink in (
        (tile.verdict, LARGE, TONES[tile.tone]),
        (tile.title, SMALL, INK),
        (tile.lines[0] if tile.lines else "", SMALL, SOFT),
    ):
        pen.text((0, below), shortened(text, font(letters), size[0]), fill=ink, font=font(letters))
        below += letters + 7
    return card


def _caption(figure: Figure) -> list[str]:
    """Its lines, each as wide as the picture at most."""
    return wrapped(figure.caption, font(FINE), SIDE)


def _fitted(data: bytes) -> Picture:
    """A picture as large as its square allows, its aspect ratio kept."""
    from PIL import Image as Pillow

    with Pillow.open(io.BytesIO(data)) as opened:
        picture = opened.convert("RGB")
    factor = SIDE / max(picture.size)
    size = (max(1, round(picture.width * factor)), max(1, round(picture.height * factor)))
    return picture.resize(size, Pillow.Resampling.BICUBIC)
