"""The blob is what its formula says, enlarged bilinear, as maps are."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import norm

from spermlens.evaluate.reasons.blob import centred_blob
from spermlens.evaluate.reasons.inside import peak_of


@pytest.mark.parametrize(("cells", "size"), [((4, 4), (128, 128)), ((7, 5), (49, 60)), ((1, 1), (9, 9))])
def test_it_is_a_normal_distribution_enlarged_as_maps_are(
    cells: tuple[int, int], size: tuple[int, int]
) -> None:
    along = [norm.pdf((np.arange(n) + 0.5) / n, 0.5, 0.25) for n in cells]
    values = torch.from_numpy(np.outer(*along))[None, None]
    grown = torch.nn.functional.interpolate(values / values.max(), size=size, mode="bilinear")[0, 0]
    np.testing.assert_allclose(centred_blob(cells, size), grown.numpy(), atol=1e-6)


@pytest.mark.parametrize("cells", [(4, 4), (5, 5), (8, 8)])
def test_its_peak_is_the_middle_also_between_four_cells(cells: tuple[int, int]) -> None:
    blob = centred_blob(cells, (65, 65))
    assert peak_of(blob) == (32, 32)
    np.testing.assert_allclose(blob, blob[::-1, ::-1], atol=1e-6)
    assert blob.max() == pytest.approx(1)
