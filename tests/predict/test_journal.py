"""Rows as they come: an interrupt loses nothing, and nothing old is taken for new."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from spermlens.errors import UsageError
from spermlens.predict.journal import Journal
from spermlens.predict.sources import Source

SETTINGS = {"model": "m@1", "views": 2, "maps": []}


@pytest.fixture
def sources(tmp_path: Path) -> list[Source]:
    for name in "abc":
        (tmp_path / f"{name}.png").write_text(name)
    return [Source(f"{name}.png", tmp_path / f"{name}.png") for name in "abc"]


def rows(source: Source) -> list[dict[str, Any]]:
    return [{"image": source.id, "p": 0.1 + 0.2, "message": None}]


def interrupted(output: Path, sources: list[Source]) -> Journal:
    """A journal that has seen `sources`, and whose process is gone; as a new process finds it."""
    first = Journal(output, SETTINGS)
    for source in sources:
        first.add({source: rows(source)})
    first.close()
    return Journal(output, SETTINGS)


def test_what_was_done_is_known_to_the_next_and_digits_are_kept(
    tmp_path: Path, sources: list[Source]
) -> None:
    again = interrupted(tmp_path / "out.csv", sources[:2])
    assert again.rows_of(sources[0]) == rows(sources[0])
    assert again.rows_of(sources[1]) == rows(sources[1])
    assert again.rows_of(sources[2]) is None


def test_rows_are_on_disk_before_the_journal_is_closed(tmp_path: Path, sources: list[Source]) -> None:
    first = Journal(tmp_path / "out.csv", SETTINGS)
    first.add({sources[0]: rows(sources[0])})
    assert Journal(tmp_path / "out.csv", SETTINGS).rows_of(sources[0]) == rows(sources[0])


@pytest.mark.parametrize("cut", [1, 5, 40])
def test_a_last_line_that_was_cut_is_dropped_and_written_anew(
    tmp_path: Path, sources: list[Source], cut: int
) -> None:
    path = interrupted(tmp_path / "out.csv", sources[:2]).path
    path.write_bytes(path.read_bytes()[:-cut] if cut > 1 else path.read_bytes() + b'{"sour\xff')
    again = Journal(tmp_path / "out.csv", SETTINGS)
    assert again.rows_of(sources[0]) == rows(sources[0])
    assert again.rows_of(sources[1]) == (rows(sources[1]) if cut == 1 else None)
    again.add({sources[2]: rows(sources[2])})
    again.close()
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert len(lines) == (4 if cut == 1 else 3)


@pytest.mark.parametrize("line", ["", "3", "null", "{}", '{"settings": 1}'])
def test_a_journal_that_is_none_is_begun_anew(tmp_path: Path, sources: list[Source], line: str) -> None:
    path = interrupted(tmp_path / "out.csv", sources[:1]).path
    path.write_text(f"{line}\n")
    assert Journal(tmp_path / "out.csv", SETTINGS).rows_of(sources[0]) is None


def test_another_model_or_setting_starts_anew(tmp_path: Path, sources: list[Source]) -> None:
    interrupted(tmp_path / "out.csv", sources)
    for other in ({**SETTINGS, "model": "m@2"}, {**SETTINGS, "views": 8}):
        assert Journal(tmp_path / "out.csv", other).rows_of(sources[0]) is None


def test_a_file_that_changed_or_another_of_its_name_is_read_anew(
    tmp_path: Path, sources: list[Source]
) -> None:
    again = interrupted(tmp_path / "out.csv", sources)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "a.png").write_text("a")
    same = sources[0].path.stat().st_mtime_ns
    os.utime(tmp_path / "other" / "a.png", ns=(same, same))
    assert again.rows_of(Source("a.png", tmp_path / "other" / "a.png")) is None
    assert again.rows_of(Source("a.png", sources[0].path, um_per_pixel=0.1)) is None
    os.utime(sources[1].path, (1, 1))
    assert again.rows_of(sources[1]) is None
    sources[2].path.unlink()
    assert again.rows_of(sources[2]) is None
    assert again.rows_of(sources[0]) is not None


def test_the_end_is_the_output_without_the_journal(tmp_path: Path, sources: list[Source]) -> None:
    for suffix in (".csv", ".json"):
        journal = interrupted(tmp_path / f"out{suffix}", sources)
        everything = [row for source in sources for row in journal.rows_of(source) or []]
        journal.finish(everything, ["image", "p", "message"])
        assert not journal.path.exists()
    assert json.loads((tmp_path / "out.json").read_text()) == everything
    assert (tmp_path / "out.csv").read_text().splitlines()[1] == '"a.png",0.30000000000000004,""'


def test_other_kinds_of_output_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"must end in \.csv or \.json"):
        Journal(tmp_path / "out.txt", SETTINGS)
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(UsageError, match="this is a folder"):
        Journal(tmp_path / "folder.csv", SETTINGS)
