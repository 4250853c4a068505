"""The size of a pixel in a TIFF, as the programs of microscopes write it, and not as printers do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from spermlens.images.pixel_size import pixel_size
from spermlens.predict.sources import find_sources

PIXELS = np.zeros((8, 8), np.uint8)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ({"ome": True, "metadata": {"PhysicalSizeX": 0.11, "PhysicalSizeY": 0.11}}, 0.11),
        (
            {
                "ome": True,
                "metadata": {
                    "PhysicalSizeX": 110.0,
                    "PhysicalSizeXUnit": "nm",
                    "PhysicalSizeY": 110.0,
                    "PhysicalSizeYUnit": "nm",
                },
            },
            0.11,
        ),
        ({"ome": True, "metadata": {"PhysicalSizeX": 0.11, "PhysicalSizeY": 0.2}}, None),
        ({"ome": True}, None),
        ({"imagej": True, "resolution": (1 / 0.12, 1 / 0.12), "metadata": {"unit": "um"}}, 0.12),
        ({"resolution": (1e4 / 0.1, 1e4 / 0.1), "resolutionunit": "CENTIMETER"}, 0.1),
        ({"resolution": (25400 / 0.1, 25400 / 0.1), "resolutionunit": "INCH"}, 0.1),
        ({"resolution": (72, 72), "resolutionunit": "INCH"}, None),
        ({"resolution": (1200, 1200), "resolutionunit": "INCH"}, None),
        ({"resolution": (5, 5), "resolutionunit": "NONE"}, None),
        ({}, None),
    ],
)
def test_a_size_is_believed_if_a_microscope_can_have_it(
    written: dict[str, Any], expected: float | None, tmp_path: Path
) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, PIXELS, **written)
    assert pixel_size(path) == (None if expected is None else pytest.approx(expected, rel=1e-4))


def test_what_is_no_tiff_or_damaged_has_no_size(tmp_path: Path) -> None:
    good = tmp_path / "good.tif"
    tifffile.imwrite(good, PIXELS, resolution=(1e5, 1e5), resolutionunit="CENTIMETER")
    assert pixel_size(good) is not None
    cut = tmp_path / "cut.tif"
    cut.write_bytes(good.read_bytes()[:60])
    png = tmp_path / "a.png"
    Image.fromarray(PIXELS).save(png, dpi=(254000, 254000))
    assert [pixel_size(path) for path in (cut, png, tmp_path / "gone.tif")] == [None, None, None]


def test_a_manifest_comes_first_then_the_file_then_the_option(tmp_path: Path) -> None:
    for name, options in (("told.tif", {"resolution": (1e5, 1e5), "resolutionunit": 3}), ("plain.tif", {})):
        tifffile.imwrite(tmp_path / name, PIXELS, **options)
    manifest = tmp_path / "m.csv"
    manifest.write_text("path,um_per_pixel\ntold.tif,0.3\n")
    sizes = [source.um_per_pixel for source in find_sources([str(tmp_path / "told.tif")], None, 0.2)]
    sizes += [source.um_per_pixel for source in find_sources([str(tmp_path / "plain.tif")], None, 0.2)]
    sizes += [source.um_per_pixel for source in find_sources([str(manifest)], None, 0.2)]
    assert sizes == [pytest.approx(0.1), 0.2, 0.3]
