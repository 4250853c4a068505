"""Words in a picture: what it shows goes where it goes, also when it leaves its page."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from spermlens.types import Image

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

INK, SOFT = (28, 34, 42), (92, 102, 112)
LETTERS = 13  # pixels of height
LEAST = 240  # pixels of width: enough for a few words on a line
MARGIN = 5


def captioned(image: Image, words: str) -> Image:
    """The image, every pixel as it was, over its words on white."""
    from PIL import Image as Pillow
    from PIL import ImageDraw

    height, width = image.shape[:2]
    broad = max(width, LEAST)
    lines = wrapped(words, font(LETTERS), broad - 2 * MARGIN)
    step = LETTERS + 4
    canvas = Pillow.new("RGB", (broad, height + step * len(lines) + 2 * MARGIN), "white")
    canvas.paste(Pillow.fromarray(np.ascontiguousarray(image)), ((broad - width) // 2, 0))
    pen = ImageDraw.Draw(canvas)
    for number, line in enumerate(lines):
        pen.text((MARGIN, height + MARGIN + step * number), line, fill=INK, font=font(LETTERS))
    return np.array(canvas, np.uint8)


@cache
def font(size: int) -> FreeTypeFont:
    """Letters of so many pixels, the same on every machine."""
    from PIL import ImageFont

    found = ImageFont.load_default(size)
    assert isinstance(found, ImageFont.FreeTypeFont)  # a size is only accepted by the scalable one
    return found


def wrapped(words: str, letters: FreeTypeFont, width: int) -> list[str]:
    """Lines no wider than `width`; no-break spaces divide nothing, and what is too long loses its middle."""
    lines: list[str] = []
    for word in words.split(" "):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and letters.getlength(_plain(longer)) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return [shortened(line, letters, width) for line in lines]


def shortened(text: str, letters: FreeTypeFont, width: int) -> str:
    """The text on one line, its middle left out where it is too long: names differ at their ends."""
    line = _plain(text)
    most = width // 6  # hardly a letter is that narrow, and to measure a long line takes long
    if len(line) > 2 * most:
        line = f"{line[:most]}…{line[-most:]}"
    if letters.getlength(line) <= width:
        return line
    for kept in range(len(line) - 1, 1, -1):
        shorter = f"{line[: -(-kept // 2)]}…{line[len(line) - kept // 2 :]}"
        if letters.getlength(shorter) <= width:
            return shorter
    return "…"


def _plain(text: str) -> str:
    """As it can be drawn: single blanks, no broken characters; these letters have no ×."""
    return " ".join(text.encode("utf-8", "replace").decode("utf-8").replace("×", "x").split())
