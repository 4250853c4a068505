"""How the figures of a table came about, in words for its reader."""

from __future__ import annotations

from collections.abc import Sequence

from spermlens.datasets import DATASETS
from spermlens.reproduce.committed import Committed
from spermlens.reproduce.contenders import Found
from spermlens.reproduce.study import Part

KEPT = {
    "last": "the last epoch kept",
    "best_inner": "the epoch best on inner images kept",
    "balanced_inner": "the epoch kept whose tasks are answered best and most alike on inner images",
}
NO_GROUPS = ("not released", "not stated")


def protocol_of(part: Part, found: Found, jobs: str) -> str:
    """How images were divided, which epoch was kept, what was tried, and what nobody knows of the data."""
    by_data: dict[str, Committed] = {}
    for one in found.values():
        by_data.setdefault(one.experiment.data.name, one)  # the first repeat
    ways = {name: _way(by_data[name], part.repeats) for name in sorted(by_data)}
    same = len(set(ways.values())) == 1
    how = next(iter(ways.values())) if same else "; ".join(f"{name}: {way}" for name, way in ways.items())
    unknown = " ".join(sentence for name in ways for sentence in DATASETS[name].CARD.unknown)
    return f"{how}{_kept_otherwise(found)}; {tried(part)}. {jobs}. {unknown}".rstrip()


def tried(part: Part) -> str:
    """How many recipes were tried before what the models of a part share was frozen."""
    number = "1 recipe" if part.recipes_tried == 1 else f"{part.recipes_tried} recipes in all"
    more = [f"{one.recipes_tried} before {one.name}" for one in part.recipes if one.recipes_tried]
    return ", ".join([f"{number} tried before the one that its models share was frozen", *more])


def _kept_otherwise(found: Found) -> str:
    """The recipes of which another epoch is kept than of the first."""
    kept = {name: one.experiment.protocol.keep for (name, _), one in found.items()}
    first = next(iter(kept.values()))
    return "".join(f"; of {name}, {KEPT[keep]}" for name, keep in kept.items() if keep != first)


def _way(one: Committed, repeats: Sequence[int]) -> str:
    """How images were divided and which epoch was kept."""
    protocol = one.experiment.protocol
    numbers = f"repeat{'s' * (len(repeats) > 1)} {', '.join(map(str, repeats))}"
    if protocol.kind == "official":
        times = f"{numbers}, each from another seed, of which the first:"
        return f"{times} {_as_the_run_says(one)}"
    groups = DATASETS[one.experiment.data.name].CARD.group
    together = "" if groups in NO_GROUPS else f"groups ({groups}), "
    together += "identical images and known near copies together"
    if protocol.kind == "folds":
        how = f"stratified {protocol.folds}-fold, {numbers}; temperatures fitted out of fold"
    else:
        divisions = "one division" if len(repeats) == 1 else f"{len(repeats)} divisions"
        how = f"hold-out of {protocol.test_share:.0%}, {divisions}"
    return f"{how}; {KEPT[protocol.keep]}; {together}"


def _as_the_run_says(one: Committed) -> str:
    """The run alone knew which groups an official split divides; what is unknown of the data comes later."""
    unknown = " ".join(DATASETS[one.experiment.data.name].CARD.unknown)
    return str(one.about["protocol"]).removesuffix(unknown).rstrip(" .")
