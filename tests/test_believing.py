"""Where a map lies, on maps and heads whose answers are known by hand; and what of it stands in a row."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import spermlens
from spermlens.batch import Order, read_batch
from spermlens.believing import Believing, near, where
from spermlens.explain._scaled import RawMap
from spermlens.framing import Framing
from spermlens.lens import Lens
from spermlens.predict.contrast import Contrast
from spermlens.predict.framed import Framed
from spermlens.predict.pipeline import Ask, read_samples
from spermlens.predict.reason_rows import FLAG, LIMIT
from spermlens.predict.sources import find_sources
from spermlens.types import Explanation, Outline, Reading, Sample

SIDE = 40
EVERYWHERE = np.ones((SIDE, SIDE), bool)


def explanation(heat: np.ndarray) -> Explanation:
    return Explanation(
        heat=heat.astype(np.float32),
        peak=float(heat.max()),
        status="evidence" if heat.any() else "no_evidence",
        map_size=(4, 4),
        task="head_shape",
        target="tapered",
        method="cam",
        layer="pooled",
    )


def spot(row: int, column: int) -> np.ndarray:
    heat = np.zeros((SIDE, SIDE))
    heat[row, column] = 1
    return heat


@pytest.fixture
def outline() -> Outline:
    head = np.zeros((SIDE, SIDE), bool)
    head[10:20, 10:30] = True  # an eighth of the image
    return Outline(masks={"head": head}, reliability=1)


def test_a_map_that_knows_nothing_is_as_dense_as_its_area(outline: Outline) -> None:
    scores = where(explanation(np.ones((SIDE, SIDE))), outline, EVERYWHERE, 0)
    assert scores["energy_in_head"] == pytest.approx(1 / 8)
    assert scores["energy_over_area"] == pytest.approx(1)
    assert scores["energy_on_background"] == pytest.approx(7 / 8)


def test_only_what_the_network_saw_counts_as_area(outline: Outline) -> None:
    field = EVERYWHERE.copy()
    field[20:] = False  # half of it, and the whole head
    heat = np.where(field, 1.0, 0.0)
    assert where(explanation(heat), outline, field, 0)["energy_over_area"] == pytest.approx(1)


@pytest.mark.parametrize(("row", "away"), [(19, 0), (24, 0), (25, 1), (35, 1)])
def test_near_the_head_is_no_background(outline: Outline, row: int, away: float) -> None:
    """Half a cell of a map of 4 over 40 pixels is 5; the head's last row is 19."""
    scores = where(explanation(spot(row, 20)), outline, EVERYWHERE, 5)
    assert scores["energy_on_background"] == away
    assert scores["peak_in_head"] == (row == 19)


def test_near_grows_by_a_distance_not_by_a_square() -> None:
    head = np.zeros((21, 21), bool)
    head[10, 10] = True
    rows, columns = np.mgrid[:21, :21] - 10
    assert (near(head, 6.5) == (rows**2 + columns**2 <= 6.5**2)).all()
    assert not near(np.zeros((5, 5), bool), 3).any()


def test_nothing_is_said_of_an_outline_that_is_not_relied_on(outline: Outline) -> None:
    doubted = replace(outline, reason="two heads touch")
    assert where(explanation(spot(15, 15)), doubted, EVERYWHERE, 5) == {}


def test_a_map_without_evidence_lies_nowhere(outline: Outline) -> None:
    assert where(explanation(np.zeros((SIDE, SIDE))), outline, EVERYWHERE, 5) == {}


@pytest.fixture
def lens(trained: Any) -> Lens:
    return spermlens.load(trained.folder, device="cpu")


@pytest.fixture
def images(trained: Any) -> list[Path]:
    return sorted((trained.data / "01_Normal").iterdir())[:3]


class Pointing:
    """An eye whose maps point at one cell of 4 x 4, turned with the picture or not."""

    def __init__(self, lens: Lens, *, turns: bool, align: str = "none") -> None:
        framing = Framing(size=32, field_px=SIDE, align=align)
        self.description, self.turns = replace(lens.description, framing=framing), turns
        self.looks = 0

    def why(self, squares: np.ndarray, question: Any, seen: Any = None) -> list[RawMap]:
        self.looks += 1
        grey = squares.mean(3).reshape(-1, 4, 8, 4, 8).mean((2, 4))
        fixed = np.arange(16, dtype=np.float32).reshape(4, 4)
        return [RawMap((one if self.turns else fixed).astype(np.float32), False, "pooled") for one in grey]


def steadied(eye: Any, lens: Lens) -> dict[str, float]:
    rng = np.random.default_rng(0)
    square = rng.integers(0, 256, (1, 32, 32, 3), np.uint8)
    task = lens.tasks[0]
    found = replace(explanation(spot(1, 1)), task=task.name, target=task.classes[0])
    said = lens.predict(np.full((SIDE, SIDE, 3), 200, np.uint8))[0]
    reading = Reading(image=np.zeros((SIDE, SIDE, 3), np.uint8), prediction=said, explanations=(found,))
    cell = Framed(Sample(id="a", image=np.zeros((SIDE, SIDE, 3), np.uint8)), eye.description.framing)
    (told,) = Believing(steady=True)(eye, [cell], square, [reading])
    return dict(told.explanations[0].scores)


def test_a_map_that_turns_with_the_picture_is_stable(lens: Lens) -> None:
    eye = Pointing(lens, turns=True)
    assert steadied(eye, lens) == {"stability": pytest.approx(1, abs=1e-3)}
    assert eye.looks == 8
    assert steadied(Pointing(lens, turns=False), lens)["stability"] < 0.2


def test_a_head_that_is_upright_is_mirrored_only(lens: Lens) -> None:
    eye = Pointing(lens, turns=True, align="head")
    assert steadied(eye, lens)["stability"] == pytest.approx(1, abs=1e-3)
    assert eye.looks == 2


def test_where_maps_are_written_rows_say_how_far_to_believe_them(
    lens: Lens, images: list[Path], tmp_path: Path
) -> None:
    sources = find_sources([str(path) for path in images])
    order = Order(maps=tmp_path / "maps", views=1)
    rows = read_batch(lens.eye, sources, order)
    assert list(rows[0]) == order.headings(lens.eye)
    assert not set(order.reason_headings(lens.eye)) & set(Order(views=1).headings(lens.eye))
    placed = [row for row in rows if row["head_shape_cam_energy_in_head"] is not None]
    assert placed
    for row in rows:
        assert row["head_shape_cam_map_size"] == "2x2"
        away = row["head_shape_cam_energy_on_background"]
        assert bool(row["outline_reason"]) <= (away is None)
        assert (away is None) == (row[FLAG] is None)
        if away is not None:
            assert bool(row[FLAG]) == (float(away) > LIMIT)
            assert row["head_shape_cam_peak_in_head"] in (0, 1)


def test_without_outlines_only_the_size_is_told(lens: Lens, tmp_path: Path) -> None:
    order = Order(maps=tmp_path, measures=False, stability=True)
    assert order.reason_headings(lens.eye) == ["head_shape_cam_map_size", "head_shape_cam_stability"]


def test_a_contrast_is_drawn_and_not_scored(lens: Lens, images: list[Path], tmp_path: Path) -> None:
    asked = Contrast(task="head_shape", target="tapered", rival="pyriform")
    order = Order(maps=tmp_path / "maps", views=1, contrasts=(asked,), page=tmp_path / "page.html")
    rows = read_batch(lens.eye, find_sources([str(images[0])]), order)
    assert list(rows[0]) == Order(maps=tmp_path / "maps").headings(lens.eye)
    names = [path.name for path in (tmp_path / "maps").rglob("*-not-*")]
    assert names == [f"{images[0].name}.head_shape.tapered-not-pyriform.cam.png"]
    assert "for head shape tapered, not pyriform" in (tmp_path / "page.html").read_text()


def test_the_contrast_of_a_batch_is_that_of_the_lens(lens: Lens, images: list[Path]) -> None:
    asked = Contrast(task="head_shape", target="tapered", rival="pyriform")
    sample = Sample(id="a", image=spermlens.images.read_pages(images[0])[0])
    (reading,) = read_samples(lens.eye, [sample], Ask(methods=("cam",), contrasts=(asked,)))
    (truth,) = lens.explain(images[0], target="tapered", rival="pyriform")
    assert reading.explanations[-1].rival == "pyriform"
    assert reading.explanations[-1].heat == pytest.approx(truth.heat, abs=1e-5)


def test_python_gets_the_scores_where_it_asks_for_measures(lens: Lens, images: list[Path]) -> None:
    readings = lens.read(images, methods=["cam"], measures=True)
    assert any("energy_in_head" in reading.explanations[0].scores for reading in readings)
    assert not lens.read(images[0], methods=["cam"])[0].explanations[0].scores
