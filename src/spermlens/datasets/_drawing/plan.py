"""What a drawing is to show: a class for every question that applies to it."""

from __future__ import annotations

from collections.abc import Mapping

from numpy.random import Generator

from spermlens.datasets._drawing.chance import Chance
from spermlens.datasets._tasks import ACROSOME, CELL, HEAD_SHAPE, TAIL, VACUOLE
from spermlens.errors import ConfigError, UnknownName

TASKS = {task.name: task for task in (CELL, HEAD_SHAPE, ACROSOME, VACUOLE, TAIL)}
KINDS = {
    "heads": ("head_shape", "acrosome", "vacuole"),
    "cells": ("cell", "head_shape", "acrosome", "vacuole", "tail"),
}
NON_SPERM = "non_sperm"

Plan = Mapping[str, str]  # task -> class; a task that does not apply is absent


def parts_of(kind: str) -> tuple[str, ...]:
    """The questions about single parts of a cell; each can have a defect of its own."""
    if kind not in KINDS:
        raise UnknownName("kind of drawing", kind, KINDS)
    return tuple(task for task in KINDS[kind] if task != "cell")


def by_turn(kind: str, defect_rate: float, chance: Chance) -> Plan:
    """The classes come in turn by index; every further defect is drawn on its own.

    Heads: the four shapes in turn, each other part defective with `defect_rate`.
    Cells: normal, abnormal, non-sperm in turn; in an abnormal one each part is defective with
    `defect_rate`, and where that gives none, one part evenly at random.
    """
    if not 0 <= defect_rate <= 1:
        raise ConfigError(f"defect_rate must be 0 to 1, but is {defect_rate}.")
    parts, random = parts_of(kind), chance.of("plan")
    plan = {part: _defect(part, random) if random.random() < defect_rate else "normal" for part in parts}
    spare = parts[int(random.integers(len(parts)))]
    if kind == "heads":
        shapes = TASKS["head_shape"].classes
        return {**plan, "head_shape": shapes[chance.index % len(shapes)]}
    verdict = TASKS["cell"].classes[chance.index % 3]
    if verdict == NON_SPERM:
        return {"cell": NON_SPERM}
    if verdict == "normal":
        return _judged({part: "normal" for part in parts})
    if not defects(plan):
        plan[spare] = _defect(spare, random)
    return _judged(plan)


def exactly(kind: str, labels: Mapping[str, str]) -> Plan:
    """The classes as given, and normal where nothing is given."""
    parts = parts_of(kind)
    for task, label in labels.items():
        if task not in KINDS[kind]:
            raise UnknownName(f"task of the {kind}", task, KINDS[kind])
        if label not in TASKS[task].classes:
            raise UnknownName(f"class of '{task}'", label, TASKS[task].classes)
    named = {task: label for task, label in labels.items() if task != "cell"}
    if labels.get("cell") == NON_SPERM:
        plan: Plan = {"cell": NON_SPERM, **named}
    else:
        plan = {part: labels.get(part, "normal") for part in parts}
        plan = _judged(plan) if kind == "cells" else plan
    if plan.get("cell") != labels.get("cell", plan.get("cell")) or (
        labels.get("cell") == NON_SPERM and named
    ):
        raise ConfigError(
            f"A cell with {named or 'no defect'} cannot be '{labels['cell']}'. "
            "Name the defects of the parts; 'cell' follows from them."
        )
    return plan


def defects(plan: Plan) -> tuple[str, ...]:
    """The parts that are not normal."""
    return tuple(task for task, label in plan.items() if task != "cell" and label != "normal")


def healed(plan: Plan, task: str) -> Plan:
    """The same plan with one part normal; `cell`: with every part normal."""
    parts = {
        part: "normal" if task in (part, "cell") else label for part, label in plan.items() if part != "cell"
    }
    return _judged(parts) if "cell" in plan else parts


def _judged(parts: Plan) -> Plan:
    return {"cell": "abnormal" if defects(parts) else "normal", **parts}


def _defect(part: str, random: Generator) -> str:
    classes = TASKS[part].classes[1:]
    return classes[int(random.integers(len(classes)))]
