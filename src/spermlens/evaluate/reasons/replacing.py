"""What stands where something is taken out of a picture. There is no neutral choice, so it is named."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from spermlens.types import Image

BLUR_SHARE = 0.08  # standard deviation over the shorter side: no head is made out any more

Replace = Callable[[Image], Image]


def mean_colour(image: Image) -> Image:
    """One colour everywhere: the picture's mean."""
    mean = np.rint(image.mean((0, 1))).astype(np.uint8)
    return np.broadcast_to(mean, image.shape).copy()


def blurred(image: Image) -> Image:
    """The picture without its detail: its own colours, its own light, no edges."""
    from scipy.ndimage import gaussian_filter

    width = BLUR_SHARE * min(image.shape[:2])
    found: Image = gaussian_filter(image.astype(np.float32), (width, width, 0), mode="nearest").round()
    return found.astype(np.uint8)
