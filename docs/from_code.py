"""The pages that follow from the code alone: commands, data sets, settings, measures, faults."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import typer

from spermlens.cli import app
from spermlens.config import Experiment
from spermlens.datasets import DATASETS
from spermlens.locate.definitions import DEFINITIONS
from spermlens.locate.who import EDITION, LIMITS

FAULTS = Path(__file__).parents[1] / "tests" / "faults"
FAULTS_INTRODUCTION = """\
A sentence on the error stream says what is wrong, where, what was expected, and what to do next. Where
many images are read, a bad one is a row with the status `bad_input` and its sentence; the others are read,
and the exit code is 3 at the end. A training begins only when every image is good.

No file is ever half written. What was done before a fault is kept: give `predict` the same command again,
`train` its `--resume`. See [Resume](resume.md).

Exit codes: 0 done, 1 our failure (with its trace: please report it), 2 wrong use, 3 a problem with data or
the disk, 4 a quality gate not met, 130 stopped by the user.

Every row below is tried by the tests. An ellipsis stands for what differs from case to case.
"""
MEASURES_INTRODUCTION = """\
What `measure` says of a cell from its outline. A column whose part is not visible, or that cannot be
measured, has no value; it is never 0 instead. Lengths and areas are in micrometres where the size of a
pixel is known (`_um`, `_um2`) and in pixels elsewhere (`_px`, `_px2`), never in both. Angles end in `_deg`,
grey levels in `_grey`, optical densities in `_od`; ratios and counts have no ending.

The long axis is that of the ellipse with the head's area moments. It points to the front, told by the
midpiece, else by the tail, else by the acrosome; where none is visible, the narrower end is taken for the
back, and `front_known` is false. A head that the border cuts has no size and no shape. Of a nearly round
head the axis may lie anywhere, and its width may exceed its length.

Length and width are extents, taken on a smooth line around the head. Ellipse length and width are steadier
against single pixels, but a pear or a pointed head is longer than its ellipse: hold the extents against
limits, never the ellipse.
"""


def commands() -> str:
    root = typer.main.get_command(app)
    lines = ["# Commands", "", "Exit codes: 0 done, 1 our failure, 2 wrong use, 3 a problem with data or"]
    lines += ["the disk, 4 a quality gate not met, 130 stopped by the user.", ""]
    for name, command in _walk(root, "spermlens"):
        lines += [f"## `{name}`", "", command.help or "", ""]
        rows = [_parameter(parameter) for parameter in command.params if parameter.name != "help"]
        if rows:
            lines += ["| argument or option | meaning | default |", "|---|---|---|", *rows, ""]
    return "\n".join(lines)


def datasets() -> str:
    lines = ["# Data sets", ""]
    for name in DATASETS:
        card = DATASETS[name].CARD
        lines += [f"## {name}", "", f"{card.title}. {card.licence}. Source: {card.source}", ""]
        lines += [f"Cite: {card.citation}", ""]
        for task in card.tasks:
            counts = card.counts.get(task.name)
            words = (
                [f"{c} {n}" for c, n in zip(task.classes, counts, strict=True)] if counts else task.classes
            )
            lines.append(f"- `{task.name}`: {', '.join(words)}")
        if not card.tasks:
            lines.append(f"- no task: {card.images} images for measuring")
        lines += [f"- groups: {card.group}", f"- stain: {card.stain}"]
        lines += [f"- not known: {sentence}" for sentence in card.unknown]
        lines.append("")
    return "\n".join(lines)


def settings() -> str:
    lines = ["# Settings of an experiment", "", "Each may be set with `--set section.key=value`.", ""]
    for path, schema in _sections(Experiment.model_json_schema()):
        rows = [
            f"| `{path}{key}` | {_kind(value)} | {_default(value)} |"
            for key, value in schema["properties"].items()
            if not _target(value)
        ]
        lines += ["| setting | kind | default |", "|---|---|---|", *rows, ""]
    return "\n".join(lines)


def measures() -> str:
    lines = ["# Measures", "", MEASURES_INTRODUCTION]
    lines += ["| measure | column, and with a known pixel | meaning | formula |", "|---|---|---|---|"]
    for one in DEFINITIONS:
        columns = dict.fromkeys(f"`{one.column(in_um=known)}`" for known in (False, True))
        lines.append(f"| {one.name} | {', '.join(columns)} | {one.meaning} | {one.formula} |")
    lines += ["", f"## Limits of a normal head: {EDITION}", ""]
    lines += ["Sizes are judged in micrometres only. A head alone is never called a normal form.", ""]
    lines += ["| measure | from | to |", "|---|---|---|"]
    for name, limits in LIMITS.items():
        ends = ("" if end is None else f"{end:g} {limits.unit}".strip() for end in (limits.low, limits.high))
        lines.append(f"| {name} | {' | '.join(ends)} |")
    return "\n".join([*lines, ""])


def faults() -> str:
    sys.path.insert(0, str(FAULTS))
    try:
        rooms = importlib.import_module("fault_table").FAULTS
    finally:
        sys.path.remove(str(FAULTS))
    lines = ["# What do I do when something goes wrong?", "", FAULTS_INTRODUCTION]
    for room, rows in rooms.items():
        lines += [
            f"## {room}",
            "",
            "| problem | spermlens says | exit code | what to do |",
            "|---|---|---|---|",
        ]
        for row in rows:
            cut = "" if row.says.endswith((".", ")", "?", "…")) else " …"
            said = f"`{row.says}{cut}`" if row.says else "nothing"
            lines.append(f"| {row.problem} | {said} | {row.code} | {row.do} |")
        lines.append("")
    return "\n".join(lines)


def _walk(command: Any, name: str) -> list[tuple[str, Any]]:
    below = getattr(command, "commands", {})
    if not below:
        return [(name, command)]
    return [item for key, inner in below.items() for item in _walk(inner, f"{name} {key}")]


def _parameter(parameter: Any) -> str:
    name = ", ".join(f"`{text}`" for text in parameter.opts)
    required = parameter.required or parameter.param_type_name == "argument"
    default = "required" if required else _shown(parameter.default)
    return f"| {name} | {getattr(parameter, 'help', '') or ''} | {default} |"


def _shown(default: Any) -> str:
    return "" if default in (None, "", False, 0) or callable(default) else f"`{default}`"


def _sections(schema: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    parts = schema["$defs"]
    found = [("", schema)]
    for key, value in schema["properties"].items():
        if target := _target(value):
            found.append((f"{key}.", parts[target]))
            for inner, below in parts[target]["properties"].items():
                if deeper := _target(below):
                    found.append((f"{key}.{inner}.0.", parts[deeper]))
    return found


def _target(value: dict[str, Any]) -> str:
    reference = value.get("$ref") or value.get("items", {}).get("$ref", "")
    return str(reference).rsplit("/", 1)[-1]


def _kind(value: dict[str, Any]) -> str:
    if "enum" in value:
        return " or ".join(f"`{item}`" for item in value["enum"])
    limits = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    words = [str(value.get("type", "any"))]
    words += [f"{sign} {value[key]:g}" for key, sign in limits.items() if key in value]
    if "pattern" in value:
        words.append(f"like `{value['pattern']}`".replace("|", "\\|"))
    return ", ".join(words)


def _default(value: dict[str, Any]) -> str:
    return f"`{json.dumps(value['default'])}`" if "default" in value else "required"
