"""The size of a pixel as a TIFF file tells it: in OME's own field, or as the resolution of the picture.

A resolution is also what a printer is told, so only a size that a microscope can have is believed. Nothing
here can fail: a file that says nothing, or nothing that can be read, has no size.
"""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any

SMALLEST_UM, LARGEST_UM = 0.005, 5.0  # per pixel; 72 to 1200 dots per inch, as for print, are 21 um and more
UNITS_UM = {"m": 1e6, "mm": 1e3, "cm": 1e4, "nm": 1e-3, "": 1.0, "inch": 25_400.0} | dict.fromkeys(
    ("um", "µm", "\u03bcm", "\\u00B5m", "micron", "microns", "micrometer"), 1.0
)
UNLIKE = 1.02  # width over height of a pixel, at most: cells are never stretched


def pixel_size(path: Path) -> float | None:
    """Micrometres per pixel, or None where the file does not say."""
    try:
        with path.open("rb") as stream:
            if stream.read(4) not in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
                return None
        sizes = _told(path)
    except Exception:  # a hostile file raises whatever it likes; that it is bad is said when it is read
        return None
    if sizes is None or not all(SMALLEST_UM <= size <= LARGEST_UM for size in sizes):
        return None
    return sizes[0] if max(sizes) <= UNLIKE * min(sizes) else None


def _told(path: Path) -> tuple[float, float] | None:
    import tifffile

    logger = logging.getLogger("tifffile")
    before, logger.disabled = logger.disabled, True
    try:
        with tifffile.TiffFile(path) as tiff:
            if tiff.ome_metadata:
                return _from_ome(tiff.ome_metadata)
            imagej = str((tiff.imagej_metadata or {}).get("unit", ""))
            return _from_resolution(tiff.pages[0].tags, imagej)
    finally:
        logger.disabled = before


def _from_ome(text: str) -> tuple[float, float] | None:
    found = []
    for axis in "XY":
        size = re.search(rf'PhysicalSize{axis}="([^"]+)"', text)
        unit = re.search(rf'PhysicalSize{axis}Unit="([^"]*)"', text)
        if size is None:
            return None
        found.append(float(size[1]) * UNITS_UM[unit[1] if unit else ""])
    return found[0], found[1]


def _from_resolution(tags: Any, imagej: str) -> tuple[float, float] | None:
    """Pixels per unit; the unit is ImageJ's where it names one, else inch (2) or centimetre (3)."""
    unit = imagej or {2: "inch", 3: "cm"}.get(int(tags.valueof(296, 2)), "none")
    found = []
    for tag in (282, 283):
        above, below = tags.valueof(tag, (0, 1))
        found.append(UNITS_UM[unit] * below / above)
    return found[0], found[1]
