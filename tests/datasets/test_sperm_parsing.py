"""Sperm Parsing: crops at HuSHeM's scale, outlines that lie on the pixels, and faults that are named."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage.measure import block_reduce, label, regionprops

from spermlens.datasets import find_root, open_data
from spermlens.datasets._fetch import fetch
from spermlens.datasets.sperm_parsing import CARD, Annotated, annotated
from spermlens.errors import DataCorrupt, DataMissing, UsageError

IDS = ["000003-1", "000007-1", "000007-2", "000007-3"]
IDS += ["Image__2023-04-25__23-50-43-1", "Image__2023-04-26__00-14-27-1"]
VALUES = {"vacuole": 1, "acrosome": 2, "nucleus": 3, "midpiece": 4, "tail": 5}


@pytest.fixture
def root(tmp_path: Path, fake: Callable[[str, Path], int]) -> Path:
    fake("sperm_parsing", tmp_path / "sperm_parsing")
    return tmp_path / "sperm_parsing"


def all_of(root: Path, **options: float) -> dict[str, Annotated]:
    return {one.id: one for one in annotated(root, **options)}


def parts_of(root: Path, id: str) -> np.ndarray:
    return np.array(Image.open(root / "instances" / f"{id}.png"))


def quarter(array: np.ndarray, top: int, left: int) -> np.ndarray:
    """The mean of each two by two pixels of the 262 from `top` and `left` on."""
    return block_reduce(
        array[top : top + 262, left : left + 262].astype(float), (2, 2, 1)[: array.ndim], np.mean
    )


def test_a_crop_is_131_pixels_at_half_size_with_the_head_in_its_middle(root: Path) -> None:
    one = all_of(root)["000003-1"]  # its head is 90 px long about (321, 255)
    assert one.image.shape == (131, 131, 3)
    assert (one.image.dtype, one.scale) == (np.uint8, 0.5)
    (head,) = regionprops(one.masks["head"].astype(int))
    assert head.centroid == pytest.approx((65, 65), abs=0.6)
    assert head.axis_major_length == pytest.approx(45, abs=1)
    assert head.axis_minor_length == pytest.approx(27, abs=1)


def test_image_and_masks_lie_on_each_other_as_in_the_files(root: Path) -> None:
    one, parts = all_of(root)["000003-1"], parts_of(root, "000003-1")
    top, left = 124, 190
    field = np.array(Image.open(root / "images" / "000003.jpg"))
    off = [np.abs(one.image - quarter(field, top + d, left + d)).mean() for d in (-2, 0, 2)]
    assert off[1] < 0.5 < min(off[0], off[2])
    assert set(one.masks) == {"head", *VALUES}
    for name, value in VALUES.items():
        share = quarter(parts == value, top, left)
        assert one.masks[name][share > 0.5].all(), name
        assert not one.masks[name][share < 0.25].any(), name
    assert np.array_equal(one.masks["head"], quarter((parts > 0) & (parts < 4), top, left) >= 0.5)


def test_no_pixel_is_of_two_parts_and_the_inner_ones_are_the_head(root: Path) -> None:
    for scale in (0.5, 0.54, 0.31):
        for one in annotated(root, side=150, scale=scale):
            parts = [one.masks[name] for name in VALUES]
            assert np.sum(parts, axis=0).max() == 1
            assert np.array_equal(np.any(parts[:3], axis=0), one.masks["head"])


def test_another_side_and_scale_change_the_view_and_not_what_is_seen(root: Path) -> None:
    usual, other = all_of(root)["000003-1"], all_of(root, side=190, scale=0.54)["000003-1"]
    assert other.image.shape == (190, 190, 3)
    assert other.scale == 0.54
    ratio = other.masks["head"].sum() / usual.masks["head"].sum()
    assert ratio == pytest.approx((0.54 / 0.5) ** 2, rel=0.02)
    (head,) = regionprops(other.masks["head"].astype(int))
    assert head.centroid == pytest.approx((94.5, 94.5), abs=0.6)


def test_where_the_field_ends_the_crop_is_smaller_and_nothing_is_filled_in(root: Path) -> None:
    found = all_of(root)
    cut = found["000007-3"]  # of its head 47 px are seen, 593 to 639; the window would be 486 to 748
    assert cut.image.shape == (131 - 5, 77, 3)
    field = np.array(Image.open(root / "images" / "000007.jpg"))
    assert np.abs(cut.image - quarter(field, 0, 486)[:126]).mean() < 0.5
    assert cut.masks["head"][:, -1].any()
    assert [one.id for one in found.values() if not one.whole_head] == ["000007-3"]


def test_others_are_the_rest_of_the_crowd(root: Path) -> None:
    found = all_of(root)
    assert not found["000003-1"].others.any()
    one, parts = found["000007-1"], parts_of(root, "000007-2")
    assert np.array_equal(one.others, quarter(parts > 0, 110, 70) >= 0.5)
    assert (one.others & one.masks["tail"]).any()  # they cross


def test_a_speck_of_head_elsewhere_is_left_out(root: Path) -> None:
    parts = parts_of(root, "000007-2")
    assert label((parts > 0) & (parts < 4)).max() == 2
    one = all_of(root, side=400)["000007-2"]
    (head,) = regionprops(one.masks["head"].astype(int))
    assert head.area == pytest.approx(np.pi / 4 * 45 * 27, rel=0.05)


def test_a_sitting_is_one_group_past_midnight_and_an_undated_field_its_own(root: Path) -> None:
    listing = open_data("sperm_parsing", root)
    assert listing.ids == IDS
    assert [entry.group for entry in listing.entries] == ["000003", *["000007"] * 3, *["2023-04-25"] * 2]
    assert [one.group for one in annotated(root)] == [entry.group for entry in listing.entries]


def test_what_is_listed_is_what_is_measured_and_has_no_label(root: Path) -> None:
    listing = open_data("sperm_parsing", root)
    for sample, one in zip(listing, annotated(root), strict=True):
        assert sample.labels == {}
        assert np.array_equal(sample.image, one.image)


def test_the_card_says_that_it_serves_measuring_only() -> None:
    assert CARD.tasks == ()
    assert CARD.licence.startswith("none given")
    assert any("nothing that ships may be trained on it" in sentence for sentence in CARD.unknown)


def test_it_is_not_fetched_and_nobody_says_it_could_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SPERMLENS_HOME", str(tmp_path))
    monkeypatch.delenv("SPERMLENS_DATA", raising=False)
    with pytest.raises(UsageError, match="is not fetched: it comes from https"):
        fetch("sperm_parsing")
    with pytest.raises(DataMissing, match=r"name its folder with --root\.$"):
        find_root("sperm_parsing")


def test_it_may_lie_one_level_below(root: Path) -> None:
    assert open_data("sperm_parsing", root.parent).ids == IDS
    with pytest.raises(DataMissing, match=r"expected annotations.json, images and instances"):
        open_data("sperm_parsing", root / "images")


def painted(change: Callable[[np.ndarray], np.ndarray]) -> Callable[[Path], None]:
    def paint(path: Path) -> None:
        Image.fromarray(change(np.array(Image.open(path)))).save(path)

    return paint


MASK, FIELD = "instances/000003-1.png", "images/000003.jpg"


@pytest.mark.parametrize(
    ("file", "spoil", "said"),
    [
        (MASK, painted(lambda parts: parts[1:]), r"found \(511, 640\) pixels, expected \(512, 640\)"),
        (FIELD, painted(lambda field: field[:, 1:]), r"found \(512, 639\) pixels, expected \(512, 640\)"),
        (MASK, painted(lambda parts: parts * 3), "colours or values up to 15, expected 0 to 5"),
        (MASK, painted(lambda parts: np.stack([parts, parts, 0 * parts], 2)), "colours or values up to 5"),
        (MASK, painted(lambda parts: np.where(parts < 4, 0, parts)), r"has no head \(values 1 to 3\)"),
        (MASK, painted(lambda parts: np.where(parts == 4, 0, parts)), r"found \d+ outlined pixels, expected"),
        (MASK, painted(lambda parts: parts[:, ::-1]), "left, top, width and height, expected"),
    ],
)
def test_a_file_that_is_not_what_was_annotated_is_named(
    root: Path, file: str, spoil: Callable[[Path], None], said: str
) -> None:
    spoil(root / file)
    with pytest.raises(DataCorrupt, match=said) as one:
        list(annotated(root))
    with pytest.raises(DataCorrupt, match=said) as other:
        open_data("sperm_parsing", root)[0]
    assert str(root / file) in str(one.value)
    assert str(other.value) == str(one.value)


def test_a_mask_that_misses_is_named(root: Path) -> None:
    (root / MASK).unlink()
    with pytest.raises(DataMissing, match=r"000003-1.png: no file is there"):
        next(annotated(root))


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ({"parsing": "instances/000007-1.png"}, "is no mask of images/000003.jpg"),
        ({"parsing": "../000003-1.png"}, "is no mask of"),
        ({"parsing": None}, "is no mask of"),
        ({"image_id": 77}, "KeyError: 77"),
        ({"bbox": 3}, "TypeError"),
    ],
)
def test_annotations_that_do_not_fit_are_refused(root: Path, what: dict, said: str) -> None:
    path = root / "annotations.json"
    found = json.loads(path.read_text())
    found["annotations"][0] |= what
    path.write_text(json.dumps(found))
    with pytest.raises(DataCorrupt, match=said) as error:
        open_data("sperm_parsing", root)
    assert str(path) in str(error.value)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"images": [], "annotations": [3]}', "\xff"])
def test_what_is_no_list_of_annotations_is_refused(root: Path, text: str) -> None:
    (root / "annotations.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(DataCorrupt, match=r"annotations.json: not the annotations of sperm_parsing"):
        open_data("sperm_parsing", root)


def test_a_sperm_that_is_there_twice_is_refused(root: Path) -> None:
    path = root / "annotations.json"
    found = json.loads(path.read_text())
    found["annotations"].append(found["annotations"][1])
    path.write_text(json.dumps(found))
    with pytest.raises(DataCorrupt, match="'000007-1' is there twice"):
        open_data("sperm_parsing", root)
