"""The findings as plain files.

images.csv     one row an image: labels, file, measures, flags, family of copies, or why it cannot be read
pairs.csv      one row a pair of copies
clean.csv      one row an image: whether the clean list keeps it, and why
suspects.csv   one row a doubted label, the most doubtful first; only with a run
audit.json     the counts, the plans, what metadata tells, and by which rules an image is called odd
"""

from __future__ import annotations

from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from spermlens.audit.findings import Findings
from spermlens.audit.look import RULES, Measures
from spermlens.audit.survey import Seen
from spermlens.files import write_bytes, write_json
from spermlens.spreadsheet import Cell, to_csv

_MEASURES = tuple(field.name for field in fields(Measures))
_FILE = ("bytes", "format", "suffix_lies")
_SUSPECT = ("rank", "image", "task", "given", "suggested", "doubt")
_CHANCES = ("p_given", "p_suggested", "usual_given", "usual_suggested")


def write_findings(folder: Path, found: Findings) -> None:
    """Write all files; suspects.csv only where a run was asked."""
    tasks = [task.name for task in found.listing.card.tasks]
    head = ("image", *tasks, "group", "split", *_FILE, *_MEASURES, "flags", "family", "message")
    _write(folder / "images.csv", head, _images(found))
    pair = ("first", "second", "kind", "correlation", "position", "conflict")
    _write(folder / "pairs.csv", pair, _pairs(found))
    clean: list[list[Cell]] = [[p.image, "yes" if p.keep else "no", p.reason] for p in found.proposals]
    _write(folder / "clean.csv", ("image", "keep", "reason"), clean)
    if found.suspects is not None:
        _write(folder / "suspects.csv", (*_SUSPECT, *_CHANCES), _suspects(found))
    write_json(folder / "audit.json", as_json(found))


def as_json(found: Findings) -> dict[str, Any]:
    """The findings without the rows of single images."""
    good = found.good
    return {
        "data": found.listing.card.name,
        "title": found.listing.card.title,
        "counts": found.counts,
        "rules": {rule.flag: rule.words for rule in RULES},
        "plans": [
            {
                "name": plan.name,
                "counts": plan.counts,
                "leaks": plan.leaks,
                "trouble": plan.trouble,
                "parts": list(plan.parts),
                "copies": [[good[p.first].entry.id, good[p.second].entry.id] for p in plan.copies],
                "groups": list(plan.groups),
            }
            for plan in found.plans
        ],
        "metadata": [{**asdict(told), "tells": told.tells} for told in found.told],
        "run_right": {task: asdict(right) for task, right in found.run_right.items()},
        "unreadable": {one.entry.id: one.message for one in found.bad},
    }


def _write(path: Path, head: tuple[str, ...], rows: list[list[Cell]]) -> None:
    write_bytes(path, to_csv(head, rows).encode("utf-8", "surrogateescape"))


def _images(found: Findings) -> list[list[Cell]]:
    family = dict(zip((one.entry.id for one in found.good), found.families.tolist(), strict=True))
    return [
        [
            one.entry.id,
            *(_label(found, one, task.name) for task in found.listing.card.tasks),
            one.entry.group,
            one.entry.split,
            *_of_file(one),
            *_of_content(one),
            " ".join(found.odd.get(one.entry.id, ())),
            family.get(one.entry.id),
            one.message,
        ]
        for one in found.seen
    ]


def _of_file(one: Seen) -> list[Cell]:
    source = one.source
    if source is None:
        return [None] * len(_FILE)
    return [source.bytes, source.format, "yes" if source.suffix_lies else "no"]


def _of_content(one: Seen) -> list[Cell]:
    if one.content is None:
        return [None] * len(_MEASURES)
    values = asdict(one.content.measures)
    return [round(value, 5) if isinstance(value, float) else value for value in values.values()]


def _label(found: Findings, one: Seen, task: str) -> str | None:
    number = one.entry.labels.get(task)
    return None if number is None else found.listing.task(task).classes[number]


def _pairs(found: Findings) -> list[list[Cell]]:
    good = found.good
    return [
        [
            good[pair.first].entry.id,
            good[pair.second].entry.id,
            "identical" if pair.exact else "near",
            round(pair.correlation, 4),
            pair.position,
            " ".join(found.conflicts(pair)),
        ]
        for pair in found.pairs
    ]


def _suspects(found: Findings) -> list[list[Cell]]:
    return [
        [rank, s.image, s.task, s.given, s.suggested, s.doubt, *(getattr(s, name) for name in _CHANCES)]
        for rank, s in enumerate(found.suspects or (), 1)
    ]
