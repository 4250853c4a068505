"""What a job commits comes back as it was, and nothing else is taken for it."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest
from drawn_jobs import TASK, Desk

from spermlens.errors import DataCorrupt
from spermlens.reproduce.committed import is_committed, read_committed
from spermlens.reproduce.job import Job, same_recipe

One = Callable[[str], Job]


def test_a_job_comes_back_as_it_was_committed(desk: Desk, one: One) -> None:
    job = one("one/cbam-r101")
    tables = desk.commit(job)
    path = desk.places.table(job)
    assert path == desk.places.results / "small" / "one" / "cbam-r101.csv"
    assert is_committed(path)
    found = read_committed(path)
    assert same_recipe(found.experiment, job.experiment())
    assert sorted(found.answers[TASK.name]) == [1, 8]
    for views, table in tables.items():
        back = found.answers[TASK.name][views]
        assert (back.task, back.ids, back.units) == (table.task, table.ids, table.units)
        for column in ("repeats", "folds", "truth"):
            assert (getattr(back, column) == getattr(table, column)).all()
        np.testing.assert_allclose(back.probabilities, table.probabilities, rtol=6e-7)
        assert (back.predicted == table.predicted).all()


def test_small_probabilities_are_not_rounded_to_nothing(desk: Desk, one: One) -> None:
    desk.commit(one("one/cbam-r100"))
    text = desk.places.table(one("one/cbam-r100")).read_text()
    values = [float(cell) for line in text.splitlines()[1:] for cell in line.split(",")[5:]]
    assert 0 < min(values) < 1e-4


def test_a_csv_without_its_json_is_not_committed(desk: Desk, one: One) -> None:
    job = one("one/cbam-r100")
    desk.commit(job)
    desk.places.table(job).with_suffix(".json").unlink()
    assert not is_committed(desk.places.table(job))


def test_other_ends_of_lines_are_the_same_table(desk: Desk, one: One) -> None:
    path = desk.places.table(one("one/cbam-r100"))
    desk.commit(one("one/cbam-r100"))
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert len(read_committed(path).answers[TASK.name][8]) == 60


@pytest.mark.parametrize(
    ("old", "new"), [('"image 7"', '"image 70"'), ('"fold"', '"flod"'), ("100,", "101,"), ("\n", "\n\n")]
)
def test_a_changed_csv_is_refused(desk: Desk, one: One, old: str, new: str) -> None:
    path = desk.places.table(one("one/cbam-r100"))
    desk.commit(one("one/cbam-r100"))
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(DataCorrupt, match="its JSON belongs to another CSV"):
        read_committed(path)


@pytest.mark.parametrize("key", ["recipe", "csv_sha256", "tasks"])
def test_a_json_that_lacks_something_is_refused(desk: Desk, one: One, key: str) -> None:
    path = desk.places.table(one("one/cbam-r100"))
    desk.commit(one("one/cbam-r100"))
    about = json.loads(path.with_suffix(".json").read_text())
    del about[key]
    path.with_suffix(".json").write_text(json.dumps(about))
    with pytest.raises(DataCorrupt, match="not what a job wrote"):
        read_committed(path)
