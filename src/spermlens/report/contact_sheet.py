"""Cells with their captions as one picture: what `predict --explain` leaves next to its rows."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from spermlens.types import Image, Tile

if TYPE_CHECKING:
    from PIL.Image import Image as Picture
    from PIL.ImageFont import FreeTypeFont

SIDE = 240  # pixels of the square each picture is fitted into
GAP = 16
SMALL, LARGE = 15, 18  # heights of letters
INK, SOFT = (28, 34, 42), (92, 102, 112)
TONES = {"good": (0, 106, 96), "bad": (174, 52, 20), "unsure": (138, 96, 0), "plain": (70, 78, 88)}


def contact_sheet(tiles: Sequence[Tile], columns: int = 2) -> Image:
    """Rows of tiles, each with its pictures side by side and its title, verdict and first line below."""
    from PIL import Image as Pillow

    if not tiles or columns < 1:
        raise ValueError(f"A sheet needs tiles and columns, but got {len(tiles)} and {columns}.")
    width = max(len(tile.figures) for tile in tiles) * (SIDE + 4) - 4
    width, height = max(width, SIDE), SIDE + 2 * LARGE + SMALL + 26
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
    for index, figure in enumerate(tile.figures):
        picture = _fitted(figure.data)
        left = index * (SIDE + 4) + (SIDE - picture.width) // 2
        card.paste(picture, (left, (SIDE - picture.height) // 2))
    pen = ImageDraw.Draw(card)
    below = SIDE + 6
    for text, size, ink in (
        (tile.verdict, LARGE, TONES[tile.tone]),
        (tile.title, SMALL, INK),
        (tile.lines[0] if tile.lines else "", SMALL, SOFT),
    ):
        font = _font(size)
        pen.text((0, below), _shortened(text, font, width), fill=ink, font=font)
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


def _font(size: int) -> FreeTypeFont:
    from PIL import ImageFont

    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont)  # a size is only accepted by the scalable one
    return font


def _shortened(text: str, font: FreeTypeFont, width: int) -> str:
    """The text on one line, its middle left out where it is too long: names differ at their ends."""
    line = " ".join(text.encode("utf-8", "replace").decode("utf-8").split())
    most = width // 6  # hardly a letter is that narrow, and to measure a long line takes long
    if len(line) > 2 * most:
        line = f"{line[:most]}…{line[-most:]}"
    if font.getlength(line) <= width:
        return line
    for kept in range(len(line) - 1, 1, -1):
        shorter = f"{line[: -(-kept // 2)]}…{line[len(line) - kept // 2 :]}"
        if font.getlength(shorter) <= width:
            return shorter
    return "…"
