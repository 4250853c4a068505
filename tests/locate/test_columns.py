"""Columns to learn from: the same for a cell and its mirror image, and NaN where nothing can be told."""

from __future__ import annotations

import numpy as np
import pytest
from known_shapes import drawn

from spermlens.locate.columns import ALL, SHAPE, UNSTAINED, Columns, columns_of


def test_an_image_without_a_head_is_a_row_of_nan_and_not_relied_on() -> None:
    bare = np.full((20, 20, 3), 200, np.uint8)  # too small to be looked at
    columns, reliable = columns_of([bare, drawn(3, "normal")[0].image])
    assert np.isnan(columns.only(SHAPE).values[0]).all()
    assert np.isfinite(columns.only(SHAPE).values[1]).all()
    assert reliable.tolist() == [False, True]


def test_a_mirrored_cell_has_the_same_columns() -> None:
    image = drawn(5, "pyriform")[0].image
    columns, _ = columns_of([image, np.ascontiguousarray(image[:, ::-1])])
    one, other = columns.values
    turn = ALL.index("midpiece_angle_deg")
    assert one[turn] >= 0
    assert other == pytest.approx(one, rel=0.1, abs=0.2, nan_ok=True)


def test_the_outline_alone_knows_no_pixel_size_and_no_grey() -> None:
    assert not any(name.endswith(("_px", "_px2", "_grey", "_od", "_deg")) for name in SHAPE)
    assert not {"contrast", "saturation", "hue_deg", "stain_od", "head_mean_grey"} & set(UNSTAINED)
    assert set(SHAPE) < set(UNSTAINED) < set(ALL)


def test_columns_are_taken_by_name_in_the_order_asked_for() -> None:
    columns = Columns(names=("a", "b", "c"), values=np.arange(6.0).reshape(2, 3))
    assert columns.only(("c", "a")).values.tolist() == [[2, 0], [5, 3]]
    with pytest.raises(ValueError, match="2 columns are named"):
        Columns(names=("a", "b"), values=np.zeros((2, 3)))
