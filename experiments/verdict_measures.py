"""What is asked of a fold's maps, in groups that can be stopped between: a value an image for each question.

The map asked about is that of the class the network decided on, for this is the reason it gives. What
costs one more pass or so an image is asked of all images, what costs many of some: see DEAR.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Sized

import numpy as np
from numpy.typing import NDArray
from verdict_heads import Fold

from spermlens.evaluate.class_similarity import class_similarity
from spermlens.evaluate.reasons import Maps, Pictures
from spermlens.evaluate.reasons.blob import centred_blob
from spermlens.evaluate.reasons.deletion import deletion, insertion
from spermlens.evaluate.reasons.dropping import drops
from spermlens.evaluate.reasons.inside import area_share, energy_inside, energy_over_area, peak_inside
from spermlens.evaluate.reasons.likeness import likeness
from spermlens.evaluate.reasons.randomising import cascade
from spermlens.evaluate.reasons.turning import stability
from spermlens.explain._engine import Question, chosen, explain, raw_maps
from spermlens.explain._scaled import explanations
from spermlens.models._network import Network
from spermlens.predict.eye import Seen
from spermlens.predict.tensors import look, to_tensor
from spermlens.types import Vector

BLOB, AREA = "blob", "area"  # asked of nobody: a map of the middle, and a map that knows nothing
EXACT = ("cam", "gradcam", "gradcampp")  # one pass gives all; and CBAM's where there is one
CBAM = "cbam"
GRADIENT = "layercam"  # a pass and a way back
BY_ASKING = ("integrated_gradients", "occlusion")  # some hundred passes an image
FOLLOWED = ("cam", "gradcampp", GRADIENT, BLOB)  # Grad-CAM has CAM's order of pixels, so its areas, too
STOPS = 4  # of forgetting below the heads
WHOLE = "whole"
BATCH = 16  # pictures that are looked at with gradients at a time

Key = tuple[str, str, str]  # method, condition, metric
Values = dict[Key, Vector]


class Asked:
    """One network about one fold's pictures. What it said of all of them it is not asked again."""

    def __init__(self, fold: Fold) -> None:
        self.fold = fold
        self.network, self.pictures = fold.network, fold.squares
        self.targets = tuple(fold.decided.tolist())
        self.exact = (*EXACT, *([CBAM] if fold.network.attention is not None else []))
        self.passes = 0  # pictures that went through the network
        self._seen: dict[bytes, Seen] = {}
        self._heats: dict[tuple[str, bytes], Maps] = {}

        def count(_module: object, inputs: Sequence[Sized]) -> None:  # no method: copies count here, too
            self.passes += len(inputs[0])

        self._counter = fold.network.trunk.register_forward_pre_hook(count)

    def __enter__(self) -> Asked:
        return self

    def __exit__(self, *_: object) -> None:
        self._counter.remove()

    def ask(self, seen: Pictures) -> Vector:
        return self.seen(seen).probabilities[self.fold.task.name]

    def seen(self, seen: Pictures) -> Seen:
        """Probabilities, and the exact maps of every class."""
        if len(seen) != len(self.pictures):
            return self._look(self.network, seen)
        key = seen.tobytes()
        if key not in self._seen:
            self._seen[key] = self._look(self.network, seen)
        return self._seen[key]

    def maps(self, method: str, seen: Pictures) -> Maps:
        """Heat of the class decided on."""
        if method in self.exact:
            return self._exact(method, self.seen(seen), seen)
        key = method, seen.tobytes()
        if key not in self._heats:
            self._heats[key] = self._of(self.network, method, seen)
        return self._heats[key]

    def maps_of(self, other: Network, methods: Sequence[str]) -> dict[str, Maps]:
        """The same of another network, of all pictures."""
        told = self._look(other, self.pictures) if set(methods) & set(self.exact) else None
        return {
            method: self._exact(method, told, self.pictures)
            if told and method in self.exact
            else self._of(other, method, self.pictures)
            for method in methods
        }

    def _look(self, network: Network, seen: Pictures) -> Seen:
        return look(network, to_tensor(seen), methods=self.exact)

    def _exact(self, method: str, told: Seen, seen: Pictures) -> Maps:
        question = Question(task=self.fold.task.name, targets=self.targets, method=method)
        raw = chosen(told.maps[method, self.fold.task.name], question)
        found = explanations(raw, seen.shape[1:3], question, self.fold.task.classes)
        return np.stack([one.heat for one in found])

    def _of(self, network: Network, method: str, seen: Pictures) -> Maps:
        if method == BLOB:
            size = self.seen(self.pictures).maps["cam", self.fold.task.name].shape[2:]
            return np.stack([centred_blob(size, seen.shape[1:3])] * len(seen))
        heats = []
        for start in range(0, len(seen), BATCH):
            some = slice(start, start + BATCH)
            question = Question(task=self.fold.task.name, targets=self.targets[some], method=method)
            heats += [one.heat for one in explain(network, to_tensor(seen[some]), question)]
        return np.stack(heats)


def places(asked: Asked, methods: Sequence[str] = ()) -> Values:
    """Where maps lie, and whether what they show is enough."""
    found: Values = {}
    heads = [cell.head for cell in asked.fold.cells]
    for method in methods or (*asked.exact, GRADIENT, BLOB):
        heats = asked.maps(method, asked.pictures)
        for metric, measure in (
            ("peak_in_head", peak_inside),
            ("energy_in_head", energy_inside),
            ("energy_over_area", energy_over_area),
        ):
            values = [np.nan if m is None else measure(h, m) for h, m in zip(heats, heads, strict=True)]
            missed = (heats.max((1, 2)) <= 0) & [mask is not None for mask in heads]
            found[method, "", metric] = np.where(missed, 0, values)  # a map without evidence has missed
        lost = drops(asked.ask, asked.pictures, heats, asked.targets)
        found[method, "", "average_drop"] = lost.drop
        found[method, "", "average_increase"] = lost.increased.astype(np.float64)
        found[method, "", "no_evidence"] = (heats.max((1, 2)) <= 0).astype(np.float64)
    if not methods:
        shares = np.array([np.nan if mask is None else area_share(mask) for mask in heads])
        found |= {(AREA, "", metric): shares for metric in ("peak_in_head", "energy_in_head")}
        told = asked.seen(asked.pictures).maps
        found |= {(m, "", "class_similarity"): class_similarity(told[m, asked.fold.task.name]) for m in EXACT}
    return found


def parts(asked: Asked) -> Values:
    """Whether the answer is right where parts are grey; the network never learned from such pictures."""
    shown = {WHOLE: asked.pictures}
    for name in asked.fold.cells[0].parts:
        shown[name] = np.stack([cell.parts[name] for cell in asked.fold.cells])
    right = {name: asked.ask(seen).argmax(1) == asked.fold.truth for name, seen in shown.items()}
    return {("", name, "exact_accuracy"): values.astype(np.float64) for name, values in right.items()}


def turned(asked: Asked, methods: Sequence[str] = ()) -> Values:
    """Whether maps turn with their pictures."""
    return {
        (method, "", "stability"): stability(lambda seen, m=method: asked.maps(m, seen), asked.pictures)
        for method in methods or asked.exact
    }


def forgotten(asked: Asked, methods: Sequence[str] = ()) -> Values:
    """How alike maps stay while the network forgets."""
    found: Values = {}
    for number, (_, other) in enumerate(cascade(asked.network, stops=STOPS)):
        for method, maps in asked.maps_of(other, methods or asked.exact).items():
            key = method, stage_named(number), "likeness_forgotten"
            found[key] = likeness(asked.maps(method, asked.pictures), maps)
    return found


def followed(asked: Asked) -> Values:
    """Whether the answer follows the order of the map."""
    found: Values = {}
    for method in (*FOLLOWED, *([CBAM] if CBAM in asked.exact else [])):
        heats = asked.maps(method, asked.pictures)
        for metric, measure in (("deletion", deletion), ("insertion", insertion)):
            found[method, "", metric] = measure(asked.ask, asked.pictures, heats, asked.targets)
    return found


def finer(asked: Asked) -> Values:
    """LayerCAM turned, forgotten and of every class."""
    similar = class_similarity(_of_every_class(asked, GRADIENT))
    return {
        **turned(asked, [GRADIENT]),
        **forgotten(asked, [GRADIENT]),
        (GRADIENT, "", "class_similarity"): similar,
    }


def by_asking(asked: Asked) -> Values:
    """Where maps lie that come of asking about changed pictures."""
    return places(asked, BY_ASKING)


GROUPS: Mapping[str, Callable[[Asked], Values]] = {
    "places": places,
    "parts": parts,
    "turned": turned,
    "forgotten": forgotten,
    "followed": followed,
    "finer": finer,
    "by_asking": by_asking,
}
DEAR = ("followed", "finer", "by_asking")  # asked of some images only


def stage_named(number: int) -> str:
    """How much has been forgotten, in words."""
    return "heads" if number == 0 else f"heads and {number} of {STOPS} parts below"


def _of_every_class(asked: Asked, method: str) -> NDArray[np.float32]:
    """Images x classes x height x width, before any scaling."""
    found = []
    for start in range(0, len(asked.pictures), BATCH):
        squares = to_tensor(asked.pictures[start : start + BATCH])
        for number in range(len(asked.fold.task.classes)):
            question = Question(task=asked.fold.task.name, targets=(number,) * len(squares), method=method)
            found.append((number, [one.values for one in raw_maps(asked.network, squares, question)]))
    classes = range(len(asked.fold.task.classes))
    return np.stack([[one for at, ones in found if at == number for one in ones] for number in classes], 1)
