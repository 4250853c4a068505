"""The nouns of the house: small, frozen, valid from birth, NumPy only.

file -> Card + Sample -> Outline -> Measures -> Prediction -> Explanation -> Result -> Report
"""

from spermlens.types.arrays import Heat, Image, Mask, Vector
from spermlens.types.data import Card, Sample, Task, forbids_commerce
from spermlens.types.measures import FRONTS, Axes, Measures
from spermlens.types.outline import PARTS, Outline
from spermlens.types.pose import Pose
from spermlens.types.reading import Explanation, Prediction, Reading, Status, Votes
from spermlens.types.report import DISCLAIMER, Figure, Gallery, Report, Section, Table, Text, Tile
from spermlens.types.result import Result
from spermlens.types.spread import Spread

__all__ = [
    "DISCLAIMER",
    "FRONTS",
    "PARTS",
    "Axes",
    "Card",
    "Explanation",
    "Figure",
    "Gallery",
    "Heat",
    "Image",
    "Mask",
    "Measures",
    "Outline",
    "Pose",
    "Prediction",
    "Reading",
    "Report",
    "Result",
    "Sample",
    "Section",
    "Spread",
    "Status",
    "Table",
    "Task",
    "Text",
    "Tile",
    "Vector",
    "Votes",
    "forbids_commerce",
]
