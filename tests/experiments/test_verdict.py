"""Masks are framed as pictures are, every question has an answer an image, and rows follow from these."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from verdict_cases import ends_of, figures_of, page
from verdict_heads import Cell, Fold, cells_of, drawn_by_lot
from verdict_measures import BLOB, DEAR, GROUPS, STOPS, Asked, stage_named
from verdict_rows import BOTH, LESS_BLOB, Answers, rows_of

from spermlens.datasets.synthetic import draw
from spermlens.evaluate.overlap import dice
from spermlens.evaluate.table import Predictions
from spermlens.explain._engine import Question, explain
from spermlens.framing import Framing
from spermlens.locate.segment import outline
from spermlens.models import build
from spermlens.predict.tensors import to_tensor
from spermlens.report.page import to_html
from spermlens.report.verdict_tables import FAITHFUL, FORGOTTEN, PARTS, PLACES, STEADY
from spermlens.types import Sample, Task

TASK = Task("head_shape", ("normal", "tapered", "pyriform"))


def table(count: int) -> Predictions:
    truth = np.arange(count) % 3
    names = tuple(f"image {number:02}" for number in range(count))
    return Predictions(
        task=TASK,
        ids=names,
        units=names,
        repeats=np.full(count, 100),
        folds=np.zeros(count, np.int64),
        truth=truth,
        probabilities=np.eye(3)[truth],
    )


def fold(model: str = "simple_cnn", images: int = 3) -> Fold:
    torch.manual_seed(0)
    size, chance = 32, np.random.default_rng(0)
    head = np.zeros((size, size), bool)
    head[8:24, 10:22] = True
    cells = []
    for number in range(images):
        square = chance.integers(0, 255, (size, size, 3)).astype(np.uint8)
        parts = dict.fromkeys(("head", "background", "head_erased"), square)
        cells.append(Cell(square, head if number else None, parts))
    names, classes = tuple(map(str, range(images))), np.arange(images)
    network = build(model, (TASK,), arguments={"width": 2})
    return Fold("b0", 0, network, TASK, names, names, classes, classes, tuple(cells))


@pytest.mark.parametrize("align", ["none", "head"])
def test_a_head_is_framed_as_its_picture_is(align: str) -> None:
    drawing = draw(3, seed=1, labels={"head_shape": "tapered"})
    sample = Sample(id="one", image=drawing.image, labels={"head_shape": 1})
    framing = Framing(size=96, field_px=80, align=align)
    cell = cells_of([sample], framing, "head_shape", None)["one"]
    assert cell.head is not None
    assert dice(cell.head, outline(cell.square).head) > 0.85
    assert (cell.parts["head"][~cell.head] == 128).mean() > 0.95
    assert cells_of([sample], framing, "head_shape", 1)["one"].head is None  # what is no cell has no head


def test_a_list_is_fixed_and_keeps_the_proportions() -> None:
    found = drawn_by_lot(table(60), 15)
    assert found == drawn_by_lot(table(60), 15)
    assert np.bincount([int(name[-2:]) % 3 for name in found]).tolist() == [5, 5, 5]
    assert drawn_by_lot(table(6), None) == sorted(table(6).ids)


def test_every_group_answers_for_every_image_and_the_tables_know_all() -> None:
    one, known = fold(), {*PLACES, *FAITHFUL, *STEADY, *FORGOTTEN, "exact_accuracy"}
    for group, questions in GROUPS.items():
        with Asked(one) as asked:
            found = questions(asked)
        assert asked.passes >= 3, group
        if group == "forgotten":
            assert asked.passes == 3 * (2 + STOPS)  # as it is, without heads, and each stop
        assert all(len(values) == 3 for values in found.values()), group
        assert {metric for _, _, metric in found} <= known
        stages = {condition for _, condition, metric in found if metric in FORGOTTEN}
        assert stages in (set(), {stage_named(number) for number in range(STOPS + 1)})
        shown = {condition for _, condition, metric in found if metric == "exact_accuracy"}
        assert shown in (set(), set(PARTS))
    assert set(DEAR) < set(GROUPS)
    assert not one.network.trunk._forward_pre_hooks  # nothing is left on the network


def test_maps_asked_for_together_are_those_asked_for_alone() -> None:
    one = fold()
    with Asked(one) as asked:
        for method in ("gradcampp", "layercam"):
            question = Question(task=TASK.name, targets=asked.targets, method=method)
            alone = explain(one.network, to_tensor(one.squares), question)
            assert np.allclose(asked.maps(method, asked.pictures), [each.heat for each in alone], atol=1e-6)
        before = asked.passes
        asked.maps("cam", asked.pictures)
        assert asked.passes == before  # the pass that gave one exact map gave all


def part(values: list[float | None], method: str, metric: str) -> dict[str, object]:
    names = [str(number) for number in range(len(values))]
    one = {"method": method, "condition": "", "metric": metric, "values": values}
    return {"ids": names, "units": names, "values": [one]}


def test_rows_are_means_of_what_is_defined_and_differences_of_the_same_images() -> None:
    ours, theirs = Answers(), Answers()
    ours.add(part([0.8, 0.6, None, 0.4], "cam", "energy_in_head"))
    ours.add(part([0.5, 0.5, 0.5, 0.5], BLOB, "energy_in_head"))
    theirs.add(part([0.5, None, 0.9, 0.4], "cam", "energy_in_head"))
    ours.add(part([1.0, 1.0, 0.0, 1.0], "", "exact_accuracy"))
    rows = rows_of("hushem", "head_shape", {"b0-cbam": ours, "b0": theirs})
    found = {(row.alias, row.method, row.metric, row.condition): row for row in rows}
    plain = found["b0-cbam", "cam", "energy_in_head", ""]
    assert (plain.value, plain.n_images) == (pytest.approx(0.6), 3)
    beside = found["b0-cbam", "cam", "energy_in_head", LESS_BLOB]
    assert (beside.value, beside.n_images) == (pytest.approx(0.1), 3)
    apart = found[BOTH, "cam", "energy_in_head", ""]
    assert (apart.value, apart.n_images) == (pytest.approx(0.15), 2)
    right = found["b0-cbam", "", "exact_accuracy", ""]
    assert (right.value, right.interval[:8]) == (0.75, "Clopper-")


def test_cases_are_the_ends_of_each_class() -> None:
    values = {f"image {number:02}": float(number) for number in range(12)}
    ends = ends_of(table(12), values)
    assert ends["normal, best"] == ["image 09", "image 06", "image 03", "image 00"]
    assert ends["tapered, worst"] == ["image 01", "image 04", "image 07", "image 10"]


def test_the_page_of_cases_shows_each_with_its_map_and_cites_the_publisher() -> None:
    figures = figures_of([fold()])
    assert [len(of) for of in figures.values()] == [2, 2, 2]  # the picture, and the map of one network
    values = {"0": 0.4, "1": 2.31}
    told = to_html(page("hushem", {"tapered, best": ["1"], "tapered, worst": ["0"]}, figures, values))
    assert "Tapered, worst" in told
    assert told.index("2.3 times denser in the head") < told.index("0.4 times denser in the head")
    assert {"right", "wrong"} & {one.caption.rsplit(", ")[-1] for of in figures.values() for one in of}
    assert "CC BY 4.0" in told
