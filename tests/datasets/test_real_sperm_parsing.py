"""The published fields and masks are what the card says of them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from skimage.measure import label, regionprops

from spermlens.datasets._verify import hash_of_hashes, known_pixels
from spermlens.datasets.sperm_parsing import CARD, Annotated, annotated
from spermlens.images import pixel_hash
from spermlens.types import Mask


def test_the_real_set_is_whole_and_its_outlines_are_as_the_card_says(real_sperm_parsing: Path) -> None:
    missing, groups, digests, lengths, short = Counter(), {}, {}, [], 0
    for one in annotated(real_sperm_parsing):  # read once: some twenty seconds
        digests[pixel_hash(one.image)] = [one.id]
        groups[one.group] = one.group.count("-") == 2
        missing.update(name for name in ("acrosome", "vacuole", "midpiece") if not one.masks[name].any())
        lengths += [length_of(one.masks["head"])] if one.whole_head else []
        short += one.image.shape[:2] != (131, 131)
        assert one.image.shape[:2] != (131, 131) or off_middle(one) < 12
    assert digests == known_pixels("sperm_parsing")
    assert len(digests) == CARD.images
    assert hash_of_hashes(digests) == CARD.pixels_sha256
    assert Counter(groups.values()) == {True: 15, False: 64}
    assert missing == {"acrosome": 59, "vacuole": 209, "midpiece": 32}
    assert (len(lengths), short) == (794 - 18, 186)
    assert np.median(lengths) == pytest.approx(89.8 / 2, abs=0.5)


def length_of(head: Mask) -> float:
    pieces = label(head)
    assert pieces.max() == 1
    return regionprops(pieces)[0].axis_major_length


def off_middle(one: Annotated) -> float:
    return float(np.hypot(*(np.argwhere(one.masks["head"]).mean(axis=0) - 65)))
