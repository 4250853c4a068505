"""All that an audit finds, together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spermlens.audit.clean import Proposal, propose
from spermlens.audit.copies import Pair, components, contradicting, families, find_pairs
from spermlens.audit.leaks import Plan, plans
from spermlens.audit.look import flags
from spermlens.audit.metadata import Told, columns_of, what_metadata_tells
from spermlens.audit.survey import Seen, Tell, readable, survey
from spermlens.audit.suspects import Suspect, suspects
from spermlens.audit.twins import find_twins
from spermlens.config import Experiment
from spermlens.datasets import Listing
from spermlens.errors import DataCorrupt, DataMissing
from spermlens.evaluate.counts import Share
from spermlens.evaluate.intervals import exact_accuracy
from spermlens.evaluate.table import UNKNOWN, Predictions


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What was found. Pairs and families number the readable images, in order."""

    listing: Listing
    seen: tuple[Seen, ...]
    odd: Mapping[str, tuple[str, ...]]  # image -> flags; only those that have some
    pairs: tuple[Pair, ...]
    plans: tuple[Plan, ...]
    told: tuple[Told, ...]
    suspects: tuple[Suspect, ...] | None  # None: no run was asked
    run_right: Mapping[str, Share]  # task -> accuracy of the run that was asked
    proposals: tuple[Proposal, ...]

    @property
    def good(self) -> list[Seen]:
        """The readable images."""
        return [one for one in self.seen if one.content is not None]

    @property
    def bad(self) -> list[Seen]:
        return [one for one in self.seen if one.content is None]

    @property
    def families(self) -> NDArray[np.int64]:
        """The number of the family of copies of each readable image."""
        return families(len(self.good), self.pairs)

    def conflicts(self, pair: Pair) -> tuple[str, ...]:
        """The tasks in which the two images of a pair have different labels."""
        return contradicting([self.labels(pair.first), self.labels(pair.second)])

    def labels(self, place: int) -> Mapping[str, int | None]:
        return self.good[place].entry.labels

    @property
    def counts(self) -> dict[str, int]:
        """How many of what, for the first line of everything that is written."""
        exact = [pair for pair in self.pairs if pair.exact]
        near = [pair for pair in self.pairs if not pair.exact]
        flagged = Counter(flag for names in self.odd.values() for flag in names)
        return {
            "images": len(self.seen),
            "unreadable": len(self.bad),
            "identical_pairs": len(exact),
            "identical_pairs_in_conflict": sum(bool(self.conflicts(pair)) for pair in exact),
            "near_pairs": len(near),
            "near_pairs_in_conflict": sum(bool(self.conflicts(pair)) for pair in near),
            "suffix_lies": sum(one.source is not None and one.source.suffix_lies for one in self.seen),
            **{flag: flagged[flag] for flag in ("dark", "blurred", "saturated", "tiny")},
            "suspects": len(self.suspects or ()),
            "in_the_clean_list": sum(proposal.keep for proposal in self.proposals),
        }

    @property
    def leaking(self) -> list[Plan]:
        """The plans asked for that have copies or groups on both sides."""
        return [plan for plan in self.plans if plan.counts and plan.leaks]


def examine(
    listing: Listing,
    *,
    experiment: Experiment | None = None,
    predictions: Mapping[str, Predictions] | None = None,
    tell: Tell = lambda *_: None,
) -> Findings:
    """Look at every image and everything between them. `predictions` are the tables of a run, by task."""
    doubted = None if predictions is None else _doubted(listing, predictions)
    seen = survey(listing, tell)
    part = readable(listing, seen)
    if not len(part):
        raise DataMissing(
            f"'{listing.card.name}': none of {len(seen)} images can be read. First: {seen[0].message}"
            if seen
            else f"'{listing.card.name}': there is no image. Check the place."
        )
    good = [one for one in seen if one.content is not None]
    contents = [one.content for one in good if one.content is not None]
    tell("comparing", 0, 3)
    digests = [content.digest for content in contents]
    pairs = find_pairs(digests, [content.thumbnail for content in contents])
    pairs += find_twins(digests, [content.middle for content in contents], pairs)
    tell("dividing", 1, 3)
    planned = plans(part, pairs, experiment)
    tell("guessing from metadata", 2, 3)
    odd = zip(good, flags([c.measures for c in contents]), strict=True)
    return Findings(
        listing=listing,
        seen=seen,
        odd={one.entry.id: names for one, names in odd if names},
        pairs=tuple(pairs),
        plans=tuple(planned),
        told=tuple(_told(part, good, pairs)),
        suspects=doubted,
        run_right={name: exact_accuracy(table) for name, table in (predictions or {}).items()},
        proposals=tuple(propose(seen, pairs)),
    )


def _told(part: Listing, good: Sequence[Seen], pairs: Sequence[Pair]) -> list[Told]:
    links = [(pair.first, pair.second) for pair in pairs]
    first: dict[str, int] = {}
    for place, entry in enumerate(part.entries):
        if entry.group is not None:
            links.append((first.setdefault(entry.group, place), place))
    units, columns = components(len(good), links), columns_of(good)
    return [
        told
        for task in part.card.tasks
        for told in what_metadata_tells(columns, part.labels(task.name), task, units)
    ]


def _doubted(listing: Listing, predictions: Mapping[str, Predictions]) -> tuple[Suspect, ...]:
    """The suspects of all tasks; the run must speak of these images and these labels."""
    labels = {entry.id: entry.labels for entry in listing.entries}
    for name, table in predictions.items():
        listing.task(name)
        for image, truth in zip(table.ids, table.truth.tolist(), strict=True):
            if image not in labels:
                raise DataCorrupt(
                    f"The run speaks of '{image}', which '{listing.card.name}' as read here has not. "
                    "Name the data, --root and --option with which the run was trained."
                )
            known = labels[image].get(name)
            given = listing.task(name).classes[known] if known is not None else None
            learned = table.task.classes[truth] if truth != UNKNOWN else None
            if given != learned:
                raise DataCorrupt(
                    f"The run learned '{image}' as {learned}, here it is {given}. "
                    "Audit the labels that the run was trained with."
                )
    found = [suspect for table in predictions.values() for suspect in suspects(table)]
    return tuple(sorted(found, key=lambda suspect: -suspect.doubt))
