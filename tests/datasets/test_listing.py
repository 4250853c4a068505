"""What must stay together: identical pixels, groups, and groups that share an image."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath

import numpy as np
import pytest

from spermlens.datasets import Entry, Listing, id_of
from spermlens.datasets.folder import CARD
from spermlens.errors import UnknownName
from spermlens.types import Image, Task

TASK = Task("label", ("a", "b"))


def picture(shade: int) -> Image:
    return np.full((4, 4, 3), shade, np.uint8)


def listing(*samples: tuple[int, str | None]) -> Listing:
    """Samples of (shade, group); the shade is all that an image is."""
    entries = [
        Entry(id=f"{n}", load=lambda shade=shade: picture(shade), labels={"label": n % 2}, group=group)
        for n, (shade, group) in enumerate(samples)
    ]
    return Listing(replace(CARD, tasks=(TASK,)), tuple(entries))


def together(found: Listing) -> set[frozenset[int]]:
    return {frozenset(n for n, unit in enumerate(found.units) if unit == name) for name in set(found.units)}


def test_identical_pixels_are_one_unit_and_others_their_own() -> None:
    assert together(listing((1, None), (2, None), (1, None))) == {frozenset({0, 2}), frozenset({1})}


def test_a_group_is_one_unit() -> None:
    assert together(listing((1, "p"), (2, "p"), (3, "q"))) == {frozenset({0, 1}), frozenset({2})}


def test_groups_that_share_an_image_are_one_unit_over_any_number_of_steps() -> None:
    found = listing((1, "p"), (2, "q"), (1, "q"), (3, "r"), (2, "r"), (9, "s"))
    assert together(found) == {frozenset({0, 1, 2, 3, 4}), frozenset({5})}


def test_an_ungrouped_copy_follows_its_group() -> None:
    assert together(listing((1, None), (1, "p"), (2, "p"))) == {frozenset({0, 1, 2})}


def test_no_group_is_not_a_group_of_that_name() -> None:
    assert together(listing((1, None), (2, None), (3, "None"))) == {
        frozenset({0}),
        frozenset({1}),
        frozenset({2}),
    }


def test_a_listing_is_a_sequence_that_decodes_only_what_is_asked_for() -> None:
    def broken() -> Image:
        raise AssertionError("decoded")

    whole = Listing(CARD, (listing((5, None)).entries[0], Entry(id="x", load=broken)))
    assert whole[0].image[0, 0, 0] == 5
    assert whole.ids == ["0", "x"]
    assert len(whole[1:]) == 1
    assert whole.subset([1, 0]).ids == ["x", "0"]


def test_labels_are_numbers_with_minus_one_for_what_is_not_known() -> None:
    known = listing((1, None), (2, None))
    bare = replace(known, entries=(*known.entries, Entry(id="x", load=lambda: picture(3))))
    assert bare.labels("label").tolist() == [0, 1, -1]
    with pytest.raises(UnknownName, match="Did you mean 'label'"):
        bare.labels("lable")


def test_an_id_is_text_that_any_file_can_hold() -> None:
    assert id_of(PurePosixPath("a/ä.png")) == "a/ä.png"
    strange = id_of(PurePosixPath("a/\udcff.png"))
    assert strange.encode("utf-8") == b"a/\\udcff.png"
