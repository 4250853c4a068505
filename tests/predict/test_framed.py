"""A model of aligned heads sees them aligned, explains them where they lie, and outlines them once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from spermlens.datasets.synthetic import draw
from spermlens.framing import Framing
from spermlens.lens import Lens
from spermlens.locate import segment
from spermlens.models._store import Saved, load
from spermlens.predict.framed import Framed
from spermlens.predict.network import NetworkEye
from spermlens.predict.pipeline import Ask, read_samples
from spermlens.predict.tensors import probabilities, to_tensor
from spermlens.types import Image, Sample

CPU = torch.device("cpu")


@pytest.fixture
def aligned(trained: Any) -> Saved:
    saved = load(trained.model)
    framing = replace(saved.description.framing, field_px=72.0, align="head")
    return Saved(saved.network, replace(saved.description, framing=framing))


def head(index: int = 2) -> Image:
    return draw(index, seed=5, kind="cells", labels={"cell": "normal"}).image


def blank() -> Image:
    return np.random.default_rng(0).integers(190, 200, (90, 90, 3), dtype=np.uint8)


def test_an_image_without_a_sure_head_is_framed_as_it_is() -> None:
    framing = Framing(size=64, field_px=72, align="head")
    found = Framed(Sample(id="blank", image=blank()), framing)
    assert found.pose is None
    assert np.array_equal(found.square, replace(framing, align="none").square(blank()))


def test_without_alignment_no_outline_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segment, "field_of", None)
    found = Framed(Sample(id="head", image=head()), Framing(size=64, field_px=72))
    assert found.pose is None
    assert np.array_equal(found.square, Framing(size=64, field_px=72).square(head()))


@pytest.mark.parametrize("views", [1, 4])
def test_a_turned_head_is_answered_alike(aligned: Saved, views: int) -> None:
    samples = [Sample(id=str(n), image=np.rot90(head(), n).copy()) for n in range(4)]
    first, *others = read_samples(NetworkEye(aligned, CPU), samples, Ask(views=views))
    for other in others:
        for task, said in first.prediction.probabilities.items():
            np.testing.assert_allclose(other.prediction.probabilities[task], said, atol=0.01)


def test_the_views_are_those_of_upright_heads(aligned: Saved) -> None:
    sample = Sample(id="head", image=head())
    (reading,) = read_samples(NetworkEye(aligned, CPU), [sample], Ask(views=8))
    square = to_tensor([Framed(sample, aligned.description.framing).square])
    for upright in (True, False):
        said = probabilities(
            aligned.network,
            square,
            views=8,
            upright=upright,
            temperature=aligned.description.temperature,
        )
        for task, values in said.items():
            same = np.abs(reading.prediction.probabilities[task] - values[0]).max() < 1e-7
            assert same == upright


def test_a_map_turns_with_its_head(aligned: Saved) -> None:
    image = head()
    samples = [Sample(id=str(n), image=np.rot90(image, n).copy()) for n in range(2)]
    one, other = read_samples(NetworkEye(aligned, CPU), samples, Ask(methods=("cam",)))
    heat = one.explanations[0].heat
    assert heat.shape == image.shape[:2]
    assert heat.max() > 0
    assert np.abs(np.rot90(heat) - other.explanations[0].heat).mean() < 0.02


def test_explaining_and_reading_lay_a_map_over_the_same_place(aligned: Saved) -> None:
    lens = Lens(aligned, CPU)
    (reading,), (found,) = lens.read(head(), methods=("cam",)), lens.explain(head())
    assert np.allclose(reading.explanations[0].heat, found.heat, atol=1e-5)


def test_a_cell_is_outlined_once(aligned: Saved, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[int] = []
    field_of = segment.field_of
    monkeypatch.setattr(segment, "field_of", lambda image: (looked.append(1), field_of(image))[1])
    lens = Lens(aligned, CPU)
    (reading,) = lens.read(head(), measures=True)
    assert reading.outline is not None
    assert len(looked) == 1
    lens.explain(head())
    assert len(looked) == 2
