"""Cascading randomisation (Adebayo et al. 2018, arXiv 1810.03292): a map must follow what was learned.

Layers forget, the heads first, then downwards, until the network is as it was before it learned. A map that
stays as it was shows the picture, not the network.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy

import numpy as np
import torch
from torch import nn

from spermlens.models._network import Network

STOPS = 8  # looks below the heads


def cascade(network: Network, *, stops: int = STOPS, seed: int = 0) -> Iterator[tuple[str, Network]]:
    """Copies that have forgotten more and more, each with the name of the lowest layer that has.

    First the heads alone, then what lies below them, attention first, in `stops` equal parts or as many as
    there are layers; the last copy knows nothing. The network stays as it is, and so does torch's generator.
    """
    copy = deepcopy(network)
    heads = [name for name in _layers(copy) if name.startswith("heads.")]
    attention = [name for name in _layers(copy) if name.startswith("attention.")]
    below = attention[::-1] + [name for name in _layers(copy) if name.startswith("trunk.")][::-1]
    parts = np.array_split(np.array(below), min(stops, len(below)))
    for number, names in enumerate([heads, *(part.tolist() for part in parts)]):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed + number)
            for name in names:
                _layers(copy)[name].reset_parameters()  # type: ignore[operator]
        yield names[-1], deepcopy(copy)


def _layers(network: Network) -> dict[str, nn.Module]:
    """What can forget: every layer that knows how its weights were first drawn, first to last."""
    return {name: one for name, one in network.named_modules() if hasattr(one, "reset_parameters")}
