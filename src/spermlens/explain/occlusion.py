"""Occlusion: how far the score falls when a part of the picture is covered (Zeiler and Fergus 2014,
arXiv 1311.2901, section 4.2).

What the network is asked is what is meant: no gradient, nothing about its inside. The cover has the colour
of the empty slide, but its edges are new, and the network may see them, too.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor

from spermlens.explain._blank import blank
from spermlens.explain._capture import Score
from spermlens.models._network import Network

SIGNED = True
LAYER = "input"
FIELDS = 8  # along the shorter side: side by side, each covered once


def by_asking(network: Network, squares: Tensor, score: Score) -> Tensor:
    """The fall of the score for each field; below nought where it rises."""
    height, width = squares.shape[2:]
    rows, columns = (_fields(side, min(height, width)) for side in (height, width))
    cover = blank(squares)
    with torch.inference_mode():
        whole, falls = score.of(network(squares)), []
        for row in rows:
            for column in columns:
                covered = squares.clone()
                covered[:, :, row, column] = cover
                falls.append(whole - score.of(network(covered)))
    return torch.stack(falls, 1).view(-1, len(rows), len(columns))


def _fields(side: int, shorter: int) -> list[slice]:
    """Fields of one size but for a pixel, that leave nothing out."""
    count = round(min(FIELDS, shorter) * side / shorter)
    edges = [round(index * side / count) for index in range(count + 1)]
    return [slice(start, end) for start, end in pairwise(edges)]
