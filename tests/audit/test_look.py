"""Measures mean what their docstring says, and only what was planted is odd."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from spermlens.audit.look import flags, measure
from spermlens.types import Image


def blurred(image: Image, width: float = 2.0) -> Image:
    return gaussian_filter(image, (width, width, 0))


def test_measures_of_a_picture_whose_values_are_known() -> None:
    image = np.full((40, 80, 3), 200, np.uint8)
    image[10:30, 20:60] = 100
    image[0, :8] = 255
    image[1, :16] = 0
    found = measure(image)
    assert (found.width, found.height) == (80, 40)
    grey = image[:, :, 0].astype(float)
    assert found.mean == pytest.approx(grey.mean(), rel=1e-4)
    assert found.spread == pytest.approx(grey.std(), rel=1e-4)
    assert found.saturated == 8 / 3200
    assert found.black == 16 / 3200
    assert found.snr == pytest.approx(grey[grey > 100].mean() / 0.5, rel=1e-3)  # no noise: the floor
    assert found.cnr == pytest.approx((grey[grey > 100].mean() - grey[grey <= 100].mean()) / 0.5, rel=1e-3)


def test_noise_lowers_snr_as_its_spread_says() -> None:
    rng = np.random.default_rng(0)
    image = np.full((200, 200, 3), 150.0) + rng.normal(0, 6, (200, 200, 1))
    image[80:120, 80:120] -= 60
    found = measure(image.round().clip(0, 255).astype(np.uint8))
    assert found.snr == pytest.approx(150 / 6, rel=0.1)
    assert found.cnr == pytest.approx(60 / 6, rel=0.1)


def test_one_saturated_channel_is_saturated() -> None:
    image = np.full((10, 10, 3), 100, np.uint8)
    image[:, :, 0] = 255
    assert measure(image).saturated == 1


def test_focus_falls_with_blur_and_is_the_same_in_other_light(heads: list[Image]) -> None:
    for image in heads[:6]:
        sharp = measure(image).focus
        assert measure(blurred(image, 1)).focus < 0.7 * sharp
        assert measure(blurred(image)).focus < 0.4 * sharp
        dimmed = (40 + image * 0.6).round().astype(np.uint8)
        assert measure(dimmed).focus == pytest.approx(sharp, rel=0.2)


def test_a_black_field_is_not_blur(heads: list[Image]) -> None:
    images = [image.copy() for image in heads]
    images[0][:, :40] = 0
    assert "blurred" not in flags([measure(image) for image in images])[0]


def test_a_blank_image_has_measures() -> None:
    found = measure(np.full((16, 16, 3), 255, np.uint8))
    assert (found.focus, found.cnr, found.saturated) == (0, 0, 1)
    assert found.snr == 510
    assert measure(np.zeros((16, 16, 3), np.uint8)).black == 1


def test_what_was_planted_is_odd_and_nothing_else(heads: list[Image]) -> None:
    images = list(heads)
    images[3] = blurred(images[3])
    images[10] = (images[10] * 0.3).astype(np.uint8)
    images[20] = images[20].copy()
    images[20][:30] = 255
    images[30] = images[30][50:80, 50:80]
    found = flags([measure(image) for image in images])
    assert "blurred" in found[3]
    assert "dark" in found[10]
    assert "saturated" in found[20]
    assert "tiny" in found[30]
    planted = {3, 10, 20, 30}
    assert not [place for place, names in enumerate(found) if names and place not in planted]


def test_equal_images_are_not_odd_for_a_hair(heads: list[Image]) -> None:
    one = measure(heads[0])
    nearly = replace(one, mean=one.mean - 2, focus=one.focus * 0.97, saturated=one.saturated + 0.001)
    assert flags([one] * 20 + [nearly])[-1] == ()
    assert flags([]) == []
