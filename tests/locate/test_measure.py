"""Laws of the measures: what a turn, a mirror, a scale, a missing part and a border do to them."""

from __future__ import annotations

import colorsys
from dataclasses import replace

import numpy as np
import pytest
from known_shapes import blank, drawn, ellipse, head_only, outline_of

from spermlens.datasets.synthetic import draw
from spermlens.locate.definitions import DEFINITIONS, ENDINGS
from spermlens.locate.measure import measure
from spermlens.types import Axes, Measures, Outline

CELL = draw(2, kind="cells", labels={"vacuole": "abnormal", "head_shape": "pyriform"})


def moved(outline: Outline, move: object) -> Outline:
    masks = {part: np.ascontiguousarray(move(mask)) for part, mask in outline.masks.items()}  # type: ignore[operator]
    return replace(outline, masks=masks)


def agree(one: Measures, other: Measures, *, mirrored: bool = False) -> None:
    """To a thousandth: where the line around a mask begins is left to chance."""
    for name, value in one.values.items():
        twin = other.values[name]
        if mirrored and name == "midpiece_angle_deg":
            twin = None if twin is None else -twin
        assert twin == (None if value is None else pytest.approx(value, rel=1e-3, abs=1e-9)), name


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_quarter_turn_changes_no_value_and_turns_the_axes(turns: int) -> None:
    whole = measure(outline_of(CELL), CELL.image)
    turned = measure(
        moved(outline_of(CELL), lambda mask: np.rot90(mask, turns)), np.rot90(CELL.image, turns), None
    )
    agree(whole, turned)
    assert whole.axes is not None
    assert turned.axes is not None
    ahead = complex(*whole.axes.ahead) * (-1j) ** turns  # to the left, where y runs downwards
    assert complex(*turned.axes.ahead) == pytest.approx(ahead)


def test_a_mirror_changes_no_value_but_the_sense_of_the_angle() -> None:
    whole = measure(outline_of(CELL), CELL.image)
    agree(whole, measure(moved(outline_of(CELL), np.fliplr), CELL.image[:, ::-1]), mirrored=True)
    assert abs(whole.values["midpiece_angle_deg"] or 0) > 1


def test_twice_as_large_has_twice_the_lengths_and_the_same_shape() -> None:
    drawing, _ = drawn(0, "normal")
    outline = outline_of(drawing)
    one = measure(outline, drawing.image)

    def twice(plane: np.ndarray) -> np.ndarray:
        return plane.repeat(2, 0).repeat(2, 1)

    two = measure(moved(outline, twice), twice(drawing.image))
    for definition in DEFINITIONS:
        if definition.kind in ("length", "area", "ratio"):
            name = definition.column(in_um=False)
            value = one.values[name]
            factor = {"length": 2, "area": 4, "ratio": 1}[definition.kind]
            assert value is not None
            near = (
                0.12 if name.startswith(("midpiece", "tail")) else 0.05
            )  # twice as large are the steps, too
            assert two.values[name] == pytest.approx(value * factor, rel=near, abs=0.02), name


def test_micrometres_are_pixels_times_their_size_and_never_both() -> None:
    pixels = measure(outline_of(CELL), CELL.image)
    microns = measure(outline_of(CELL), CELL.image, 0.125)
    for definition in DEFINITIONS:
        factor = {"length": 0.125, "area": 0.125**2}.get(definition.kind, 1)
        value = pixels.values[definition.column(in_um=False)]
        assert microns.values[definition.column(in_um=True)] == pytest.approx(value and value * factor)
    assert not any("_um" in name for name in pixels.values)
    assert not any("_px" in name for name in microns.values)
    assert pixels.axes == microns.axes  # the axes are there to be drawn


def test_a_part_that_is_not_told_apart_has_no_values_rather_than_zeros() -> None:
    drawing, _ = drawn(0, "normal")
    values = measure(head_only(drawing.masks["head"]), drawing.image).values
    absent = ["acrosome_share", "vacuoles", "large_vacuoles", "vacuole_share", "nucleus_over_acrosome_od"]
    absent += ["midpiece_length_px", "midpiece_width_px", "midpiece_angle_deg", "tail_length_px"]
    assert [name for name, value in values.items() if value is None] == sorted(absent, key=list(values).index)


def test_a_head_that_was_searched_and_has_no_vacuole_has_none() -> None:
    drawing = draw(0, labels={})
    values = measure(outline_of(drawing), drawing.image).values
    assert (values["vacuoles"], values["large_vacuoles"], values["vacuole_share"]) == (0, 0, 0)


def test_without_a_head_nothing_is_measured_but_every_column_is_there() -> None:
    nothing = Outline(masks={"head": np.zeros((20, 20), bool)}, reliability=0, reason="No head.")
    measures = measure(nothing, np.zeros((20, 20, 3), np.uint8))
    assert set(measures.values.values()) == {None}
    assert list(measures.values) == [definition.column(in_um=False) for definition in DEFINITIONS]
    assert (measures.axes, measures.parts, measures.reason) == (None, (), "No head.")


def test_a_head_cut_by_the_border_has_a_stain_but_no_size() -> None:
    drawing, _ = drawn(0, "normal")
    rows = np.flatnonzero(drawing.masks["head"].any(axis=1))
    cut = int(rows.mean())
    measures = measure(moved(outline_of(drawing), lambda mask: mask[cut:]), drawing.image[cut:])
    assert "head" in measures.cut
    assert measures.axes is None
    sizes = ("length_px", "area_px2", "taper", "acrosome_share", "vacuoles", "midpiece_angle_deg")
    assert all(measures.values[name] is None for name in sizes)
    assert measures.values["head_mean_grey"] is not None


def test_vacuoles_are_counted_one_by_one_and_the_large_ones_apart() -> None:
    head = ellipse(50, 34, 0.0)
    masks = {"head": head.mask, "vacuole": np.zeros_like(head.mask)}
    for row, column, side in ((22, 20, 4), (30, 36, 5), (36, 22, 9)):
        masks["vacuole"][row : row + side, column : column + side] = True
    values = measure(Outline(masks=masks, reliability=1.0), blank(head.mask)).values
    assert values["vacuoles"] == 3
    assert values["large_vacuoles"] == 1  # 81 of some 1335 pixels
    assert values["vacuole_share"] == pytest.approx((16 + 25 + 81) / head.mask.sum())


def test_specks_beside_the_head_and_holes_in_it_change_nothing() -> None:
    head = ellipse(40, 26, 0.5)
    dirty = head.mask.copy()
    dirty[1:3, 1:4] = True
    dirty[25:27, 24:28] = False
    clean, other = (measure(head_only(mask), blank(mask)) for mask in (head.mask, dirty))
    assert clean.axes is not None
    assert other.axes is not None
    assert (other.axes.x, other.axes.y) == pytest.approx((clean.axes.x, clean.axes.y))
    agree(clean, replace(other, values={**other.values, "background_median_grey": 200.0}))


def test_the_midpiece_tells_the_front_then_the_tail_then_the_acrosome() -> None:
    drawing, _ = drawn(1, "normal")
    masks = dict(outline_of(drawing).masks)
    seen = []
    for part in ("", "midpiece", "tail", "acrosome"):
        masks.pop(part, None)
        axes = measure(Outline(masks=dict(masks), reliability=1.0), drawing.image).axes
        assert axes is not None
        seen.append((axes.front_from, axes.front_known))
    assert seen == [("midpiece", True), ("tail", True), ("acrosome", True), ("narrower end", False)]


def test_a_tail_that_curls_past_the_front_still_begins_at_the_back() -> None:
    head = np.zeros((90, 120), bool)
    one = ellipse(30, 20, 0.0).mask
    head[24 : 24 + one.shape[0], 30 : 30 + one.shape[1]] = one
    tail = np.zeros_like(head)
    tail[44:46, 20:34] = True  # from the back of the head to the left, down, and far to the right
    tail[44:80, 20:22] = True
    tail[78:80, 20:115] = True
    tail[40:80, 113:115] = True
    axes = measure(Outline(masks={"head": head, "tail": tail & ~head}, reliability=1.0), blank(head)).axes
    assert axes is not None
    assert axes.front_from == "tail"
    assert axes.ahead[0] > 0.99


def test_axes_point_to_the_front_of_every_drawn_cell() -> None:
    for index in range(12):
        drawing, _ = drawn(index, "pyriform")
        masks = outline_of(drawing).masks
        for hidden in ((), ("midpiece",), ("midpiece", "tail"), ("midpiece", "tail", "acrosome")):
            shown = {part: mask for part, mask in masks.items() if part not in hidden}
            axes = measure(Outline(masks=shown, reliability=1.0), drawing.image).axes
            assert axes is not None
            rows, columns = np.nonzero(masks["midpiece"] & ~masks["head"])
            back = np.array([columns.mean() - axes.x, rows.mean() - axes.y])
            assert np.dot(back, axes.ahead) < -0.8 * np.linalg.norm(back), (index, hidden)


def test_a_pear_narrows_backwards_whatever_told_its_front() -> None:
    drawing, _ = drawn(2, "pyriform")
    head = drawing.masks["head"]
    with_threads = measure(outline_of(drawing), drawing.image).values["taper"]
    alone = measure(head_only(head), drawing.image).values["taper"]
    assert with_threads == pytest.approx(alone)
    assert with_threads is not None
    assert with_threads > 1.3


def test_the_midpiece_turns_clockwise_by_its_angle() -> None:
    head = ellipse(40, 26, 0.0)  # the axis lies along x
    y, x = np.mgrid[: head.mask.shape[0], : head.mask.shape[1] + 40]
    wide = np.zeros(x.shape, bool)
    wide[:, 40:] = head.mask
    neck = np.array([46.0, head.mask.shape[0] / 2 + 0.3])
    for degrees in (-25, 0, 25):
        to = np.array([-np.cos(np.radians(degrees)), -np.sin(np.radians(degrees))])
        along = (x - neck[0]) * to[0] + (y - neck[1]) * to[1]
        across = (x - neck[0]) * to[1] - (y - neck[1]) * to[0]
        midpiece = (np.abs(across) < 2) & (along > 0) & (along < 30)
        values = measure(
            Outline(masks={"head": wide, "midpiece": midpiece & ~wide}, reliability=1.0), blank(wide)
        ).values
        assert values["midpiece_angle_deg"] == pytest.approx(degrees, abs=3)
        assert values["midpiece_width_px"] == pytest.approx(4, abs=0.4)


def test_stain_is_told_against_the_slide() -> None:
    head = ellipse(40, 26, 0.3).mask
    cap = head & (np.arange(head.shape[1]) > head.shape[1] / 2)
    image = np.full((*head.shape, 3), (200, 180, 190), np.uint8)
    image[head] = (100, 45, 95)
    image[cap] = (150, 60, 140)
    values = measure(Outline(masks={"head": head, "acrosome": cap}, reliability=1.0), image).values
    mean = image[head].mean(axis=0)
    hue, saturation, _ = colorsys.rgb_to_hsv(*mean)
    luma = np.array([0.299, 0.587, 0.114])
    slide = float(luma @ [200, 180, 190])
    share = cap.sum() / head.sum()
    expected = {
        "head_mean_grey": float(luma @ mean),
        "head_sd_grey": float((image[head] @ luma).std()),
        "contrast": 1 - float(luma @ mean) / slide,
        "stain_red_od": np.log10(200 / 100) * (1 - share) + np.log10(200 / 150) * share,
        "stain_green_od": np.log10(180 / 45) * (1 - share) + np.log10(180 / 60) * share,
        "hue_deg": hue * 360,
        "saturation": saturation,
        "nucleus_over_acrosome_od": np.log10([150 / 100, 60 / 45, 140 / 95]).mean(),
    }
    for name, truth in expected.items():
        assert values[name] == pytest.approx(truth, rel=0.01), name
    assert values["background_median_grey"] == pytest.approx(slide, abs=0.6)


def test_a_black_head_and_an_image_full_of_cell_have_finite_stains() -> None:
    head = ellipse(20, 14, 0.0).mask
    image = blank(head)
    image[head] = 0
    assert (measure(head_only(head), image).values["stain_od"] or 0) > 2
    full = np.ones((12, 12), bool)
    values = measure(head_only(full), np.zeros((12, 12, 3), np.uint8)).values
    assert values["background_median_grey"] is None
    assert values["stain_od"] is None


def test_an_image_of_another_size_is_our_mistake() -> None:
    with pytest.raises(ValueError, match="image is"):
        measure(head_only(np.ones((5, 5), bool)), np.zeros((6, 5, 3), np.uint8))


AXES = Axes(x=3.0, y=4.0, ahead=(1.0, 0.0), length_px=9.0, width_px=6.0, front_from="tail")
GOOD = Measures(values={"length_px": 9.0, "taper": None}, axes=AXES, um_per_pixel=None, parts=("head",))


@pytest.mark.parametrize(
    ("good", "change", "sentence"),
    [
        (AXES, {"ahead": (1.0, 1.0)}, "direction of length 1"),
        (AXES, {"front_from": "guess"}, "not by 'guess'"),
        (AXES, {"length_px": 0.0}, "positive"),
        (AXES, {"width_px": float("nan")}, "positive"),
        (GOOD, {"um_per_pixel": 0.1}, "never mixed.*length_px"),
        (GOOD, {"values": {"area_um2": 3.0}}, "never mixed.*area_um2"),
        (GOOD, {"values": {"taper": float("inf")}}, "finite.*taper"),
        (GOOD, {"um_per_pixel": -1.0}, "between 0 and 100"),
        (GOOD, {"cut": ("tail",)}, "Cut parts"),
    ],
)
def test_nouns_refuse_what_they_cannot_be(good: object, change: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        replace(good, **change)  # type: ignore[type-var]


def test_every_definition_is_named_once_and_says_all() -> None:
    names = [definition.name for definition in DEFINITIONS]
    assert len(set(names)) == len(names)
    assert {definition.kind for definition in DEFINITIONS} == set(ENDINGS)
    assert all(definition.meaning and definition.formula for definition in DEFINITIONS)
