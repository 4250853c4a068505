"""What a model keeps of normal cells: those its tasks call normal, with an outline to rely on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spermlens.config import parse_experiment
from spermlens.datasets import DATASETS
from spermlens.models._description import describe
from spermlens.predict.measured import located
from spermlens.training import normal_cells
from spermlens.training.experiment import start
from spermlens.training.normal_cells import spreads_of_normal
from spermlens.types import Measures, Outline, Sample, Spread, Task

SHAPE, ACROSOME = Task("head_shape", ("normal", "tapered")), Task("acrosome", ("abnormal", "normal"))
BLANK = np.zeros((30, 30, 3), np.uint8)


def cell(ratio: int, shape: int | None, acrosome: int | None = None) -> Sample:
    """A cell whose 'outline' is faked below: its first pixel says its length over width."""
    image = BLANK.copy()
    image[0, 0] = ratio
    return Sample(id=str(ratio), image=image, labels={"head_shape": shape, "acrosome": acrosome})


@pytest.fixture(autouse=True)
def told(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    asked: list[int] = []

    def located(image: np.ndarray, um_per_pixel: float | None) -> tuple[Outline, Measures]:
        ratio = int(image[0, 0, 0])
        asked.append(ratio)
        reason = "too faint" if ratio >= 200 else ""
        found = Measures(
            values={"length_over_width": float(ratio), "acrosome_share": ratio / 255, "taper": None},
            axes=None,
            um_per_pixel=None,
            parts=("head",),
            reason=reason,
        )
        return Outline(masks={"head": np.ones((30, 30), bool)}, reliability=1.0, reason=reason), found

    monkeypatch.setattr(normal_cells, "located", located)
    return asked


def test_only_reliable_cells_that_are_called_normal_count(told: list[int]) -> None:
    normal = [cell(n, 0) for n in range(50)]
    others = [cell(n, 1, None) for n in range(100, 140)] + [cell(n, None) for n in range(150, 160)]
    unreliable = [cell(n, 0) for n in range(200, 210)]
    found = spreads_of_normal([*others, *normal, *unreliable], [SHAPE, ACROSOME])
    assert set(found) == {"head_shape"}
    assert set(found["head_shape"]) == {"length_over_width", "acrosome_share"}
    spread = found["head_shape"]["length_over_width"]
    assert (spread.n, spread.at(50), spread.at(100)) == (50, 24.5, 49.0)
    assert not set(told) & set(range(100, 160))


def test_a_task_about_a_part_tells_of_that_part_alone() -> None:
    cells = [cell(n, 1, 1) for n in range(40)] + [cell(n, 1, 0) for n in range(100, 140)]
    found = spreads_of_normal(cells, [SHAPE, ACROSOME])
    assert set(found) == {"acrosome"}
    assert set(found["acrosome"]) == {"acrosome_share"}
    assert found["acrosome"]["acrosome_share"].at(100) == pytest.approx(39 / 255)


def test_of_a_few_cells_nothing_is_kept() -> None:
    assert spreads_of_normal([cell(n, 0) for n in range(normal_cells.LEAST - 1)], [SHAPE]) == {}


def test_a_task_without_normal_keeps_nothing() -> None:
    task = Task("head_shape", ("round", "long"))
    assert spreads_of_normal([cell(n, 0) for n in range(60)], [task]) == {}


def test_a_training_keeps_them_with_the_model(
    hushem: Path, tiny: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(normal_cells, "LEAST", 3)
    monkeypatch.setattr(normal_cells, "located", located)
    run = start(parse_experiment(tiny(hushem), "tiny"), tmp_path, device="cpu")
    normal = describe(run.model).normal
    lengths = [
        measures.values["length_over_width"]
        for sample in DATASETS["hushem"].read(hushem)
        if sample.labels["head_shape"] == 0
        for _, measures in [located(sample.image, sample.um_per_pixel)]
        if not measures.reason
    ]
    assert len(lengths) >= 3
    assert normal["head_shape"]["length_over_width"] == Spread.of(np.array(lengths))
