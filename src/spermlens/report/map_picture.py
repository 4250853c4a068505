"""A map as a picture that stands alone: the cell as it is, its map beside it, a colour bar, and words."""

from __future__ import annotations

import numpy as np

from spermlens.report.caption import INK, captioned, font
from spermlens.report.overlay import OPACITY, colour_bar, legible, mapped
from spermlens.report.tiles import in_words
from spermlens.types import Explanation, Image

GAP = 4  # white pixels between cell and map
BAR = 12  # pixels of the colour bar's height
LETTERS = 11


def map_picture(image: Image, found: Explanation, opacity: float = OPACITY) -> Image:
    """Nothing of the cell is hidden: it stands left of its map, every pixel as it was."""
    cell = legible(image)
    seen = mapped(image, found.heat, against=found.against, opacity=opacity)
    white = np.full((cell.shape[0], GAP, 3), 255, np.uint8)
    pair = np.concatenate([cell, white, seen], 1)
    signed = found.against is not None
    bar = _bar(pair.shape[1], seen.shape[1], signed=signed, opacity=opacity)
    return captioned(np.concatenate([pair, bar]), in_words(found))


def _bar(width: int, length: int, *, signed: bool, opacity: float) -> Image:
    """The colour bar below the map, its ends in words to its left: they read without colour, too."""
    from PIL import Image as Pillow
    from PIL import ImageDraw

    strip = Pillow.new("RGB", (width, BAR + 2 * GAP), "white")
    drawn = colour_bar(signed=signed, opacity=opacity, width=length, height=BAR)
    strip.paste(Pillow.fromarray(drawn), (width - length, GAP))
    words = "against (dashed) - none - for" if signed else "none - strongest"
    pen = ImageDraw.Draw(strip)
    place = (width - length - GAP, GAP + BAR // 2)
    pen.text(place, words, fill=INK, font=font(LETTERS), anchor="rm")
    return np.array(strip, np.uint8)
