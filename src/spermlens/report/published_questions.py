"""What others printed of MHSMA's official 300 images, and what we set out to reach.

The positive class is the normal cell. The printed areas under the curve are larger than half the sum of the
two recalls that follow from the other columns, which is what the published code computes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

TESTED = 300
NORMAL = {"acrosome": 213, "head": 219, "vacuole": 262, "tail": 284}  # of them
METRICS = (
    "accuracy",
    "normal_precision",
    "normal_recall",
    "normal_f0.5",
    "normal_g_mean",
    "normal_auc",
    "mcc",
)


@dataclass(frozen=True, slots=True)
class Printed:
    """One line of the table in the publisher's repository; shares in 0..1, in the order of `METRICS`."""

    who: str
    task: str
    values: tuple[float, ...]

    @property
    def right(self) -> int:
        """How many of the 300 that is."""
        return round(self.values[0] * TESTED)


JAVADI, DTL, DMTL = "Javadi and Mirroshandel 2019", "Abbasi 2020, DTL", "Abbasi 2020, DMTL"
PRINTED = (
    Printed(JAVADI, "acrosome", (0.7667, 0.8593, 0.8028, 0.8474, 0.8306, 0.8389, 0.4618)),
    Printed(DTL, "acrosome", (0.79, 0.8024, 0.9342, 0.8257, 0.8658, 0.7965, 0.4447)),
    Printed(DMTL, "acrosome", (0.8066, 0.8242, 0.9248, 0.8426, 0.8731, 0.7819, 0.4984)),
    Printed(JAVADI, "head", (0.77, 0.8348, 0.8539, 0.8386, 0.8443, 0.7780, 0.4053)),
    Printed(DTL, "head", (0.84, 0.8701, 0.9178, 0.8792, 0.8936, 0.8156, 0.5775)),
    Printed(DMTL, "head", (0.82, 0.8260, 0.9543, 0.8489, 0.8878, 0.7840, 0.5021)),
    Printed(JAVADI, "vacuole", (0.9133, 0.9436, 0.9580, 0.9465, 0.9508, 0.8808, 0.5910)),
    Printed(DTL, "vacuole", (0.94, 0.9518, 0.9809, 0.9575, 0.9662, 0.9473, 0.7082)),
    Printed(DMTL, "vacuole", (0.9233, 0.9475, 0.9656, 0.9511, 0.9565, 0.9364, 0.6348)),
)
TARGETS: Mapping[str, Mapping[str, float]] = {  # fixed before anything was trained
    "acrosome": {"accuracy": 0.82, "mcc": 0.52},
    "head": {"accuracy": 0.85, "mcc": 0.60},
    "vacuole": {"accuracy": 0.945, "mcc": 0.72},
}
