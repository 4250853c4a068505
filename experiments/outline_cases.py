"""The images that outlines are tried on, with the true parts where these are known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from scipy import ndimage

from spermlens.datasets import open_data, synthetic
from spermlens.datasets.sperm_parsing import Annotated, annotated
from spermlens.types import Image, Mask

SEED = 41  # of drawings that nobody had seen when thresholds were chosen: those were of seed 5
HEADS, CELLS, UNDER_CONDITIONS = 400, 200, 200
NON_SPERM = 2
SMALL_SIDE = 64
LOOKS: Mapping[str, Mapping[str, Any]] = {
    "blur": {"blur_px": (2.2, 3.0)},
    "noise": {"read_noise": (8.0, 15.0), "shot_noise": (0.4, 0.8)},
    "stain shift": {"colour_spread": 2.0},
    "low contrast": {"stain": (0.5, 0.6)},
    "clutter": {"clutter": 2.0},
}
DEFAULT = "heads, default look"
CELL_LOOK = "cells, default look"
GREY = "grey: the mean of the channels"
SMALL = f"half scale: um_per_pixel 0.2, {SMALL_SIDE} px"
UNSEEN, LOOKED_AT = "unseen half", "half looked at"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An image, and where its parts truly are.

    The parts of a truth are those of an outline. A part that is surely not there is empty; one of which
    nobody knows is missing. No truth: nobody outlined the cell.
    """

    dataset: str
    condition: str
    id: str
    unit: str  # what is drawn together in a bootstrap
    image: Image
    truth: Mapping[str, Mask] | None = None
    with_peers: bool = False  # other ways to find a head are tried on it, too


def condition_of(name: str) -> str:
    """'blur: blur_px 2.2-3.0', from the settings themselves."""
    words = [
        f"{setting} {value[0]:g}-{value[1]:g}" if isinstance(value, tuple) else f"{setting} {value:g}"
        for setting, value in LOOKS[name].items()
    ]
    return f"{name}: {', '.join(words)}"


def drawn(most: int) -> Iterator[Case]:
    """Heads and cells of the default look, then heads under harder conditions; up to `most` of each."""
    few = min(most, UNDER_CONDITIONS)
    for index in range(min(most, HEADS)):
        yield _drawn(DEFAULT, index, with_peers=index < few)
    labels = open_data("synthetic", options={"count": 3 * CELLS, "seed": SEED, "kind": "cells"}).labels(
        "cell"
    )
    for index in np.flatnonzero(labels != NON_SPERM)[: min(most, CELLS)]:
        yield _drawn(CELL_LOOK, int(index), kind="cells")
    for name, look in LOOKS.items():
        for index in range(few):
            yield _drawn(condition_of(name), index, look=look)
    for index in range(few):
        yield _drawn(GREY, index)
    for index in range(few):
        yield _drawn(SMALL, index, look={"um_per_pixel": 0.2}, with_peers=True)


def by_experts(root: Path, most: int) -> Iterator[Case]:
    """Sperm of Sperm Parsing that the frame of their field does not cut."""
    whole = (one for one in annotated(root) if one.whole_head)
    for one in islice(whole, most):
        yield Case(
            dataset="sperm_parsing",
            condition=half_of(one.group),
            id=one.id,
            unit=one.group,
            image=one.image,
            truth=expert_parts(one),
            with_peers=True,
        )


def without_truth(root: Path, most: int) -> Iterator[Case]:
    """HuSHeM, SMIDS by class, MHSMA, from the folders of these names."""
    for name in ("hushem", "smids", "mhsma"):
        found = open_data(name, root / name)
        for label, places in _by_class(name, found).items():
            for sample in found.subset(places[:most]):
                yield Case(dataset=name, condition=label, id=sample.id, unit=sample.id, image=sample.image)


def half_of(group: str) -> str:
    """Thresholds were chosen while one half of the groups was looked at, never the other."""
    return UNSEEN if int(sha256(group.encode()).hexdigest(), 16) % 2 else LOOKED_AT


def expert_parts(one: Annotated) -> dict[str, Mask]:
    """The experts' parts as an outline has them.

    Theirs divide the head, so that a vacuole is a hole in the part it lies in; in an outline it is not.
    Each vacuole is given back to that of acrosome and nucleus that surrounds more of it. A part that was
    not outlined is missing, for it is not said whether there is none; of heads with an acrosome, all
    vacuoles are taken to be outlined.
    """
    masks, vacuoles = one.masks, one.masks["vacuole"]
    acrosome = masks["acrosome"].copy()
    numbers, count = ndimage.label(vacuoles, np.ones((3, 3)))
    for number in range(1, count + 1):
        hole = numbers == number
        around = ndimage.binary_dilation(hole, np.ones((3, 3))) & ~hole
        if (around & masks["acrosome"]).sum() > (around & masks["nucleus"]).sum():
            acrosome |= hole
    parts = {"head": masks["head"], "acrosome": acrosome}
    parts |= {name: masks[name] for name in ("vacuole", "midpiece", "tail")}
    return {name: mask for name, mask in parts.items() if mask.any()}


def _drawn(
    condition: str, index: int, *, kind: str = "heads", look: Any = None, with_peers: bool = False
) -> Case:
    found = synthetic.draw(index, seed=SEED, kind=kind, look=look)
    image, masks = found.image, dict(found.masks)
    if condition == GREY:
        mean = np.rint(image.mean(axis=2)).astype(np.uint8)
        image = np.repeat(mean[:, :, None], 3, axis=2)
    if condition == SMALL:
        image = _middle(image)
        masks = {name: _middle(mask) for name, mask in masks.items()}
    head = masks["head"]
    truth = {"head": head} | {name: masks[name] & head for name in ("acrosome", "vacuole")}
    truth["midpiece"] = masks["midpiece"] & ~head
    truth["tail"] = masks["tail"] & ~head & ~masks["midpiece"]
    return Case(
        dataset="synthetic",
        condition=condition,
        id=found.id,
        unit=found.id,
        image=image,
        truth=truth,
        with_peers=with_peers,
    )


def _middle(picture: Any) -> Any:
    top, left = ((side - SMALL_SIDE) // 2 for side in picture.shape[:2])
    return np.ascontiguousarray(picture[top : top + SMALL_SIDE, left : left + SMALL_SIDE])


def _by_class(name: str, found: Any) -> dict[str, list[int]]:
    """The places of each class of SMIDS; elsewhere of all images together."""
    if name != "smids":
        return {"all": list(range(len(found)))}
    classes, labels = found.task("cell").classes, found.labels("cell")
    return {label: np.flatnonzero(labels == at).tolist() for at, label in enumerate(classes)}
