"""A heat map over its cell, such that the cell stays visible and the map is read without colour, too.

The cell is greyed and held dark enough for every heat to be lighter than it. The ramps rise in lightness
with the heat and differ in blue against orange, which no common colour blindness confuses; opacity grows
with the heat. A light line with a dark rim runs where the heat is half of its largest possible value; around
what speaks against it is dashed, so that for and against are told apart without colour.
"""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray

from spermlens.types import Heat, Image, Mask

Floats = NDArray[np.float32]

DIMMED = 0.5  # of full scale: the lightest grey of a cell under a map
OPACITY = 0.55  # of the strongest heat
HALF = 0.5  # the heat at which the line runs
DASH = 4  # pixels of a piece of the line around what speaks against
RIM = np.float32(16)  # the dark beside the line
_FOR = ((198, 92, 0), (242, 142, 20), (255, 232, 112))  # dark orange to yellow
_AGAINST = ((28, 98, 190), (74, 154, 232), (176, 224, 255))  # dark blue to pale blue
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)


def overlay(image: Image, heat: Heat, *, against: Heat | None = None, opacity: float = OPACITY) -> Image:
    """The image, greyed, under its heat (same height and width, 0..1); what speaks against it in blue."""
    if not 0 < opacity <= 1:
        raise ValueError(f"opacity must lie above 0 and up to 1, but is {opacity}.")
    shown = greyed(image)
    for values, side in ((against, _AGAINST), (heat, _FOR)):
        if values is None:
            continue
        if values.shape != image.shape[:2]:
            raise ValueError(f"The map is {values.shape}, but its image is {image.shape[:2]}.")
        shown = _laid_over(shown, values, side, opacity)
    return np.asarray(np.rint(shown), np.uint8)


def greyed(image: Image) -> Floats:
    """Height x width x 3, 0..255: the image without colour, as light as it is under a map of nought."""
    grey = image.astype(np.float32) @ _LUMINANCE * np.float32(DIMMED)
    return np.repeat(grey[:, :, None], 3, 2)


def ramp(heat: Heat, *, against: bool = False) -> Floats:
    """The colour, 0..255 with a last axis of 3, of each heat; lighter where it is hotter."""
    stops = np.array(_AGAINST if against else _FOR, np.float32)
    at = np.linspace(0, 1, len(stops))
    return np.stack([np.interp(heat, at, stops[:, c]) for c in range(3)], -1).astype(np.float32)


def colour_bar(
    *, signed: bool = False, opacity: float = OPACITY, width: int = 240, height: int = 12
) -> Image:
    """From no heat (left) to the strongest, as it looks over a light slide; signed: from against to for."""
    values = np.linspace(-1 if signed else 0, 1, width, dtype=np.float32)
    rows = np.repeat(values[None], height, 0)
    white = np.full((height, width, 3), 255, np.uint8)
    return overlay(
        white, np.maximum(rows, 0), against=np.maximum(-rows, 0) if signed else None, opacity=opacity
    )


def enlarge(values: NDArray[np.floating], size: tuple[int, int]) -> Heat:
    """A map at another height and width: bilinear, cell centres on cell centres, 0..1."""
    from PIL import Image as Pillow

    source = Pillow.fromarray(np.ascontiguousarray(values, np.float32))
    grown = source.resize((size[1], size[0]), Pillow.Resampling.BILINEAR)
    return np.asarray(grown, np.float32).clip(0, 1)


def legible(image: Image, least: int = 240, most: int = 480) -> Image:
    """The image with its longer side between `least` and `most` pixels, its aspect ratio kept."""
    from PIL import Image as Pillow

    height, width = image.shape[:2]
    longer = max(height, width)
    factor = float(-(-least // longer)) if longer < least else min(1.0, most / longer)
    if factor == 1:
        return image
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    kind = Pillow.Resampling.BICUBIC if factor > 1 else Pillow.Resampling.LANCZOS
    return np.asarray(Pillow.fromarray(image).resize(size, kind))


def mapped(
    image: Image, heat: Heat, *, against: Heat | None = None, opacity: float = OPACITY, most: int = 480
) -> Image:
    """The overlay as large as a page shows it: its line is drawn at that size, so it stays sharp."""
    large = legible(image, most=most)
    size = (large.shape[0], large.shape[1])
    below = None if against is None else enlarge(against, size)
    return overlay(large, enlarge(heat, size), against=below, opacity=opacity)


def png_bytes(image: Image) -> bytes:
    """The image as PNG; the same pixels give the same bytes."""
    from PIL import Image as Pillow

    stream = io.BytesIO()
    Pillow.fromarray(np.ascontiguousarray(image)).save(
        stream, "PNG", compress_level=4
    )  # 9 is ten times as slow
    return stream.getvalue()


def _laid_over(shown: Floats, heat: Heat, stops: tuple[tuple[int, int, int], ...], opacity: float) -> Floats:
    from scipy.ndimage import binary_dilation

    against = stops is _AGAINST
    alpha = (opacity * heat)[:, :, None]
    mixed = shown * (1 - alpha) + ramp(heat, against=against) * alpha
    line = _outline(heat >= HALF)
    if against:
        line &= _dashes(line.shape)
    rim = binary_dilation(line, np.ones((3, 3), bool))
    mixed = np.where(rim[:, :, None], mixed * 0.4 + RIM * 0.6, mixed)
    return np.where(line[:, :, None], ramp(np.ones_like(heat), against=against), mixed)


def _dashes(shape: tuple[int, ...]) -> Mask:
    """Pieces of a line and gaps between them, alike to all sides of the middle."""
    rows, columns = (np.abs(np.arange(side) - (side - 1) / 2).astype(int) for side in shape)
    found: Mask = (rows[:, None] + columns) // DASH % 3 > 0
    return found


def _outline(inside: Mask) -> Mask:
    """The pixels inside that touch the outside; the border of the image is no outside."""
    around = np.pad(inside, 1, mode="edge")
    kept = around[:-2, 1:-1] & around[2:, 1:-1] & around[1:-1, :-2] & around[1:-1, 2:]
    return inside & ~kept
