"""What people are told of each method wherever it is named: a title, what it shows, what not. No torch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from spermlens.explain import SMOOTHED


@dataclass(frozen=True, slots=True)
class Told:
    """A title, and the ends of two sentences: '... shows' and 'It cannot'."""

    title: str
    shows: str
    cannot: str

    @property
    def sentence(self) -> str:
        return f"{self.title} shows {self.shows}. It cannot {self.cannot}."


TOLD = {
    "cam": Told(
        "CAM",
        "the exact share of each field of the map in the score of the class, for it and against it",
        "point finer than its few fields, nor tell what is under them from what lies around",
    ),
    "gradcam": Told(
        "Grad-CAM",
        "where channels lie that raise the score on average; at the last map, CAM's part for the class",
        "show what speaks against the class",
    ),
    "gradcampp": Told(
        "Grad-CAM++",
        "where those features lie that can only raise the score",
        "tell classes well apart: the maps of different classes can be nearly one",
    ),
    "layercam": Told(
        "LayerCAM",
        "where features and a gradient in favour of the class meet, one stage earlier and so in finer fields",
        "show what speaks against the class, nor how much of the score it accounts for",
    ),
    "integrated_gradients": Told(
        "Integrated gradients",
        "what each pixel adds to the score on the way from an empty slide to the picture, for and against",
        "be read pixel by pixel: what neighbours differ by is mostly noise",
    ),
    "occlusion": Told(
        "Occlusion",
        "how far the score falls, or rises, when a field is covered with the colour of the empty slide",
        "show what two fields do only together, and the edge of a cover is no part of any cell",
    ),
    "cbam": Told(
        "CBAM attention",
        "where the network itself amplified its features",
        "say for which class or why: it is the same for every class",
    ),
}
CONTRAST = Told(
    "A map for one class, not another,",
    "what sets the first before the second, in orange, and the second before the first, in blue",
    "say that either of the two is right",
)
SMOOTH = "Smoothed, a map is the mean of those of sixteen noisy copies: steadier, not truer."


def titled(method: str) -> str:
    """'Grad-CAM', 'LayerCAM, smoothed'; a method that nobody has described goes by its name."""
    name = method.removesuffix(SMOOTHED)
    title = TOLD[name].title if name in TOLD else name
    return f"{title}, smoothed" if method.endswith(SMOOTHED) else title


def sentences(methods: Iterable[str], *, contrasted: bool = False) -> list[str]:
    """What those methods show and cannot, each once, in the order of the table."""
    asked = set(methods)
    plain = {method.removesuffix(SMOOTHED) for method in asked}
    found = [told.sentence for name, told in TOLD.items() if name in plain]
    if contrasted:
        found.append(CONTRAST.sentence)
    return [*found, SMOOTH] if asked - plain else found
