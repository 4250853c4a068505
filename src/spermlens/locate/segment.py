"""The outline of the cell in the middle of a crop, from the image and what is known of sperm; nothing learnt.

Stained heads are dark: a thick dark thing near the middle, freed of threads and neighbours, set onto its rim.
Unstained heads are rims: the most complete ellipse, then the closed path of the strongest rim around it.
"""

from __future__ import annotations

import numpy as np

from spermlens.locate._field import Field, field_of
from spermlens.locate._found import Found
from spermlens.locate._parts import acrosome_of, front_of, vacuoles_of
from spermlens.locate._rim import filled, rim_of
from spermlens.locate._stained import stained_head
from spermlens.locate._threads import threads_of
from spermlens.locate._trust import Check, checks, end_checks, ring_checks
from spermlens.locate._unstained import unstained_head
from spermlens.types import Image, Mask, Outline

LEAST_SIDE_PX = 24
WIDEST_PX = 2048  # a longer image is a field of view: to look for one cell in it takes long and finds none
LEAST_HEAD_PX = 30
RELIABLE = 0.65


def outline(image: Image) -> Outline:
    """Masks of the head and of what else can be seen, with a reliability of 0..1 and the reason against it.

    Acrosome and vacuoles are looked for in stained heads only: there an empty mask says that there is
    none, a missing one that it cannot be told.
    """
    height, width = image.shape[:2]
    if min(height, width) < LEAST_SIDE_PX:
        return _nothing((height, width), f"The image is smaller than {LEAST_SIDE_PX} pixels.")
    if max(height, width) > WIDEST_PX:
        reason = f"{width}x{height} pixels are a field of view: outlines are drawn in crops of one cell."
        return _nothing((height, width), reason)
    field = field_of(image)
    if field.stained:
        return _stained(field)
    return _unstained(field)


def _stained(field: Field) -> Outline:
    rough = stained_head(field)
    if not rough.any():
        return _nothing(field.shape, "No head is seen.")
    rim = rim_of(rough, field.density)
    mask = filled(rim.line, field.shape)
    if np.count_nonzero(mask) < LEAST_HEAD_PX:
        return _nothing(field.shape, "No head is seen.")
    head = Found.of(mask)
    masks = {"head": mask, "vacuole": vacuoles_of(head, field)}
    acrosome = acrosome_of(head, field)
    if acrosome is not None:
        masks["acrosome"] = acrosome
    front = front_of(head, acrosome)
    threads = threads_of(head, field, front)
    return _judged(masks | threads, [*checks(head, rim, field), *end_checks(head, front, threads)])


def _unstained(field: Field) -> Outline:
    ring = unstained_head(field)
    mask = filled(ring.line, field.shape)
    if np.count_nonzero(mask) < LEAST_HEAD_PX:
        return _nothing(field.shape, "No head is seen.")
    head = Found.of(mask)
    return _judged({"head": mask, **threads_of(head, field, 0j)}, ring_checks(head, ring, field))


def _judged(masks: dict[str, Mask], made: list[Check]) -> Outline:
    worst = min(made, key=lambda check: check.worth)
    reliability = float(np.prod([check.worth for check in made]))
    return Outline(
        masks=masks, reliability=reliability, reason="" if reliability >= RELIABLE else worst.reason
    )


def _nothing(shape: tuple[int, int], reason: str) -> Outline:
    return Outline(masks={"head": np.zeros(shape, bool)}, reliability=0.0, reason=reason)
