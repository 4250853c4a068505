"""What is asked of a method, and its answer brought to an image's size and to 0..1. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spermlens.types import Explanation, Heat

EveryClass = NDArray[np.float32]  # images x classes x height x width


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Why this class? One class a batch, or one an image. With rivals: why this class and not that one?"""

    task: str
    targets: tuple[int, ...]
    rivals: tuple[int, ...] = ()  # as many as targets, or none
    method: str = "cam"  # with SMOOTHED behind its name: the mean of its maps of noisy copies
    layer: str = ""  # empty: the method's own, usually the map that is pooled


@dataclass(frozen=True, slots=True)
class RawMap:
    """A method's answer before any scaling: (height, width), signed where the method is."""

    values: NDArray[np.float32]
    signed: bool
    layer: str


def explanations(
    raw: Sequence[RawMap], size: tuple[int, int], question: Question, classes: Sequence[str]
) -> list[Explanation]:
    """One an image, its heat of `size`; `classes` are those of the question's task."""
    rivals = question.rivals or (None,) * len(question.targets)
    return [
        as_explanation(one, size, question, classes[target], "" if rival is None else classes[rival])
        for one, target, rival in zip(raw, question.targets, rivals, strict=True)
    ]


def as_explanation(
    raw: RawMap, size: tuple[int, int], question: Question, target: str, rival: str = ""
) -> Explanation:
    """Divide by the largest value, keep it as `peak`, and enlarge to `size`."""
    peak = float(np.abs(raw.values).max()) if raw.signed else float(raw.values.max())
    scaled = raw.values / peak if peak > 0 else np.zeros_like(raw.values)
    return Explanation(
        heat=enlarge(np.maximum(scaled, 0), size),
        against=enlarge(np.maximum(-scaled, 0), size) if raw.signed else None,
        peak=max(peak, 0.0),
        status="evidence" if peak > 0 else "no_evidence",
        map_size=(raw.values.shape[0], raw.values.shape[1]),
        task=question.task,
        target=target,
        rival=rival,
        method=question.method,
        layer=raw.layer,
    )


def enlarge(values: NDArray[np.float32], size: tuple[int, int]) -> Heat:
    """Bilinear, cell centres on cell centres, so that nothing is moved."""
    from PIL import Image as Pillow

    height, width = size
    grown = Pillow.fromarray(np.ascontiguousarray(values, np.float32)).resize(
        (width, height), Pillow.Resampling.BILINEAR
    )
    heat: Heat = np.asarray(grown).clip(0, 1)
    return heat
