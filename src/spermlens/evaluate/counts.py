"""How many of a sample are of each class, with the exact interval of the share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from spermlens.errors import UnknownName

LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Share:
    """`count` of `total`; the exact interval is Clopper-Pearson's, two-sided 95 %, images independent."""

    count: int
    total: int
    value: float
    low: float
    high: float

    def text(self, name: str = "") -> str:
        """'8 of 200 normal: 4.0 % (1.7-7.7)', the interval in percent too."""
        what = f"{self.count} of {self.total} {name}".rstrip()
        return f"{what}: {100 * self.value:.1f} % ({100 * self.low:.1f}-{100 * self.high:.1f})"


def share(count: int, total: int) -> Share:
    """The share of `count` in `total`; of nothing there is none."""
    from scipy.stats import binomtest

    if not 0 <= count <= total or total == 0:
        raise ValueError(f"A share needs 0 <= count <= total and total > 0, but got {count} of {total}.")
    ends = binomtest(count, total).proportion_ci(LEVEL, method="exact")
    return Share(count, total, count / total, float(ends.low), float(ends.high))


def tally(decisions: Iterable[str], classes: Sequence[str]) -> dict[str, Share]:
    """The share of every class, in the order of the classes; empty where nothing was decided."""
    counted = Counter(decisions)
    for name in counted:
        if name not in classes:
            raise UnknownName("class", name, classes)
    total = counted.total()
    return {name: share(counted[name], total) for name in classes} if total else {}
