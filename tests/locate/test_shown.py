"""What is hidden is grey, what is shown is untouched, and what an erased head still tells is its length."""

from __future__ import annotations

import numpy as np
import pytest

from spermlens.datasets.synthetic import draw
from spermlens.evaluate.overlap import dice
from spermlens.locate.shown import GREY, SHOWN, disc_around, head_in, shown

ROWS, COLUMNS = np.indices((60, 80))
LONG = ((ROWS - 30) / 8) ** 2 + ((COLUMNS - 44) / 20) ** 2 <= 1
ROUND = (ROWS - 30) ** 2 + (COLUMNS - 44) ** 2 <= 20**2


@pytest.fixture
def image() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 100, (60, 80, 3), dtype=np.uint8)  # nowhere grey


def hidden(image: np.ndarray) -> np.ndarray:
    return (image == GREY).all(2)


def test_each_part_hides_what_it_says(image: np.ndarray) -> None:
    assert (shown(image, LONG, "whole") == image).all()
    assert (hidden(shown(image, LONG, "head")) == ~LONG).all()
    assert (hidden(shown(image, LONG, "background")) == LONG).all()
    erased = hidden(shown(image, LONG, "head_erased"))
    assert erased[LONG].all()
    for what in SHOWN:
        seen = shown(image, LONG, what)
        assert (seen[~hidden(seen)] == image[~hidden(seen)]).all()


def test_what_is_erased_does_not_tell_the_form(image: np.ndarray) -> None:
    """A narrow head and a round one of the same length leave the same picture."""
    assert (shown(image, LONG, "head_erased") == shown(image, ROUND, "head_erased")).all()
    assert (shown(image, LONG, "background") != shown(image, ROUND, "background")).any()


def test_the_disc_holds_the_head_with_a_margin_and_little_more() -> None:
    disc = disc_around(ROUND)
    assert disc[ROUND].all()
    assert np.sqrt(disc.sum() / np.pi) == pytest.approx(1.15 * 21, abs=0.3)
    assert not disc_around(ROUND & False).any()


def test_the_head_is_found_or_the_middle_stands_for_it() -> None:
    drawing = draw(3, labels={})
    assert dice(head_in(drawing.image), drawing.masks["head"]) > 0.9
    too_small = head_in(np.full((20, 31, 3), 200, np.uint8))
    assert too_small[10, 15]
    assert np.sqrt(too_small.sum() / np.pi) == pytest.approx(6, abs=0.3)


def test_a_part_that_is_not_known_is_refused(image: np.ndarray) -> None:
    with pytest.raises(ValueError, match="head_erased"):
        shown(image, LONG, "tail")
