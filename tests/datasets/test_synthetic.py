"""The drawn set: the same numbers give the same picture, and what is said of a picture is in it."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from spermlens.datasets import open_data
from spermlens.datasets._drawing.chance import Chance
from spermlens.datasets._drawing.head import Head, Pose, Vacuole
from spermlens.datasets._drawing.shape import form_of
from spermlens.datasets.synthetic import CARD, draw, drawings, read
from spermlens.errors import ConfigError, UnknownName

QUIET = {"read_noise": [0, 0], "shot_noise": [0, 0], "colour_noise": [0, 0]}
DEFECTS = [
    ("heads", "head_shape", "tapered"),
    ("heads", "head_shape", "pyriform"),
    ("heads", "head_shape", "amorphous"),
    ("heads", "acrosome", "abnormal"),
    ("heads", "vacuole", "abnormal"),
    ("cells", "tail", "abnormal"),
]


def test_the_same_index_is_the_same_picture_whatever_the_count() -> None:
    few, many = read(count=6, seed=3), read(count=30, seed=3)
    for a, b in zip(few, many[:6], strict=True):
        assert a.id == b.id
        assert a.labels == b.labels
        assert np.array_equal(a.image, b.image)


def test_every_seed_and_index_is_another_picture() -> None:
    hashes = [*read(count=12, seed=0).pixel_hashes, *read(count=12, seed=1).pixel_hashes]
    assert len(set(hashes)) == 24


@pytest.mark.parametrize(("kind", "side"), [("heads", 131), ("cells", 180)])
def test_draw_gives_the_picture_and_the_labels_of_read(kind: str, side: int) -> None:
    listing = read(count=6, seed=5, kind=kind)
    for index, sample in enumerate(listing):
        drawing = draw(index, seed=5, kind=kind)
        assert sample.image.shape == (side, side, 3)
        assert np.array_equal(sample.image, drawing.image)
        assert sample.labels == drawing.labels
        assert sample.id == drawing.id == f"synthetic-{kind}-5-{index:06d}"
        assert sample.um_per_pixel == drawing.um_per_pixel == listing.card.um_per_pixel


def test_heads_are_balanced_over_shapes_and_cells_over_verdicts() -> None:
    heads, cells = read(count=40), read(count=30, kind="cells")
    assert Counter(heads.labels("head_shape").tolist()) == {0: 10, 1: 10, 2: 10, 3: 10}
    assert Counter(cells.labels("cell").tolist()) == {0: 10, 1: 10, 2: 10}


def test_questions_that_do_not_apply_are_not_answered() -> None:
    heads, cells = read(count=8), read(count=30, kind="cells")
    assert [task.name for task in heads.card.tasks] == ["head_shape", "acrosome", "vacuole"]
    assert heads.card == CARD
    assert all(entry.labels["tail"] is None and entry.labels["cell"] is None for entry in heads.entries)
    parts = ("head_shape", "acrosome", "vacuole", "tail")
    for entry in cells.entries:
        answers = [entry.labels[part] for part in parts]
        if entry.labels["cell"] == 2:
            assert answers == [None] * 4
        else:
            assert None not in answers
            assert (entry.labels["cell"] == 1) == any(answers)


def test_defects_do_not_go_together() -> None:
    listing = read(count=2000, defect_rate=0.3)
    shape, acrosome, vacuole = (listing.labels(task) for task in ("head_shape", "acrosome", "vacuole"))
    assert abs(acrosome.mean() - 0.3) < 0.04
    assert abs(np.corrcoef(acrosome, vacuole)[0, 1]) < 0.08
    assert all(abs(acrosome[shape == number].mean() - 0.3) < 0.08 for number in range(4))


@pytest.mark.parametrize(("kind", "task", "label"), DEFECTS)
def test_outside_its_cause_a_defect_changes_nothing(kind: str, task: str, label: str) -> None:
    for index in range(8):
        sick = draw(index, kind=kind, labels={task: label}, look=QUIET)
        sound = draw(index, kind=kind, labels={}, look=QUIET)
        cause = sick.causes[task]
        assert np.array_equal(sick.twins[task], sound.image)
        apart = np.abs(sick.image.astype(int) - sound.image).max(axis=-1)
        assert apart[~cause].max() <= 7  # the threshold of 6, and rounding
        assert apart[cause].min() >= 5
        assert 12 <= cause.sum() <= 0.4 * cause.size
        assert all(not sick.causes[other].any() for other in sick.causes if other not in (task, "cell"))


def test_a_defect_shifts_nothing_far_from_the_cell() -> None:
    for index in range(6):
        every = {"head_shape": "amorphous", "acrosome": "abnormal", "vacuole": "abnormal"}
        sick, sound = draw(index, labels=every), draw(index, labels={})
        assert np.array_equal(sick.image[:4], sound.image[:4])  # noise and neighbours included


@pytest.mark.parametrize("kind", ["heads", "cells"])
def test_a_cause_is_empty_exactly_where_the_part_is_normal(kind: str) -> None:
    for index in range(36):
        drawing = draw(index, seed=2, kind=kind, defect_rate=0.5)
        if drawing.labels["cell"] == 2:
            continue
        for task, cause in drawing.causes.items():
            assert cause.any() == (drawing.labels[task] != 0), (drawing.id, task)


def test_the_cause_of_an_abnormal_cell_holds_that_of_its_only_defect() -> None:
    drawing = draw(4, kind="cells", labels={"tail": "abnormal"})
    assert np.array_equal(drawing.causes["cell"], drawing.causes["tail"])


def test_masks_lie_where_they_belong() -> None:
    for drawing in drawings(24, seed=1, kind="heads"):
        masks = drawing.masks
        assert masks["head"].any()
        assert np.array_equal(masks["acrosome"] | masks["nucleus"], masks["head"])
        assert not (masks["acrosome"] & masks["nucleus"]).any()
        assert not (masks["vacuole"] & ~masks["head"]).any()
        assert masks["vacuole"].any() == (drawing.labels["vacuole"] == 1)
        assert masks["midpiece"].any()
        assert not masks["head"][[0, -1]].any()  # the head is whole
        assert not masks["head"][:, [0, -1]].any()


def test_a_vacuole_at_the_edge_stays_inside_the_head() -> None:
    chance = Chance(0, 0)
    head = Head(form_of("normal", chance), Pose((60.0, 60.0), 0.7), 0.1, (131, 131))
    missing, cover = head.holes((Vacuole(bearing=1.0, out=1.0, radius=0.5, oval=1.0, clear=0.8),))
    assert cover.max() == 1
    assert not cover[head.distance > 0].any()
    assert not missing[head.distance > 0].any()


def test_a_non_sperm_has_no_parts_and_its_cause_is_the_object() -> None:
    objects = [draw(index, kind="cells", labels={"cell": "non_sperm"}) for index in range(12)]
    assert all(not mask.any() for drawing in objects for mask in drawing.masks.values())
    assert sum(drawing.causes["cell"].any() for drawing in objects) >= 8  # the others are empty fields


def _length_and_width(mask: np.ndarray) -> tuple[float, float]:
    """Longest extent of a mask over all directions, and the extent across it, in pixels."""
    points = np.argwhere(mask).astype(float)
    turns = np.linspace(0, np.pi, 180, endpoint=False)
    extents = np.array([np.ptp(points @ [np.cos(turn), np.sin(turn)]) + 1 for turn in turns])
    longest = int(extents.argmax())
    return float(extents[longest]), float(extents[(longest + 90) % 180])


def test_normal_heads_have_the_size_of_the_strict_criteria() -> None:
    for scale in (0.1, 0.14):
        look = {"um_per_pixel": scale}
        for drawing in drawings(12, labels={}, look=look):
            length, width = _length_and_width(drawing.masks["head"])
            assert 3.7 < length * scale < 5.0
            assert 1.28 < length / width < 1.82
            share = drawing.masks["acrosome"].sum() / drawing.masks["head"].sum()
            assert 0.4 < share < 0.7


def test_tapered_heads_are_thin_and_pears_have_necks() -> None:
    ratios = []
    for index in range(12):
        thin = draw(index, labels={"head_shape": "tapered"}).masks["head"]
        pear = draw(index, labels={"head_shape": "pyriform"}).masks["head"]
        length, width = _length_and_width(thin)
        ratios.append(length / width)
        length, width = _length_and_width(pear)
        box = pear.sum() / (length * width)
        assert box < 0.76  # an ellipse fills pi / 4 of its box; a pear less
    assert min(ratios) > 1.7


@pytest.mark.parametrize(
    ("look", "words"),
    [
        ({"blur_px": [2, 1]}, "blur_px must be two numbers"),
        ({"blur_px": 1.0}, "blur_px must be two numbers"),
        ({"stain": [0.1, 1]}, "from 0.5 to 2"),
        ({"clutter": [0, 1]}, "clutter must be 0 to 2"),
        ({"um_per_pixel": 3}, "um_per_pixel must be 0.09 to 0.2"),
        ({"read_noise": [float("nan"), 1.0]}, "read_noise"),
    ],
)
def test_a_look_that_cannot_be_is_refused(look: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        read(look=look)


def test_unknown_names_are_refused_with_the_nearest_one() -> None:
    with pytest.raises(UnknownName, match="Did you mean 'blur_px'"):
        read(look={"blur": [1, 2]})
    with pytest.raises(UnknownName, match="Did you mean 'heads'"):
        read(kind="head")
    with pytest.raises(UnknownName, match="Did you mean 'vacuole'"):
        draw(0, labels={"vacuoles": "abnormal"})
    with pytest.raises(UnknownName, match="Did you mean 'tapered'"):
        draw(0, labels={"head_shape": "taperd"})
    with pytest.raises(UnknownName, match="task of the heads 'tail'"):
        draw(0, labels={"tail": "abnormal"})


@pytest.mark.parametrize("options", [{"count": 0}, {"seed": -1}, {"defect_rate": 1.5}, {"root": "somewhere"}])
def test_wrong_options_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        read(**options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "labels",
    [{"cell": "normal", "tail": "abnormal"}, {"cell": "abnormal"}, {"cell": "non_sperm", "tail": "normal"}],
)
def test_labels_that_contradict_each_other_are_refused(labels: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="cannot be"):
        draw(0, kind="cells", labels=labels)


def test_the_catalogue_opens_it_without_a_folder() -> None:
    listing = open_data("synthetic", options={"count": 3, "kind": "cells"})
    assert len(listing) == 3
    assert listing.card.field_px == 180
