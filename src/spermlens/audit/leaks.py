"""Copies and groups that stand on both sides of a planned split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from spermlens.audit.copies import Pair
from spermlens.config import Experiment, Protocol
from spermlens.datasets import Listing
from spermlens.errors import SpermlensError
from spermlens.training.folds import Split, splits

OWN_SPLIT = "the data set's own split"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A planned split, looked at. `trouble` says why it cannot be made; then nothing is known of it."""

    name: str
    parts: tuple[str, ...] = ()  # each part with its size, for people
    copies: tuple[Pair, ...] = ()  # on both sides
    groups: tuple[str, ...] = ()  # on both sides
    counts: bool = True  # False: told, but not what was asked to be planned
    trouble: str = ""

    @property
    def leaks(self) -> bool:
        return bool(self.copies or self.groups)

    def sentence(self) -> str:
        """What was found, in words."""
        if self.trouble:
            return f"{self.name}: cannot be made: {self.trouble}"
        if not self.leaks:
            return f"{self.name}: no copies and no groups on both sides."
        exact = sum(pair.exact for pair in self.copies)
        told = [
            (exact, "pair of identical images", "pairs of identical images"),
            (len(self.copies) - exact, "pair of near copies", "pairs of near copies"),
            (len(self.groups), "group", "groups"),
        ]
        words = [f"{count} {one if count == 1 else many}" for count, one, many in told if count]
        return f"{self.name}: on both sides stand {' and '.join(words)}."


def plans(listing: Listing, pairs: Sequence[Pair], experiment: Experiment | None = None) -> list[Plan]:
    """The experiment's protocol, else five folds; and where there is one, the data set's own split.

    `pairs` are places in the listing. With an experiment that does not follow it, the set's own split is
    told but does not count.
    """
    protocol = Protocol(allow_ungrouped=True) if experiment is None else experiment.protocol
    name = f"{protocol.folds} folds" if experiment is None else f"the protocol of '{experiment.name}'"
    found = [_protocol(name, _with_tasks(listing, experiment), protocol, pairs)]
    if any(entry.split for entry in listing.entries):
        own = np.array([entry.split or "" for entry in listing.entries])
        sizes = [f"{part} {int((own == part).sum())}" for part in sorted(set(own.tolist()) - {""})]
        copies, groups = _crossing(listing, own, pairs)
        parts, counts = tuple(sizes), experiment is None
        found.append(Plan(name=OWN_SPLIT, parts=parts, copies=copies, groups=groups, counts=counts))
    return found


def _protocol(name: str, listing: Listing, protocol: Protocol, pairs: Sequence[Pair]) -> Plan:
    try:
        made = splits(listing, protocol)
    except SpermlensError as error:
        return Plan(name=name, trouble=str(error))
    copies: dict[Pair, None] = {}
    groups: dict[str, None] = {}
    for split in made:
        some_copies, some_groups = _crossing(listing, _sides(split, len(listing)), pairs)
        copies |= dict.fromkeys(some_copies)
        groups |= dict.fromkeys(some_groups)
    sizes = [f"{split.name} {len(split.train)} + {len(split.inner)} / {len(split.test)}" for split in made]
    return Plan(name=name, parts=tuple(sizes), copies=tuple(copies), groups=tuple(groups))


def _sides(split: Split, count: int) -> NDArray[np.str_]:
    """What is learned from, chosen on or not, is one side; what is tested the other."""
    side = np.full(count, "", "U5")
    side[split.train] = side[split.inner] = "learn"
    side[split.test] = "test"
    return side


def _crossing(
    listing: Listing, side: NDArray[np.str_], pairs: Sequence[Pair]
) -> tuple[tuple[Pair, ...], tuple[str, ...]]:
    """Pairs and groups with members on two sides; an image on no side takes no part."""
    copies = (p for p in pairs if side[p.first] and side[p.second] and side[p.first] != side[p.second])
    members: dict[str, set[str]] = {}
    for entry, where in zip(listing.entries, side.tolist(), strict=True):
        if entry.group is not None and where:
            members.setdefault(entry.group, set()).add(where)
    return tuple(copies), tuple(sorted(group for group, sides in members.items() if len(sides) > 1))


def _with_tasks(listing: Listing, experiment: Experiment | None) -> Listing:
    """Folds are stratified by the tasks that an experiment learns."""
    if experiment is None or not experiment.data.tasks:
        return listing
    tasks = tuple(listing.task(name) for name in experiment.data.tasks)
    chosen = replace(listing, card=replace(listing.card, tasks=tasks, counts={}))
    vars(chosen)["pixel_hashes"] = listing.pixel_hashes
    return chosen
