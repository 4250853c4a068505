"""The outline of the cell in the middle of a crop, from the image and what is known of sperm; nothing learnt.

Stained heads are dark: a thick dark thing near the middle, freed of threads and neighbours, set onto its rim.
Unstained heads are rims: the most complete ellipse, then the closed path of the strongest rim around it.
"""

from __future__ import annotations

import numpy as np

from spermlens.locate._field import Field, field_of
from spermlens.locate._parts import acrosome_of, front_of, threads_of, vacuoles_of
from spermlens.locate._rim import filled, rim_of
from spermlens.locate._stained import stained_head
from spermlens.locate._trust import Check, checks, ring_checks
from spermlens.locate._unstained import unstained_head
from spermlens.types import Image, Mask, Outline

LEAST_SIDE_PX = 24
RELIABLE = 0.5


def outline(image: Image) -> Outline:
    """Masks of the head and of what else can be seen, with a reliability of 0..1 and the reason against it.

    Acrosome and vacuoles are looked for in stained heads only: there an empty mask says that there is
    none, a missing one that it cannot be told.
    """
    height, width = image.shape[:2]
    if min(height, width) < LEAST_SIDE_PX:
        return _nothing((height, width), f"The image is smaller than {LEAST_SIDE_PX} pixels.")
    field = field_of(image)
    if field.stained:
        return _stained(field)
    return _unstained(field)


def _stained(field: Field) -> Outline:
    rough = stained_head(field)
    if not rough.any():
        return _nothing(field.shape, "No head is seen.")
    rim = rim_of(rough, field.density)
    head = filled(rim.line, field.shape)
    if np.count_nonzero(head) < 30:
        return _nothing(field.shape, "No head is seen.")
    masks = {"head": head, "vacuole": vacuoles_of(head, field)}
    acrosome = acrosome_of(head, field)
    if acrosome is not None:
        masks["acrosome"] = acrosome
    masks |= _threads(head, field, front_of(head, acrosome))
    return _judged(masks, checks(head, rim, field))


def _unstained(field: Field) -> Outline:
    ring = unstained_head(field)
    head = filled(ring.line, field.shape)
    if np.count_nonzero(head) < 30:
        return _nothing(field.shape, "No head is seen.")
    masks = {"head": head, **_threads(head, field, 0j)}
    return _judged(masks, ring_checks(head, ring, field))


def _threads(head: Mask, field: Field, front: complex) -> dict[str, Mask]:
    differs = field.density if field.stained else np.abs(field.brightness)
    found = threads_of(head, differs, field.noise, front)
    if found is None:
        return {}
    return {part: mask for part, mask in zip(("midpiece", "tail"), found, strict=True) if mask.any()}


def _judged(masks: dict[str, Mask], made: list[Check]) -> Outline:
    worst = min(made, key=lambda check: check.worth)
    reliability = float(np.prod([check.worth for check in made]))
    return Outline(
        masks=masks, reliability=reliability, reason="" if reliability >= RELIABLE else worst.reason
    )


def _nothing(shape: tuple[int, int], reason: str) -> Outline:
    return Outline(masks={"head": np.zeros(shape, bool)}, reliability=0.0, reason=reason)
