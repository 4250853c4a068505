"""The figures of results/outline.json, from the rows of results/outline.csv and nothing else."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from outline_rows import MEASURES, OURS, PARTS, PEERS, Row

from spermlens.errors import DataCorrupt
from spermlens.evaluate.counts import share
from spermlens.evaluate.overlap import Estimate, mean_over, quantile_over, ratio_over
from spermlens.files import write_text
from spermlens.types import Result

Made = Callable[..., Result]

RUNS = "outline.csv"
LOOKED_AT = "outline-looked-at.csv"
EXACT = "Clopper-Pearson, images taken as independent, 95 %"
POOR = 0.8  # below this Dice a head is said to be missed
JUDGED = ("right", "wrong", "no head")
JUDGED_COLUMNS = ("dataset", "seed", "image", "judged", "reliable")


def summary(rows: Sequence[Row]) -> Iterator[Result]:
    """Results in the order of the rows: by data set, condition and model."""
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault((row["dataset"], row["condition"], row["model"]), []).append(row)
    for (dataset, condition, model), group in groups.items():
        made = partial(Result, dataset=dataset, model=model, runs=RUNS)
        if model == OURS:
            yield from _reliabilities(made, condition, group)
        if any(row["true_head"] is not None for row in group):
            yield from _agreement(made, f"{condition}; all", group)
            trusted = [row for row in group if not row["reason"]]
            if model == OURS and trusted:
                yield from _agreement(made, f"{condition}; reliable", trusted)
        if model in PEERS:
            ours = groups[dataset, condition, OURS]
            yield from _speeds(made, f"{condition}; all", group, ours)


def judgements(path: Path) -> Iterator[Result]:
    """What a person who looked at outlines wrote down: results by data set, of all and of the reliable."""
    groups: dict[tuple[str, str], list[str]] = {}
    for row in read_judgements(path):
        for which in ("all", "reliable") if row["reliable"] == "yes" else ("all",):
            groups.setdefault((row["dataset"], which), []).append(row["judged"])
    for (dataset, which), judged in groups.items():
        said = {"condition": f"{which} looked at", "runs": LOOKED_AT}
        made = partial(Result, dataset=dataset, model=OURS, task="head", **said)
        for name in JUDGED:
            yield _estimated(
                made, f"judged_{name.replace(' ', '_')}", _exact(judged.count(name), len(judged))
            )


def read_judgements(path: Path) -> list[dict[str, str]]:
    """The rows of outline-looked-at.csv, each valid."""
    reader = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"), newline=""))
    if tuple(reader.fieldnames or ()) != JUDGED_COLUMNS:
        raise DataCorrupt(f"{path}: found {reader.fieldnames}, expected the columns {list(JUDGED_COLUMNS)}.")
    rows, seen = [], set()
    for row in reader:
        place, one = f"{path}, line {reader.line_num}", (row["dataset"], row["image"])
        if row["judged"] not in JUDGED or row["reliable"] not in ("yes", "no"):
            raise DataCorrupt(
                f"{place}: found judged '{row['judged']}' and reliable '{row['reliable']}', expected "
                f"{', '.join(JUDGED)} and yes or no. Look at the image and write one of these."
            )
        if one in seen:
            raise DataCorrupt(f"{place}: '{row['image']}' is judged twice, expected once. Keep one row.")
        seen.add(one)
        rows.append(row)
    return rows


def write_judgements(path: Path, rows: Sequence[Sequence[str]]) -> None:
    write_text(path, "\n".join(",".join(row) for row in (JUDGED_COLUMNS, *rows)) + "\n")


def _reliabilities(made: Made, condition: str, rows: Sequence[Row]) -> Iterator[Result]:
    """How many can be relied on, and of each reason how many it speaks against."""
    head = partial(made, task="head", condition=condition)
    yield _part(head, "reliable", [not row["reason"] for row in rows], rows)
    for reason, _ in Counter(row["reason"] for row in rows if row["reason"]).most_common():
        yield _part(partial(head, method=reason), "reason", [row["reason"] == reason for row in rows], rows)


def _agreement(made: Made, condition: str, rows: Sequence[Row]) -> Iterator[Result]:
    for part in PARTS:
        said = partial(made, task=part, condition=condition)
        there = [row for row in rows if row[f"true_{part}"]]
        drawn = [row for row in there if row[f"found_{part}"]]
        not_there = [row for row in rows if row[f"true_{part}"] == 0]
        yield from _overlaps(said, part, there, drawn)
        if not_there:
            yield _part(said, "invented", [bool(row[f"found_{part}"]) for row in not_there], not_there)
    for name in MEASURES if any(row["model"] == OURS for row in rows) else ():
        yield from _errors(partial(made, task=name, condition=condition), name, rows)


def _overlaps(made: Made, part: str, there: Sequence[Row], drawn: Sequence[Row]) -> Iterator[Result]:
    """Dice where the part is, 0 where it was not drawn; then how often it was drawn and how well."""
    if not there:
        return
    overlaps = [_number(row, f"dice_{part}") for row in there]
    yield _estimated(made, "dice", mean_over(overlaps, _units(there)))
    if part == "head":
        yield _part(made, f"dice_below_{POOR}", [overlap < POOR for overlap in overlaps], there)
    else:
        yield _part(made, "drawn", [bool(row[f"found_{part}"]) for row in there], there)
    if drawn:
        where = [_number(row, f"dice_{part}") for row in drawn]
        more = [_number(row, f"found_{part}") / _number(row, f"true_{part}") - 1 for row in drawn]
        yield _estimated(made, "dice_where_drawn", mean_over(where, _units(drawn)))
        yield _estimated(made, "area_bias", mean_over(more, _units(drawn)))


def _errors(made: Made, name: str, rows: Sequence[Row]) -> Iterator[Result]:
    """What masks that are not the true ones add to the error: in parts of the truth, shares as they are."""
    both = [row for row in rows if row[f"measured_{name}"] is not None and row[f"should_{name}"] is not None]
    if not both:
        return
    off = [_number(row, f"measured_{name}") - _number(row, f"should_{name}") for row in both]
    if name != "acrosome_share":
        off = [error / _number(row, f"should_{name}") for error, row in zip(off, both, strict=True)]
    sizes, units = [abs(error) for error in off], _units(both)
    yield _estimated(made, "median_error", quantile_over(sizes, 0.5, units))
    yield _estimated(made, "p95_error", quantile_over(sizes, 0.95, units))
    yield _estimated(made, "median_signed_error", quantile_over(off, 0.5, units))


def _speeds(made: Made, condition: str, rows: Sequence[Row], ours: Sequence[Row]) -> Iterator[Result]:
    """Crops a second of a peer and of ours on the same crops, and how many times as fast ours is."""
    own = {row["image"]: row for row in ours}
    same = [own[row["image"]] for row in rows]
    peers, mine = ([_number(row, "seconds") for row in group] for group in (rows, same))
    units, ones = _units(rows), [1.0] * len(rows)
    peer = rows[0]["model"]
    said = partial(made, task="head", condition=condition)
    yield _estimated(said, "crops_per_second", ratio_over(ones, peers, units))
    ourselves = partial(said, model=OURS, method=f"on the crops of {peer}")
    yield _estimated(ourselves, "crops_per_second", ratio_over(ones, mine, units))
    yield _estimated(ourselves, "times_as_fast", ratio_over(peers, mine, units))
    overlaps = [_number(row, "dice_head") for row in same]
    yield _estimated(ourselves, "dice", mean_over(overlaps, units))


def _part(made: Made, metric: str, which: Sequence[bool], rows: Sequence[Row]) -> Result:
    """A share, its interval exact where every image is a unit of its own."""
    units = _units(rows)
    if len(set(units)) == len(units):
        return _estimated(made, metric, _exact(sum(which), len(which)))
    return _estimated(made, metric, mean_over([float(one) for one in which], units))


def _exact(count: int, total: int) -> Estimate:
    found = share(count, total)
    return Estimate(found.value, found.low, found.high, EXACT, total)


def _estimated(made: Made, metric: str, found: Estimate) -> Result:
    return made(metric=metric, **asdict(found))


def _units(rows: Sequence[Row]) -> list[str]:
    """What each image belongs to: itself, where nothing is told."""
    return [str(row["unit"] or row["image"]) for row in rows]


def _number(row: Row, name: str) -> float:
    """A cell as a number; what was not drawn overlaps by nothing."""
    return float(row[name] or 0)
