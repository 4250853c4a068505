"""The nouns of the house: small, frozen, valid from birth, NumPy only.

file -> Card + Sample -> Outline -> Prediction -> Explanation -> Result -> Report
"""

from spermlens.types.arrays import Heat, Image, Mask, Vector
from spermlens.types.data import Card, Sample, Task
from spermlens.types.outline import PARTS, Outline
from spermlens.types.reading import Explanation, Prediction, Reading, Status
from spermlens.types.report import DISCLAIMER, Figure, Gallery, Report, Section, Table, Text, Tile
from spermlens.types.result import Result

__all__ = [
    "DISCLAIMER",
    "PARTS",
    "Card",
    "Explanation",
    "Figure",
    "Gallery",
    "Heat",
    "Image",
    "Mask",
    "Outline",
    "Prediction",
    "Reading",
    "Report",
    "Result",
    "Sample",
    "Section",
    "Status",
    "Table",
    "Task",
    "Text",
    "Tile",
    "Vector",
]
