"""Where what the network decides and what is measured do not fit together: a reason to look, not a verdict.

A rule fires for a decision on a reliable outline only, and holds a measure against the normal cells that
the model learned from. Which of the two is wrong it does not know.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from spermlens.predict.normal import NORMAL, PARTS, Normal, percentiles, spread_of, task_of
from spermlens.types import Measures, Spread


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A decision is doubted where a measure lies from `low` to `high` percent of the normal cells."""

    says: str  # the class decided
    measure: str
    words: str  # what the measure is called in the sentence
    low: float = 0
    high: float = 100
    part: str = ""  # the task that is meant; empty: any about the whole head
    percent: bool = False  # whether the sentence gives the measure as a share

    def means(self, task: str) -> bool:
        return task == self.part if self.part else task not in PARTS


# None speaks of vacuoles: an outline finds too few of them, and where it spoke the network was right.
RULES = (
    # what no normal head of a hundred has, called normal
    Rule(says=NORMAL, measure="length_over_width", words="length/width", high=1),
    Rule(says=NORMAL, measure="length_over_width", words="length/width", low=99),
    Rule(says=NORMAL, measure="acrosome_share", words="acrosome", high=1, part="acrosome", percent=True),
    Rule(says=NORMAL, measure="acrosome_share", words="acrosome", low=99, part="acrosome", percent=True),
    # a defect that would show in the measure, which is as in normal heads
    Rule(says="tapered", measure="length_over_width", words="length/width", high=90),
    Rule(says="pyriform", measure="taper", words="front over back width", high=50),
)


def disagreements(decisions: Mapping[str, str], measures: Measures, normal: Normal) -> tuple[str, ...]:
    """A sentence for each rule that fires: 'tapered, but length/width 1.40 (normal: 1.30 to 1.70)'."""
    places = percentiles(measures, normal)
    return tuple(
        _sentence(rule, task, measures, spread)
        for task, said in decisions.items()
        for rule in RULES
        if rule.says == said and rule.means(task) and task_of(rule.measure, normal) == task
        for spread in [spread_of(rule.measure, normal)]
        if spread is not None and rule.measure in places
        if _fires(rule, places[rule.measure])
    )


def _fires(rule: Rule, place: float) -> bool:
    """From 99 percent means above, up to 1 below: a value that one in a hundred shares is not doubted."""
    return rule.low < place if rule.low else place < rule.high


def _sentence(rule: Rule, task: str, measures: Measures, spread: Spread) -> str:
    value = measures.values[rule.measure]
    assert value is not None  # it has a percentile
    low, high = (_shown(spread.at(level), rule) for level in (5, 95))
    said = f"{task.replace('_', ' ')} {rule.says}" if rule.part else rule.says
    return f"{said}, but {rule.words} {_shown(value, rule)} (normal: {low} to {high})"


def _shown(value: float, rule: Rule) -> str:
    return f"{100 * value:.0f} %" if rule.percent else f"{value:.2f}"
