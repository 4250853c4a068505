"""CAM: the share that each position has in the logit (Zhou et al. 2016, arXiv 1512.04150, equation 2).

Exact at the map that is pooled, because the head averages and then applies one linear layer; no gradient
is needed. Signed: positions may also speak against the class.
"""

from __future__ import annotations

from torch import Tensor

from spermlens.errors import UsageError
from spermlens.explain._capture import View

SIGNED = True


def maps(view: View) -> Tensor:
    """Sum over channels of class weight times activation."""
    if view.layer != "pooled":
        raise UsageError(
            f"CAM is defined at the map that is pooled, not at '{view.layer}'. "
            "Use --method gradcam for other layers, or --layer pooled."
        )
    all_classes = view.network.head(view.task).maps(view.features)
    return all_classes[range(len(view.targets)), view.targets]
