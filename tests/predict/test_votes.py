"""What is measured votes beside the network: the mean that tables judge, for each cell by itself."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from spermlens.datasets.synthetic import draw
from spermlens.errors import BadModel
from spermlens.evaluate.calibration import temper
from spermlens.framing import Framing
from spermlens.lens import Lens
from spermlens.locate import segment
from spermlens.locate.columns import ALL, columns_of
from spermlens.models import build
from spermlens.models._description import Description, Voting
from spermlens.models._ruler import Floats, Ruler
from spermlens.models._store import Saved
from spermlens.predict import framed
from spermlens.predict.network import NetworkEye
from spermlens.predict.pipeline import Ask, read_samples
from spermlens.predict.tensors import probabilities, to_tensor
from spermlens.types import Image, Sample, Task

CPU = torch.device("cpu")
TASKS = (Task("shape", ("round", "long", "pear")), Task("kind", ("cell", "debris")))
COLUMNS = ("length_over_width", "width_px", "area_px2", "acrosome_share")


def ruler() -> Ruler:
    """Knows two cells of each class; where no acrosome is told, it is told that none is."""
    rng = np.random.default_rng(6)
    return Ruler(
        columns=COLUMNS,
        medians=np.array([1.5, 25.0, 800.0, 0.4]),
        told=np.array([3]),
        means=np.array([1.5, 25.0, 800.0, 0.4, 0.2]),
        spreads=np.array([0.3, 5.0, 200.0, 0.2, 0.4]),
        vectors=rng.normal(size=(6, 5)),
        counts=np.array([2, 2, 2]),
        duals=3 * rng.normal(size=(2, 6)),
        offsets=np.zeros(3),
        gamma=np.array(0.3),
        score_means=np.ones(3),
        score_spreads=np.ones(3),
        weights=2 * np.eye(3),
        biases=np.zeros(3),
    )


@pytest.fixture
def saved() -> Saved:
    """The second task is the network's alone."""
    torch.manual_seed(1)
    description = Description(
        name="tiny",
        architecture="simple_cnn",
        arguments={"width": 2},
        tasks=TASKS,
        framing=Framing(size=32, field_px=72),
        views=2,
        temperature={"shape": 0.7, "kind": 1.3},
        voting={"shape": Voting(network=0.1, measures=1.5)},
    )
    return Saved(build("simple_cnn", TASKS, arguments={"width": 2}).eval(), description, {"shape": ruler()})


def head(index: int) -> Image:
    return draw(index, seed=5, kind="cells", labels={"cell": "normal"}).image


def blank() -> Image:
    return np.random.default_rng(0).integers(190, 200, (90, 90, 3), dtype=np.uint8)


def samples() -> list[Sample]:
    images = [*(head(n) for n in range(5)), blank()]
    return [Sample(id=str(n), image=image) for n, image in enumerate(images)]


def by_network(saved: Saved, cells: list[Sample], task: str) -> Floats:
    squares = to_tensor([framed.Framed(cell, saved.description.framing).square for cell in cells])
    return probabilities(saved.network, squares, views=2)[task]


def said(saved: Saved, cells: list[Sample], task: str = "shape", **ask: Any) -> Floats:
    readings = read_samples(NetworkEye(saved, CPU), cells, Ask(views=2, **ask))
    return np.stack([reading.prediction.probabilities[task] for reading in readings])


def test_the_answer_is_the_tempered_mean_of_two_tempered_votes(saved: Saved) -> None:
    cells = samples()
    columns, _ = columns_of(cell.image for cell in cells)
    votes = (
        temper(by_network(saved, cells, "shape"), 0.1),
        temper(ruler().probabilities(columns.only(COLUMNS).values), 1.5),
    )
    np.testing.assert_allclose(said(saved, cells), temper((votes[0] + votes[1]) / 2, 0.7), atol=1e-9)
    alone = temper(by_network(saved, cells, "kind"), 1.3)
    np.testing.assert_allclose(said(saved, cells, "kind"), alone, atol=1e-9)


def test_both_votes_are_told(saved: Saved) -> None:
    cells, classes = samples(), TASKS[0].classes
    columns, _ = columns_of(cell.image for cell in cells)
    expected = (
        by_network(saved, cells, "shape").argmax(1),
        ruler().probabilities(columns.only(COLUMNS).values).argmax(1),
    )
    votes = [
        reading.prediction.votes for reading in read_samples(NetworkEye(saved, CPU), cells, Ask(views=2))
    ]
    assert [classes.index(one["shape"].network) for one in votes] == expected[0].tolist()
    assert [classes.index(one["shape"].measures) for one in votes] == expected[1].tolist()
    assert [one["shape"].differ for one in votes] == (expected[0] != expected[1]).tolist()
    assert {one["shape"].differ for one in votes} == {True, False}
    assert all(set(one) == {"shape"} for one in votes)


@pytest.mark.parametrize("batch_size", [1, 4])
def test_neither_batch_nor_order_changes_an_answer(saved: Saved, batch_size: int) -> None:
    cells = samples()
    whole = said(saved, cells)
    np.testing.assert_allclose(said(saved, cells[::-1], batch_size=batch_size)[::-1], whole, atol=1e-6)


def test_several_threads_read_alike(saved: Saved) -> None:
    cells = samples()
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: said(saved, cells), range(4)))
    for other in found:
        np.testing.assert_allclose(other, said(saved, cells), atol=1e-9)


def test_without_a_head_the_ruler_hears_that_nothing_was_measured(saved: Saved) -> None:
    cell = Sample(id="tiny", image=head(1)[:20, :20].copy())  # too small for an outline
    nothing = temper(ruler().probabilities(np.full((1, len(COLUMNS)), np.nan)), 1.5)
    network = temper(by_network(saved, [cell], "shape"), 0.1)
    np.testing.assert_allclose(said(saved, [cell]), temper((network + nothing) / 2, 0.7), atol=1e-9)


def test_pixels_are_those_of_the_framing_where_the_scale_is_known() -> None:
    image = head(2)
    row = dict(zip(ALL, columns_of([image])[0].values[0], strict=True))
    for own, meant, factor in ((None, None, 1), (None, 0.2, 1), (0.1, None, 1), (0.1, 0.1, 1), (0.1, 0.2, 2)):
        framing = Framing(size=32, field_px=72, um_per_pixel=meant)
        cell = framed.Framed(Sample(id="a", image=image, um_per_pixel=own), framing)
        found = dict(zip(ALL, cell.row, strict=True))
        assert found["width_px"] == pytest.approx(row["width_px"] / factor)
        assert found["area_px2"] == pytest.approx(row["area_px2"] / factor**2)
        assert found["taper_either_way"] == pytest.approx(row["taper_either_way"])


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was looked for, each time."""
    found: list[str] = []
    for place, name in ((segment, "field_of"), (framed, "measure")):
        real = getattr(place, name)

        def watched(*of: Any, real: Any = real, name: str = name) -> Any:
            found.append(name)
            return real(*of)

        monkeypatch.setattr(place, name, watched)
    return found


def test_a_cell_is_outlined_and_measured_once_for_all_purposes(saved: Saved, looked: list[str]) -> None:
    framing = replace(saved.description.framing, align="head")
    lens = Lens(replace(saved, description=replace(saved.description, framing=framing)), CPU)
    (reading,) = lens.read(head(2), measures=True)
    assert reading.measures is not None
    assert sorted(looked) == ["field_of", "measure"]


def test_without_a_ruler_nothing_is_measured_unasked(saved: Saved, looked: list[str]) -> None:
    plain = Saved(saved.network, replace(saved.description, voting={}))
    (reading,) = read_samples(NetworkEye(plain, CPU), samples()[:1], Ask())
    assert (looked, reading.prediction.votes) == ([], {})


def test_a_map_explains_the_class_that_both_votes_make_likeliest(saved: Saved) -> None:
    outvoted = []
    for reading in read_samples(
        NetworkEye(saved, CPU), samples(), Ask(views=2, methods=("cam",), tasks=("shape",))
    ):
        likeliest = TASKS[0].classes[int(reading.prediction.probabilities["shape"].argmax())]
        assert reading.explanations[0].target == likeliest
        outvoted.append(likeliest != reading.prediction.votes["shape"].network)
    assert set(outvoted) == {True, False}


def test_a_measure_that_is_not_taken_any_more_is_named(saved: Saved) -> None:
    strange = replace(ruler(), columns=("length_over_width", "width_px", "area_px2", "roundness"))
    with pytest.raises(BadModel, match="votes by roundness, which this version does not measure"):
        read_samples(NetworkEye(replace(saved, rulers={"shape": strange}), CPU), samples()[:1], Ask())
