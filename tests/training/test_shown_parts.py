"""An experiment that shows a part of each image learns and judges on squares of that part alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from spermlens.config import Experiment, parse_experiment
from spermlens.errors import ConfigError
from spermlens.locate.pose import pose_for
from spermlens.locate.shown import head_in, shown
from spermlens.training.study import prepare

Tiny = Callable[[Path], str]


def drawn(tiny: Tiny, *settings: str) -> Experiment:
    data = [
        "data.name=synthetic",
        "data.root=''",
        "data.options={count = 6, seed = 4}",
        "data.tasks=['head_shape']",
    ]
    only_judged = ["protocol.final_model=false"]
    return parse_experiment(tiny(Path()), "tiny", [*data, *only_judged, *settings])


@pytest.mark.parametrize("what", ["head", "background", "head_erased"])
@pytest.mark.parametrize("align", ["none", "head"])
def test_the_squares_show_the_part_in_the_pose_of_the_whole(tiny: Tiny, what: str, align: str) -> None:
    study = prepare(drawn(tiny, f"data.shown={what}", f"framing.align={align}"), "cpu")
    for sample, square in zip(study.listing, study.pictures.squares, strict=True):
        part, pose = shown(sample.image, head_in(sample.image), what), pose_for(study.framing, sample.image)
        assert (square == study.framing.square(part, sample.um_per_pixel, pose)).all()
        assert (square != study.framing.square(sample.image, sample.um_per_pixel, pose)).any()


def test_images_are_whole_unless_told_otherwise(tiny: Tiny) -> None:
    study = prepare(drawn(tiny), "cpu")
    whole = [study.framing.square(sample.image, sample.um_per_pixel) for sample in study.listing]
    assert (study.pictures.squares == np.stack(whole)).all()


def test_a_part_that_is_not_known_is_refused_by_name(tiny: Tiny) -> None:
    with pytest.raises(ConfigError, match="'data\\.shown'"):
        drawn(tiny, "data.shown=tail")
