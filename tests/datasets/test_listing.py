"""What must stay together: identical pixels, groups, and groups that share an image."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import PurePosixPath

import numpy as np
import pytest

from spermlens.datasets import Entry, Listing, id_of
from spermlens.datasets._near_copies import near_copies
from spermlens.datasets._verify import known_pixels
from spermlens.datasets.folder import CARD
from spermlens.errors import UnknownName
from spermlens.images import pixel_hash
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


@pytest.fixture
def near(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shades 1, 2 and 3 are pictures of one cell."""
    family = {pixel_hash(picture(shade)): "drawn/1" for shade in (1, 2, 3)}
    monkeypatch.setattr("spermlens.datasets._listing.near_copies", lambda: family)


@pytest.mark.usefixtures("near")
def test_near_copies_are_one_unit() -> None:
    found = listing((1, None), (9, None), (2, None), (3, None))
    assert together(found) == {frozenset({0, 2, 3}), frozenset({1})}


@pytest.mark.usefixtures("near")
def test_near_copies_pull_their_groups_and_their_identical_images_together() -> None:
    found = listing((1, "p"), (8, "p"), (2, "q"), (7, "q"), (3, None), (3, None), (9, "r"))
    assert together(found) == {frozenset({0, 1, 2, 3, 4, 5}), frozenset({6})}


def test_the_shipped_near_copies_are_pixels_of_the_shipped_sets() -> None:
    families: dict[str, set[str]] = {}
    for digest, family in near_copies().items():
        assert digest in known_pixels(family.split("/")[0])
        families.setdefault(family, set()).add(digest)
    assert min(map(len, families.values())) == 2
    assert Counter(family.split("/")[0] for family in families) == {"hushem": 3, "smids": 153, "mhsma": 24}


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
