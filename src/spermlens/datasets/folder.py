"""A lab's own images: a folder a class, or a CSV manifest.

Class folders give one task, named `label` unless said otherwise. A manifest has a column `path` and one
column a task; optional are `id`, `group` (patient, slide), `split` and `um_per_pixel`. An empty label means:
not annotated. Paths are relative to the manifest.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from functools import partial
from pathlib import Path
from statistics import median

from spermlens.datasets._classes import class_entries
from spermlens.datasets._listing import Entry, Listing
from spermlens.errors import BadManifest, ConfigError, DataMissing, nearest
from spermlens.images import list_images, read_image
from spermlens.images.pixel_size import LARGEST_UM, SMALLEST_UM
from spermlens.types import Card, Task

OWN_COLUMNS = ("path", "id", "group", "split", "um_per_pixel")
SAID = 6  # columns of a table that is no manifest: enough to know it again

CARD = Card(
    name="folder",
    title="A lab's own images",
    source="local files",
    licence="the owner's",
    citation="none",
    tasks=(Task("label", ("class_a", "class_b")),),
    counts={},
    group="as the manifest says",
    stain="not stated",
    um_per_pixel=None,
    field_px=None,
    unknown=(),
)


def read(root: Path | None, *, task: str = "label", classes: dict[str, list[str]] | None = None) -> Listing:
    """Samples below class folders, or those of a manifest (`root` is the CSV, or holds manifest.csv).

    `classes` fixes the order of a task's classes: {task: [class, ...]}; else they are sorted by name.
    """
    if not task:
        raise ConfigError("The option task is empty. Give the task a name, or leave the option out.")
    if root is None:
        raise DataMissing("Name the folder or the manifest with --data or --root.")
    manifest = root if root.is_file() else root / "manifest.csv"
    if not manifest.is_file():
        return _read_folders(root, task, classes or {})
    if task != "label":
        raise ConfigError(
            f"{manifest}: a manifest names its tasks itself. Leave out the option task = '{task}'."
        )
    return _read_manifest(manifest, classes or {})


def _read_folders(root: Path, task_name: str, fixed: dict[str, list[str]]) -> Listing:
    found = sorted(p.name for p in root.iterdir() if p.is_dir() and not p.name.startswith("."))
    found = [name for name in found if list_images(root / name)]
    if len(found) < 2:
        raise DataMissing(
            f"{root}: expected a manifest.csv or two or more class folders with images, "
            f"found {len(found)} class folder(s) ({', '.join(found) or 'none'})."
        )
    _check_fixed(fixed, [task_name])
    task = _task(task_name, found, fixed, str(root))
    if strange := [name for name in found if name not in task.classes]:
        raise BadManifest(
            f"{root / strange[0]}: this folder is no class of '{task.name}'. "
            f"Expected {', '.join(task.classes)}; rename it, or move it elsewhere."
        )
    entries = class_entries(root, {name: task.index(name) for name in found}, task.name)
    return _listing(root, (task,), entries, "not stated")


def _read_manifest(path: Path, fixed: dict[str, list[str]]) -> Listing:
    rows = manifest_rows(path)
    names = [column for column in rows[0][1] if column not in OWN_COLUMNS]
    if not names:
        raise BadManifest(f"{path}: there is no label column. Add one column a task, e.g. head_shape.")
    _check_fixed(fixed, names)
    tasks = tuple(
        _task(name, [row[name] for _, row in rows if row[name]], fixed, str(path)) for name in names
    )
    entries = [_entry(path, line, row, tasks) for line, row in rows]
    doubled = [id for id, count in Counter(entry.id for entry in entries).items() if count > 1]
    if doubled:
        raise BadManifest(
            f"{path}: {len(doubled)} id(s) stand twice, first '{doubled[0]}'. Each image needs its own."
        )
    grouped = "as the manifest says" if any(entry.group for entry in entries) else "not stated"
    return _listing(path, tasks, entries, grouped)


def manifest_rows(path: Path) -> list[tuple[int, dict[str, str]]]:
    """The rows of a manifest by column name, each with its line; every structural fault is named with its."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadManifest(
            f"{path}: cannot be read as UTF-8 text ({error}). Save it as CSV in UTF-8."
        ) from error
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        columns = [column.strip() for column in reader.fieldnames or []]
    except csv.Error as error:
        raise BadManifest(f"{path}, line 1: {error}. Save it as plain CSV.") from error
    if "path" not in columns:
        more = f" and {len(columns) - SAID} more" if len(columns) > SAID else ""
        found = f"{', '.join(columns[:SAID])}{more}" if columns else "an empty file"
        raise BadManifest(f"{path}: expected a column 'path', found {found}.")
    doubled = [column for column, count in Counter(columns).items() if count > 1 or not column]
    if doubled:
        raise BadManifest(f"{path}: the column '{doubled[0]}' stands twice or has no name. Rename it.")
    reader.fieldnames = columns
    rows = []
    try:
        for row in reader:
            if None in row or None in row.values():
                raise BadManifest(
                    f"{path}, line {reader.line_num}: expected {len(columns)} cells. Quote cells with commas."
                )
            rows.append((reader.line_num, {column: cell.strip() for column, cell in row.items()}))
    except csv.Error as error:
        raise BadManifest(f"{path}, line {reader.line_num}: {error}. Save it as plain CSV.") from error
    if not rows:
        raise BadManifest(f"{path}: there is no row below the headings.")
    return rows


def _entry(manifest: Path, line: int, row: dict[str, str], tasks: tuple[Task, ...]) -> Entry:
    where = f"{manifest}, line {line}"
    if not row["path"]:
        raise BadManifest(f"{where}: the path is empty.")
    return Entry(
        id=row.get("id") or row["path"],
        load=partial(read_image, manifest.parent / row["path"]),
        labels={task.name: _label(row[task.name], task, where) for task in tasks},
        group=row.get("group") or None,
        split=row.get("split") or None,
        um_per_pixel=um_per_pixel_of(row.get("um_per_pixel", ""), where),
    )


def _label(cell: str, task: Task, where: str) -> int | None:
    if not cell:
        return None
    if cell not in task.classes:
        raise BadManifest(
            f"{where}: '{cell}' is no class of '{task.name}'. Expected {', '.join(task.classes)}."
        )
    return task.index(cell)


def um_per_pixel_of(cell: str, where: str) -> float | None:
    """The number in a cell; None where it is empty."""
    if not cell:
        return None
    try:
        value = float(cell)
    except ValueError:
        value = 0.0
    if not SMALLEST_UM <= value <= LARGEST_UM:
        raise BadManifest(
            f"{where}: um_per_pixel must be a number from {SMALLEST_UM:g} to {LARGEST_UM:g}, but is '{cell}'."
        )
    return value


def _check_fixed(fixed: dict[str, list[str]], tasks: list[str]) -> None:
    for name in fixed:
        if name not in tasks:
            raise ConfigError(
                f"The option classes is for a task '{name}' that is not there.{nearest(name, tasks)}"
            )


def _task(name: str, found: list[str], fixed: dict[str, list[str]], where: str) -> Task:
    classes = tuple(fixed.get(name) or sorted(set(found)))
    if len(classes) < 2:
        raise BadManifest(f"{where}: task '{name}' has {len(classes)} class(es), expected two or more.")
    if len(set(classes)) < len(classes):
        raise ConfigError(f"The option classes names a class of '{name}' twice: {', '.join(classes)}.")
    return Task(name, classes)


def _listing(root: Path, tasks: tuple[Task, ...], entries: list[Entry], group: str) -> Listing:
    alone = sum(entry.group is None for entry in entries)
    unknown = "Which images share a patient is not stated"
    card = Card(
        name="folder",
        title=f"Own images in {root.resolve().name}",
        source="local files",
        licence=CARD.licence,
        citation=CARD.citation,
        tasks=tasks,
        counts={},
        group=group,
        stain=CARD.stain,
        um_per_pixel=_common_scale(root, entries),
        field_px=None,
        unknown=(f"{unknown} for {alone} of {len(entries)} images.",) if alone else (),
    )
    return Listing(card, tuple(entries))


def _common_scale(where: Path, entries: list[Entry]) -> float | None:
    """The median of the images' um per pixel, to which all are brought; None where none is given."""
    known = [entry.um_per_pixel for entry in entries if entry.um_per_pixel is not None]
    if known and len(known) < len(entries):
        raise BadManifest(
            f"{where}: um_per_pixel is given for {len(known)} of {len(entries)} images. "
            "Give it for all or none: the others could not be brought to the same scale."
        )
    return median(known) if known else None
