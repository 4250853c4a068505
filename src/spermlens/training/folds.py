"""Who is tested when: stratified by class, units never divided, every choice made on inner images."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from spermlens.config import Protocol
from spermlens.datasets import Listing
from spermlens.errors import ConfigError, DataError

Indices = NDArray[np.int64]
FINAL = "final"  # the training on everything, beside the folds
PARTS = ("train", "valid", "test")  # as publishers divide


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Positions in the listing: learn on `train`, choose on `inner`, judge on `test`."""

    repeat: int
    fold: int
    train: Indices
    inner: Indices
    test: Indices

    @property
    def name(self) -> str:
        return f"r{self.repeat}f{self.fold}"


def splits(listing: Listing, protocol: Protocol) -> list[Split]:
    """All trainings of a protocol. The same data, protocol and repeat number give the same splits.

    Judged on inner images, they are the same without their test images, which then nothing can look at.
    """
    _need_groups(listing, protocol)
    if protocol.kind == "official":
        made = [_official(listing, protocol, repeat) for repeat in protocol.repeats]
    else:
        made = _divided(listing, protocol)
    return made if protocol.judge == "test" else [_without_test(split) for split in made]


def _divided(listing: Listing, protocol: Protocol) -> list[Split]:
    sides = protocol.folds if protocol.kind == "folds" else 2
    units, strata = np.array(listing.units), _strata(listing, sides)
    made = []
    for repeat in protocol.repeats:
        for fold, (rest, test) in enumerate(_divide(units, strata, protocol, repeat)):
            train, inner = _set_inner_aside(rest, units, strata, protocol.inner_share, (repeat, fold))
            made.append(Split(repeat=repeat, fold=fold, train=train, inner=inner, test=test))
    return made


def _without_test(split: Split) -> Split:
    if not len(split.inner):
        raise ConfigError(
            "The official split has no valid images, so there are none to judge on. Set protocol.inner_share "
            "above 0, or protocol.judge to test."
        )
    return replace(split, test=split.test[:0])


def on_both_sides(listing: Listing, split: Split) -> tuple[int, int]:
    """How many of the test images' units are learned from too, and how many there are.

    A unit is a group, else identical images. Only an official split divides any.
    """
    units = np.array(listing.units)
    learned = set(units[split.train]) | set(units[split.inner])
    tested = set(units[split.test])
    return len(tested & learned), len(tested)


def everything(listing: Listing) -> Split:
    """The final training: all images, nothing held back."""
    none = np.array([], np.int64)
    return Split(repeat=0, fold=0, train=np.arange(len(listing)), inner=none, test=none)


def _official(listing: Listing, protocol: Protocol, repeat: int) -> Split:
    """The publisher's train, valid (for choices) and test, whether or not these divide a group."""
    parts = _published_parts(listing)
    train, inner = parts["train"], parts["valid"]
    if not len(inner):
        if protocol.keep != "last" and protocol.inner_share == 0:
            raise ConfigError(
                f"The official split has no valid images, so protocol.keep = '{protocol.keep}' has none to "
                "choose on. Set protocol.inner_share above 0, or protocol.keep to last."
            )
        units, strata = np.array(listing.units), _strata(listing, 2)
        train, inner = _set_inner_aside(train, units, strata, protocol.inner_share, (repeat, 0))
    return Split(repeat=repeat, fold=0, train=train, inner=inner, test=parts["test"])


def _published_parts(listing: Listing) -> dict[str, Indices]:
    name, found = listing.card.name, [entry.split for entry in listing.entries]
    if not any(found):
        raise ConfigError(
            f"'{name}' has no official split (a column or field 'split' with train, valid and test). "
            "Set protocol.kind to folds or holdout."
        )
    strange = Counter(str(part or "none") for part in found if part not in PARTS)
    if strange:
        shown = ", ".join(f"{part} ({count})" for part, count in strange.items())
        raise ConfigError(f"'{name}': expected the splits {', '.join(PARTS)}, found also {shown}.")
    parts = {part: np.flatnonzero(np.array(found) == part) for part in PARTS}
    if missing := [part for part in ("train", "test") if not len(parts[part])]:
        raise ConfigError(f"'{name}': its official split has no image for {' and '.join(missing)}.")
    return parts


def _need_groups(listing: Listing, protocol: Protocol) -> None:
    if protocol.allow_ungrouped or all(entry.group for entry in listing.entries):
        return
    raise ConfigError(
        f"'{listing.card.name}' does not say which images share a patient or slide "
        f"(group: {listing.card.group}), so images of one patient may stand in training and test, "
        "and figures may be too good. "
        "Add a 'group' column, or accept it with --set protocol.allow_ungrouped=true; the report will say so."
    )


def _strata(listing: Listing, sides: int) -> NDArray[np.str_]:
    """What is spread evenly: all labels of an image together, or the first where that is too rare.

    Also labels that are not asked for: a network of one task is judged in the same folds as one of all.
    """
    _enough_of_each(listing, sides)
    names = dict.fromkeys(name for entry in listing.entries for name in entry.labels)
    found = [[entry.labels.get(name) for name in names] for entry in listing.entries]
    labels = np.array([[-1 if label is None else label for label in row] for row in found], np.int64)
    joint = np.array(["/".join(map(str, row)) for row in labels])
    rarest = min(Counter(joint.tolist()).values())
    return joint if rarest >= sides else labels[:, 0].astype(str)


def _enough_of_each(listing: Listing, sides: int) -> None:
    for task in listing.card.tasks:
        for number, name in enumerate(task.classes):
            count = int(np.sum(listing.labels(task.name) == number))
            if 0 < count < sides:
                raise DataError(
                    f"{listing.card.name}, task '{task.name}': class '{name}' has {count} image(s), "
                    f"fewer than the {sides} parts to divide them into. Add images, or lower protocol.folds."
                )


def _divide(
    units: NDArray[np.str_], strata: NDArray[np.str_], protocol: Protocol, repeat: int
) -> Sequence[tuple[Indices, Indices]]:
    if protocol.kind == "folds":
        return list(_stratified(units, strata, protocol.folds, repeat))
    return [_take_share(np.arange(len(units)), units, strata, protocol.test_share, (repeat,))]


def _stratified(
    units: NDArray[np.str_], strata: NDArray[np.str_], folds: int, seed: int
) -> list[tuple[Indices, Indices]]:
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    if len(set(units)) == len(units):
        return list(StratifiedKFold(folds, shuffle=True, random_state=seed).split(units, strata))
    if len(set(units)) < folds:
        raise DataError(
            f"There are {len(set(units))} groups, fewer than the {folds} folds. Lower protocol.folds."
        )
    maker = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    return list(maker.split(units, strata, units))


def _set_inner_aside(
    rest: Indices, units: NDArray[np.str_], strata: NDArray[np.str_], share: float, key: tuple[int, ...]
) -> tuple[Indices, Indices]:
    if share == 0:
        return rest, np.array([], np.int64)
    return _take_share(rest, units, strata, share, key)


def _take_share(
    among: Indices, units: NDArray[np.str_], strata: NDArray[np.str_], share: float, key: tuple[int, ...]
) -> tuple[Indices, Indices]:
    """Divide `among` into the rest and about `share` of each stratum, whole units at a time.

    In a random order each unit is taken that brings what is taken nearer to the share, even past it:
    were only units taken that fit, a large group could never be on the smaller side.
    """
    generator = np.random.default_rng([7, *key])
    names = np.unique(units[among])
    order = {name: place for place, name in enumerate(generator.permutation(names))}
    missing = {s: round(share * total) for s, total in Counter(strata[among].tolist()).items()}
    chosen: set[str] = set()
    members: dict[str, list[int]] = {}
    for index in among:
        members.setdefault(str(units[index]), []).append(int(index))
    for name in sorted(members, key=order.__getitem__):
        added = Counter(strata[members[name]].tolist())
        after = {s: missing[s] - n for s, n in added.items()}  # below 0: more than the share
        if sum(map(abs, after.values())) < sum(abs(missing[s]) for s in after):
            missing |= after
            chosen.add(name)
    inside = np.array([units[index] in chosen for index in among], bool)
    if not inside.any() or inside.all():
        raise DataError(
            f"A share of {share:g} of {len(among)} images leaves one side empty. Change the share."
        )
    return among[~inside], among[inside]
