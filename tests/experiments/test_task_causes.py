"""A part stays with its head, a map that knows nothing has 1, and what the defect adds is paired."""

from __future__ import annotations

import numpy as np
import pytest
import task_causes
from cause_rows import AWAY, AWAY_PX, MIDDLE
from task_causes import AREA, CHANGE, DENSITY, EVERY, LESS, READ, Asked, densities_on, rows_of_parts, shown_of

import spermlens
from spermlens.datasets.synthetic import draw
from spermlens.types import Heat

COUNT = 4


@pytest.fixture(scope="module")
def lens() -> spermlens.Lens:
    return spermlens.load("synthetic-heads", device="cpu")


def test_what_a_defect_lacks_belongs_to_its_part(lens: spermlens.Lens) -> None:
    framing = lens.description.framing
    drawing = draw(2, seed=task_causes.SEED, labels={"acrosome": "abnormal"})
    middle, away = (shown_of(framing, drawing, "acrosome", place) for place in (MIDDLE, AWAY))
    moved = np.argwhere(away.part).mean(0) - np.argwhere(middle.part).mean(0)
    assert np.hypot(*moved) == pytest.approx(AWAY_PX * framing.size / framing.field_px, abs=0.6)
    healthy = draw(2, seed=task_causes.SEED, labels={})
    assert (
        middle.part.sum() >= 0.98 * healthy.masks["acrosome"].sum() * (framing.size / framing.field_px) ** 2
    )
    differs = np.abs(middle.square.astype(int) - middle.twin).max(2) > 20
    assert differs.any()
    assert np.mean(middle.part[differs]) > 0.6


def test_a_map_that_knows_nothing_has_one_and_gains_nothing(
    lens: spermlens.Lens, monkeypatch: pytest.MonkeyPatch
) -> None:
    def flat(asked: Asked, said: object, squares: list[Heat]) -> dict[str, list[Heat]]:
        return {"vacuole": [np.ones(squares[0].shape[:2], np.float32)] * len(squares)}

    monkeypatch.setattr(task_causes, "_maps", flat)
    drawn = [draw(index, seed=task_causes.SEED, labels={"vacuole": "abnormal"}) for index in range(COUNT)]
    shown = [shown_of(lens.description.framing, one, "vacuole", MIDDLE) for one in drawn]
    densities, changes, read = densities_on(Asked(lens, "vacuole", MIDDLE, "cam"), shown)
    assert densities["vacuole"] == pytest.approx(np.ones(COUNT))
    assert changes["vacuole"] == pytest.approx(np.zeros(COUNT))
    assert read.shape == (COUNT,)


def test_every_map_of_every_part_has_its_rows(lens: spermlens.Lens, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task_causes, "PARTS", ("vacuole",))
    monkeypatch.setattr(task_causes, "METHODS", ("cam",))
    rows = {(row.condition, row.metric): row for row in rows_of_parts(lens, COUNT)}
    for place in (MIDDLE, AWAY):
        read = rows[f"{place}; {EVERY}", "read"]
        assert rows[f"{place}; {READ}", AREA].n_images == round(COUNT * read.value)
        own, other = (rows[f"{place}; {EVERY}; {name}", DENSITY].value for name in ("vacuole", "head_shape"))
        apart = rows[f"{place}; {EVERY}; vacuole less head_shape", DENSITY + LESS]
        assert apart.value == pytest.approx(own - other)
        assert (f"{place}; {READ}; blob", DENSITY) in rows
        assert (f"{place}; {READ}; blob", CHANGE) not in rows
        assert rows[f"{place}; {READ}; vacuole", CHANGE].value > 1  # without vacuoles, no evidence of them
