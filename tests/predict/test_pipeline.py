"""Sources in, readings out: a bad file is a row, pages are rows, and the size of a batch changes nothing."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from spermlens.explain._scaled import Question
from spermlens.models._store import Saved, load
from spermlens.predict.framed import Framed
from spermlens.predict.network import NetworkEye
from spermlens.predict.pipeline import Ask, read_sources, reasons, squares_of
from spermlens.predict.sources import find_sources
from spermlens.types import Reading, Sample

CPU = torch.device("cpu")


@pytest.fixture
def saved(trained: Any) -> Saved:
    return load(trained.model)


@pytest.fixture
def folder(trained: Any, tmp_path: Path) -> Path:
    """Four heads of two sizes, a file of two pages, and two files that are no images."""
    place = tmp_path / "in"
    place.mkdir()
    for number in (1, 2, 3):
        shutil.copyfile(trained.data / "02_Tapered" / f"image_00{number}.BMP", place / f"{number}.bmp")
    page = Image.open(place / "1.bmp")
    page.save(place / "pages.tif", save_all=True, append_images=[Image.open(place / "2.bmp")])
    (place / "broken.png").write_bytes(b"not an image")
    (place / "zero.png").touch()
    return place


def read(saved: Saved, folder: Path, **settings: Any) -> dict[str, Reading]:
    found = read_sources(NetworkEye(saved, CPU), find_sources([str(folder)]), Ask(**settings))
    return {reading.prediction.id: reading for _, readings in found for reading in readings}


def test_bad_files_are_rows_pages_are_rows_and_the_others_go_on(saved: Saved, folder: Path) -> None:
    found = read(saved, folder)
    assert list(found) == [
        "1.bmp",
        "2.bmp",
        "3.bmp",
        "broken.png",
        "pages.tif#1",
        "pages.tif#2",
        "zero.png",
    ]
    bad = found["broken.png"]
    assert bad.prediction.status == "bad_input"
    assert "not a PNG, JPEG, BMP or TIFF" in bad.prediction.message
    assert bad.image is None
    assert "empty (0 bytes)" in found["zero.png"].prediction.message
    for same in (("1.bmp", "pages.tif#1"), ("2.bmp", "pages.tif#2")):
        one, other = (found[id].prediction.probabilities["head_shape"] for id in same)
        np.testing.assert_allclose(one, other, atol=1e-6)


@pytest.mark.parametrize("batch_size", [1, 2, 3])
def test_the_size_of_a_batch_changes_nothing(saved: Saved, folder: Path, batch_size: int) -> None:
    whole = read(saved, folder, methods=("cam", "gradcam"))
    parts = read(saved, folder, methods=("cam", "gradcam"), batch_size=batch_size)
    assert list(whole) == list(parts)
    for id, reading in whole.items():
        other = parts[id]
        assert reading.prediction.status == other.prediction.status
        assert reading.prediction.decisions == other.prediction.decisions
        for task, values in reading.prediction.probabilities.items():
            np.testing.assert_allclose(values, other.prediction.probabilities[task], atol=1e-6)
        for a, b in zip(reading.explanations, other.explanations, strict=True):
            assert (a.method, a.target) == (b.method, b.target)
            np.testing.assert_allclose(a.heat, b.heat, atol=1e-4)


@pytest.mark.parametrize("views", [1, 2])
def test_maps_of_every_exact_method_come_with_the_answers(saved: Saved, folder: Path, views: int) -> None:
    """The network is gone through no more often than without, and says what it says when asked alone."""
    passed = []
    saved.network.trunk.register_forward_hook(lambda *_: passed.append(1))
    plain = read(saved, folder, views=views)
    without = len(passed)
    methods = ("cam", "gradcam", "gradcampp")
    found = read(saved, folder, views=views, methods=methods)
    assert len(passed) == 2 * without > 0
    for id, reading in found.items():
        if reading.image is None:
            continue
        said = plain[id].prediction.probabilities["head_shape"]
        assert np.array_equal(reading.prediction.probabilities["head_shape"], said)
        cell = Framed(Sample(id=id, image=reading.image), saved.description.framing)
        squares, target = squares_of([cell]), int(said.argmax())
        for method, one in zip(methods, reading.explanations, strict=True):
            question = Question(task="head_shape", targets=(target,), method=method)
            (alone,) = reasons(NetworkEye(saved, CPU), [cell], squares, question)
            assert (one.method, one.target, one.map_size) == (method, alone.target, alone.map_size)
            np.testing.assert_allclose(one.heat, alone.heat, atol=1e-4)
            assert one.peak == pytest.approx(alone.peak, rel=1e-4)


def test_a_method_with_a_gradient_stands_beside_those_without(saved: Saved, folder: Path) -> None:
    found = read(saved, folder, methods=("gradcam", "gradcampp"), layer="stage2")
    assert [(one.method, one.layer) for one in found["1.bmp"].explanations] == [
        ("gradcam", "stage2"),
        ("gradcampp", "stage2"),
    ]


def test_each_explanation_lies_over_its_image(saved: Saved, folder: Path) -> None:
    found = read(saved, folder, methods=("cam",))
    for id, side in (("1.bmp", 131), ("3.bmp", 98)):
        (explanation,) = found[id].explanations
        image = found[id].image
        assert image is not None
        assert explanation.heat.shape == image.shape[:2] == (side, side)
        assert (
            explanation.target
            == max(
                zip(
                    found[id].prediction.probabilities["head_shape"],
                    saved.description.tasks[0].classes,
                    strict=True,
                )
            )[1]
        )


def test_sources_are_opened_no_faster_than_they_are_read(saved: Saved, folder: Path) -> None:
    opened = []

    def watched() -> Any:
        for source in find_sources([str(folder)]):
            opened.append(source.id)
            yield source

    found = read_sources(NetworkEye(saved, CPU), watched(), Ask(batch_size=2))
    next(found)
    assert opened == ["1.bmp", "2.bmp"]
    assert len(list(found)) == 5


def test_views_are_averaged(saved: Saved, folder: Path) -> None:
    one = read(saved, folder)["1.bmp"].prediction.probabilities["head_shape"]
    eight = read(saved, folder, views=8)["1.bmp"].prediction.probabilities["head_shape"]
    assert not np.allclose(one, eight, atol=1e-7)
    assert eight.sum() == pytest.approx(1)
