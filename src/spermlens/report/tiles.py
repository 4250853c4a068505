"""What a cell looks like on a page: its picture, its map with the words to it, its probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from spermlens.evaluate.counts import LEVEL
from spermlens.explain._told import sentences, titled
from spermlens.report.overlay import OPACITY, colour_bar, enlarge, legible, mapped, png_bytes
from spermlens.types import Explanation, Figure, Heat, Image, Outline, Reading, Task, Text

MOST = 320  # pixels along the longer side of a picture on a page


def cell_figure(image: Image, name: str) -> Figure:
    """The cell as it was read."""
    return Figure("as read", "image/png", png_bytes(_for_a_card(image)), f"The image {name}.")


def card_sized(reading: Reading) -> Reading:
    """A reading whose pictures are no larger than a page shows: many can be held, however large they were."""
    image = reading.image
    if image is None or max(image.shape[:2]) <= MOST:
        return reading
    small = _for_a_card(image)
    smaller = partial(enlarge, size=(small.shape[0], small.shape[1]))
    explanations = tuple(
        replace(
            found,
            heat=smaller(found.heat),
            against=None if found.against is None else smaller(found.against),
        )
        for found in reading.explanations
    )
    return replace(
        reading,
        image=small,
        explanations=explanations,
        outline=_smaller(reading.outline, (small.shape[0], small.shape[1])),
        reduced=reading.reduced * max(image.shape[:2]) / max(small.shape[:2]),
    )


def _smaller(outline: Outline | None, size: tuple[int, int]) -> Outline | None:
    """The outline at another height and width: the pixels that are nearest."""
    if outline is None:
        return None
    height, width = outline.head.shape
    rows = (np.arange(size[0]) + 0.5) * height / size[0]
    columns = (np.arange(size[1]) + 0.5) * width / size[1]
    places = np.ix_(rows.astype(int), columns.astype(int))
    masks = {part: mask[places] for part, mask in outline.masks.items()}
    return replace(outline, masks=masks) if masks["head"].any() or outline.reason else None


def map_figure(
    image: Image, heat: Heat, against: Heat | None, words: str, opacity: float = OPACITY
) -> Figure:
    """The map over its greyed cell; `words` say what it explains and how it was made."""
    seen = mapped(image, heat, against=against, opacity=opacity, most=MOST)
    where = "; ".join(
        text
        for text, values in (("Evidence for the class", heat), ("evidence against it", against))
        if values is not None
        for text in [f"{text} is strongest {_place(values)}"]
    )
    return Figure(words, "image/png", png_bytes(seen), f"Map: {words}. {where}.")


def explained(image: Image, explanation: Explanation, opacity: float = OPACITY) -> Figure:
    """An explanation over its image, with class, method, layer and size of the map in words."""
    return map_figure(image, explanation.heat, explanation.against, in_words(explanation), opacity)


def in_words(found: Explanation) -> str:
    """'for head shape tapered, not normal: CAM at pooled, 4 × 4'; the last is the map's own size."""
    what = "for" if found.status == "evidence" else "no evidence for"
    rival = f", not {said(found.rival)}" if found.rival else ""
    asked = f"{said(found.task)} {said(found.target)}{rival}"
    return f"{what} {asked}: {titled(found.method)} at {found.layer}, {size_in_words(found.map_size)}"


def bars(task: Task, probabilities: Sequence[float], prefix: str = "") -> tuple[tuple[str, float], ...]:
    """Class and probability in the order of the task."""
    return tuple((f"{prefix}{name}", float(p)) for name, p in zip(task.classes, probabilities, strict=True))


def legend(*, signed: bool, opacity: float = OPACITY) -> Figure:
    """The colour bar of the maps."""
    ends = "against the class (blue), none, for the class (orange)" if signed else "none to strongest"
    dashed = " It is dashed around what speaks against." if signed else ""
    return Figure(
        f"Evidence, left to right: {ends}. The thin line is half of the strongest in that image.{dashed}",
        "image/png",
        png_bytes(colour_bar(signed=signed, opacity=opacity)),
        f"Colour bar: {ends}.",
    )


def how_to_read(
    sizes: set[tuple[int, int]], methods: set[str], *, contrasted: bool = False
) -> tuple[Text, Text]:
    """What any map says and what not, with its size before it was enlarged; then each method's own."""
    told = ", ".join(size_in_words(size) for size in sorted(sizes))
    return Text(
        "A map shows where the evidence for the named class lies, as the named method sees it at the named "
        "layer; pooled is the last map, on which the answer rests. Before it is enlarged a map has only "
        f"{told} fields, so finer detail than that means nothing. "
        "Strengths are relative to the strongest in the same image and cannot be compared between images. "
        "A map is a reason to look, not a proof of cause.",
        "note",
    ), Text(" ".join(sentences(methods, contrasted=contrasted)), "note")


def size_in_words(size: tuple[int, ...]) -> str:
    """'4 × 4', height by width, that no line break divides."""
    return f"{size[0]}\N{NO-BREAK SPACE}×\N{NO-BREAK SPACE}{size[1]}"


def said(name: str) -> str:
    """A class or a task as words."""
    return name.replace("_", " ")


def begun(sentence: str) -> str:
    """With a capital to begin with."""
    return sentence[:1].upper() + sentence[1:]


def percent(value: float, digits: int = 1) -> str:
    return f"{100 * value:.{digits}f} %"


def interval(low: float, high: float, digits: int = 0) -> str:
    """'95 % interval 81–90', in percent."""
    return f"{100 * LEVEL:.0f} % interval {100 * low:.{digits}f}–{100 * high:.{digits}f}"


def _for_a_card(image: Image) -> Image:
    """Large images made smaller; small ones keep their pixels, and the page enlarges them."""
    return legible(image, least=1, most=MOST)


def _place(values: Heat) -> str:
    if not values.max() > 0:
        return "nowhere"
    row, column = np.unravel_index(int(values.argmax()), values.shape)
    return (
        f"at {100 * (column + 0.5) / values.shape[1]:.0f} % of the width from the left "
        f"and {100 * (row + 0.5) / values.shape[0]:.0f} % of the height from the top"
    )
