"""One figure with what it rests on."""

from __future__ import annotations

from dataclasses import dataclass

from spermlens.types._demand import demand


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One figure, its interval and what it rests on. The fields are the columns of a results file."""

    dataset: str
    model: str
    task: str
    metric: str
    value: float
    low: float | None
    high: float | None
    interval: str  # how low and high came about
    n_images: int
    alias: str = ""
    recipe: str = ""
    method: str = ""
    condition: str = ""
    repeats: int = 1
    runs: str = ""
    per_fold: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        demand(self.n_images > 0, f"'{self.metric}' must say on how many images it rests.")
        demand(
            (self.low is None) == (self.high is None) and (self.low is None or bool(self.interval)),
            f"'{self.metric}' needs both ends of its interval and how it was made.",
        )
        demand(
            self.low is None or self.high is None or self.low <= self.high,
            f"The interval of '{self.metric}' must not end before it begins: {self.low} to {self.high}.",
        )
