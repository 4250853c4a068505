"""A map that leaves its page takes its cell, its colour bar and its words along."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from spermlens.report.map_picture import BAR, GAP, map_picture
from spermlens.report.overlay import legible


@pytest.fixture
def explained(readings):
    return readings[0].image, readings[0].explanations[0]


def test_the_cell_stands_beside_its_map_as_it_was_read(explained):
    cell, seen = legible(explained[0]), map_picture(*explained)
    height, width = cell.shape[:2]
    assert (seen[:height, :width] == cell).all()
    map_alone = seen[:height, width + GAP : 2 * width + GAP]
    assert (map_alone != cell).any(2).mean() > 0.9


def test_the_bar_below_the_map_has_its_colours_and_no_others_elsewhere(explained):
    image, found = explained
    height, width = legible(image).shape[:2]
    for one, blue in ((replace(found, against=None), False), (found, True)):
        strip = map_picture(image, one)[height + GAP : height + GAP + BAR].astype(int)
        left, bar = strip[:, :width], strip[:, width + GAP : 2 * width + GAP]
        assert (np.ptp(left, axis=2) < 20).all()  # words
        assert bar[BAR // 2, -3, 0] > bar[BAR // 2, -3, 2] + 30
        assert (bar[BAR // 2, 3, 2] > bar[BAR // 2, 3, 0] + 30) == blue


def test_opacity_reaches_map_and_bar(explained):
    faint, strong = (map_picture(*explained, opacity).astype(int) for opacity in (0.1, 1.0))
    height, width = legible(explained[0]).shape[:2]
    for rows in (slice(height), slice(height + GAP, height + GAP + BAR)):
        weak, full = (np.ptp(one[rows, width:], axis=2).mean() for one in (faint, strong))
        assert full > 2 * weak
