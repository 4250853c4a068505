"""MHSMA as published, fine-tuned: read from what jobs of the study `mhsma` committed, and nothing is trained.

A decision is moved by what the plain network says of the publisher's images for choices, seed by seed.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from imbalance import Question
from imbalance_heads import ADJUSTED, MOVING, NONE

from spermlens.evaluate.rare import moved_by_choices
from spermlens.evaluate.table import Predictions
from spermlens.reproduce.contenders import Contender
from spermlens.reproduce.gathered import Gathered, gather
from spermlens.reproduce.job import jobs_of
from spermlens.reproduce.progress import Places
from spermlens.reproduce.study import Part
from spermlens.reproduce.study_file import load_study

STUDY, PART = "mhsma", "official"
RECIPES = {NONE: "joint", ADJUSTED: "joint-adjusted"}


def official(results: Path) -> tuple[Gathered | None, list[str]]:
    """What is committed below `results`, None if nothing is; and which jobs of these recipes are not."""
    part = official_part()
    wanted = [job.path for job in jobs_of(STUDY, part) if job.recipe.name in RECIPES.values()]
    found = gather(STUDY, part, Places(Path("runs"), results))
    missing = wanted if found is None else [path for path in wanted if path in found.missing]
    return found, missing


def official_part() -> Part:
    _, study = load_study(STUDY)
    return next(part for part in study.parts if part.name == PART)


def tables_of(found: Gathered, asked: Question) -> dict[str, Predictions]:
    """By way, the test images of the repeats that every way has; nothing without the plain recipe.

    Labelled images from the views that the recipe decides by, without a temperature.
    """
    lines = {line.name: line for line in found.lines if line.task.name == asked.task}
    plain = lines.get(RECIPES[NONE])
    if plain is None:
        return {}
    tables = {way: _judged(lines[recipe]) for way, recipe in RECIPES.items() if recipe in lines}
    if plain.inner is not None:
        rare = plain.task.index(asked.rare)
        tables[MOVING] = moved_by_choices(tables[NONE], plain.inner, rare)
    shared = set.intersection(*(set(table.repeats.tolist()) for table in tables.values()))
    return {way: table.rows(np.isin(table.repeats, sorted(shared))) for way, table in tables.items()}


def _judged(line: Contender) -> Predictions:
    return line.tables[line.decided].labelled
