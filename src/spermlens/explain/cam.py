"""CAM: the share that each position has in the logit (Zhou et al. 2016, arXiv 1512.04150, equation 2).

Exact at the map that is pooled, because the head averages and then applies one linear layer; no gradient
is needed. Signed: positions may also speak against the class.
"""

from __future__ import annotations

from torch import Tensor

from spermlens.models._network import Network, Passage

SIGNED = True


def exact(_network: Network, passage: Passage, task: str) -> Tensor:
    """Sum over channels of class weight times activation."""
    return passage.maps[task]
