"""A proposed list without copies and contradictions, with a reason for each image. Nothing is dropped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from spermlens.audit.copies import Pair, contradicting, families
from spermlens.audit.survey import Seen


@dataclass(frozen=True, slots=True)
class Proposal:
    """Whether to keep an image, and why."""

    image: str
    keep: bool
    reason: str


def propose(seen: Sequence[Seen], pairs: Sequence[Pair]) -> list[Proposal]:
    """One an image, in order; `pairs` are places among the readable.

    Of images that are copies of each other the first stays. Where their labels contradict each other nobody
    knows which is right, so none stays. What cannot be read does not stay.
    """
    good = [one for one in seen if one.content is not None]
    reasons = _reasons(good, pairs)
    found = []
    for one in seen:
        if one.content is None:
            found.append(Proposal(one.entry.id, False, f"cannot be read: {one.message}"))
        else:
            keep, reason = reasons.get(one.entry.id, (True, "no copy of another image"))
            found.append(Proposal(one.entry.id, keep, reason))
    return found


def _reasons(good: Sequence[Seen], pairs: Sequence[Pair]) -> Mapping[str, tuple[bool, str]]:
    """{image: whether it stays, why} of all that have copies."""
    members: dict[int, list[int]] = {}
    for place, family in enumerate(families(len(good), pairs).tolist()):
        members.setdefault(family, []).append(place)
    found: dict[str, tuple[bool, str]] = {}
    for places in members.values():
        if len(places) < 2:
            continue
        ids = [good[place].entry.id for place in places]
        conflict = contradicting([good[place].entry.labels for place in places])
        for id, place in zip(ids, places, strict=True):
            content = good[place].content
            twin = next((other for other in places if other != place), place)
            if conflict:
                others = ", ".join(other for other in ids if other != id)
                found[id] = False, f"labelled otherwise than its copy {others} ({', '.join(conflict)})"
            elif place == places[0]:
                found[id] = True, f"the first of {len(places)} copies"
            else:
                first = good[twin].content
                same = content is not None and first is not None and content.digest == first.digest
                found[id] = False, f"{'the same pixels as' if same else 'nearly the same as'} {ids[0]}"
    return found
