"""The Python surface: predict, explain and evaluate on whatever an image comes as."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import spermlens
from spermlens.datasets import open_data
from spermlens.errors import BadImage, DataError, DataMissing, UnknownName, UsageError
from spermlens.images import read_image
from spermlens.lens import Lens
from spermlens.types import Sample, Status, Task


@pytest.fixture
def lens(trained: Any) -> Lens:
    return spermlens.load(trained.folder, device="cpu")


@pytest.fixture
def path(trained: Any) -> Path:
    return Path(trained.data / "03_Pyriform" / "image_001.BMP")


def test_a_model_is_found_by_run_by_folder_and_by_no_other_name(
    trained: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_run = spermlens.load(trained.folder, device="cpu").description
    assert spermlens.load(str(trained.model), device="cpu").description == by_run
    monkeypatch.chdir(trained.folder.parent)
    monkeypatch.setattr("spermlens.lens.RUNS", Path())
    assert spermlens.load(trained.folder.name[:-2], device="cpu").description == by_run
    with pytest.raises(UnknownName, match="no folder, run or shipped model"):
        spermlens.load("no-such-model")
    with pytest.raises(DataMissing, match="no saved model is there"):
        spermlens.load(tmp_path)


def test_path_array_sample_and_list_are_read_alike(lens: Lens, path: Path) -> None:
    image = read_image(path)
    sample = Sample(id="s", image=image)
    alone = [lens.predict(one)[0] for one in (path, str(path), image, sample)]
    together = lens.predict([path, str(path), image, sample])
    for one, other in zip(alone, together, strict=True):
        expected = alone[0].probabilities["head_shape"]
        np.testing.assert_allclose(one.probabilities["head_shape"], expected, atol=1e-6)
        np.testing.assert_allclose(other.probabilities["head_shape"], expected, atol=1e-6)
    assert [one.id for one in together] == [str(path), str(path), "image_2", "s"]
    stack = lens.predict(np.stack([image, image]))
    assert [one.id for one in stack] == ["image_0", "image_1"]
    assert lens.predict([]) == []


def test_grey_arrays_are_grey_pictures(lens: Lens, path: Path) -> None:
    grey = read_image(path)[:, :, 1]
    three = np.repeat(grey[:, :, None], 3, 2)
    one, other = lens.predict([grey, three])
    np.testing.assert_allclose(one.probabilities["head_shape"], other.probabilities["head_shape"], atol=1e-7)


def test_a_bad_file_is_an_error_and_a_wrong_array_too(lens: Lens, tmp_path: Path) -> None:
    (tmp_path / "x.png").write_bytes(b"not an image")
    with pytest.raises(BadImage, match=r"x\.png"):
        lens.predict(tmp_path / "x.png")
    with pytest.raises(ValueError, match="must be uint8"):
        lens.predict(np.zeros((8, 8, 3)))


def test_the_views_of_the_model_count_unless_others_are_asked_for(lens: Lens, path: Path) -> None:
    own, two, one = (lens.predict(path, views=views)[0].probabilities["head_shape"] for views in (None, 2, 1))
    assert np.array_equal(own, two)
    assert not np.array_equal(own, one)


def test_an_explanation_has_the_size_of_its_image_and_sits_on_it(lens: Lens, path: Path) -> None:
    whole = read_image(path)
    (square,) = lens.explain(whole)
    wide = np.pad(whole, ((0, 0), (40, 40), (0, 0)), mode="reflect")
    (found,) = lens.explain(wide, target=square.target)
    assert square.heat.shape == (131, 131)
    assert found.heat.shape == (131, 211)
    np.testing.assert_allclose(found.heat[:, 40:-40], square.heat, atol=0.02)
    assert found.heat[:, :39].max() == found.heat[:, -39:].max() == 0  # the network saw nothing of it


def test_the_likeliest_class_is_explained_unless_another_is_named(lens: Lens, path: Path) -> None:
    classes = lens.tasks[0].classes
    likeliest = classes[int(lens.predict(path, views=1)[0].probabilities["head_shape"].argmax())]
    assert lens.explain(path)[0].target == likeliest
    assert lens.explain(path, target="tapered")[0].target == "tapered"
    assert lens.explain([]) == []


def test_one_class_is_told_from_another(lens: Lens, path: Path) -> None:
    (one,) = lens.explain(path, target="tapered", rival="normal")
    (other,) = lens.explain(path, target="normal", rival="tapered")
    assert (one.target, one.rival, one.method) == ("tapered", "normal", "cam")
    assert other.against is not None
    np.testing.assert_allclose(one.heat, other.against, atol=1e-6)
    assert lens.explain(path, target="tapered")[0].rival == ""


def test_the_maps_of_every_class_are_those_explained(
    lens: Lens, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spermlens.lens.BATCH", 2)
    images = [path, read_image(path)[:, ::-1], read_image(path)[::-1]]
    maps = lens.maps(images)
    assert maps.shape == (3, 4, 2, 2)
    for number, target in enumerate(lens.tasks[0].classes):
        peaks = [one.peak for one in lens.explain(images, target=target)]
        np.testing.assert_allclose(np.abs(maps[:, number]).max((1, 2)), peaks, rtol=1e-5)


def test_another_task_than_the_first_is_explained() -> None:
    drawn = [sample.image for sample in open_data("synthetic", options={"count": 2})]
    shipped = spermlens.load("synthetic-heads", device="cpu")
    for one, said in zip(shipped.explain(drawn, task="vacuole"), shipped.predict(drawn), strict=True):
        assert (one.task, one.method) == ("vacuole", "cam")
        assert one.target == ("normal", "abnormal")[int(said.probabilities["vacuole"].argmax())]
    assert shipped.maps(drawn, task="vacuole", method="cbam").shape == (2, 2, 6, 6)


def test_a_rival_needs_a_class_and_a_name(lens: Lens, path: Path) -> None:
    with pytest.raises(UnknownName, match="Did you mean 'normal'"):
        lens.explain(path, target="tapered", rival="norml")
    with pytest.raises(UsageError, match="name a target, too"):
        lens.explain(path, rival="normal")


def test_wrong_names_are_told(lens: Lens, path: Path) -> None:
    with pytest.raises(UnknownName, match="Did you mean 'tapered'"):
        lens.explain(path, target="tapred")
    with pytest.raises(UnknownName, match="Did you mean 'head_shape'"):
        lens.explain(path, task="headshape")
    with pytest.raises(UnknownName, match="Did you mean 'gradcam'"):
        lens.explain(path, method="grad_cam")


def test_a_reading_holds_image_prediction_and_reasons(lens: Lens, path: Path) -> None:
    (reading,) = lens.read(path, methods=["cam", "gradcam"])
    assert reading.image is not None
    assert reading.prediction.status in (Status.DECIDED, Status.UNSURE)
    assert [found.method for found in reading.explanations] == ["cam", "gradcam"]


def test_evaluating_gives_the_share_that_was_right(lens: Lens, trained: Any, hushem: Path) -> None:
    results = {result.metric: result for result in lens.evaluate("hushem", root=hushem)}
    listing = open_data("hushem", hushem)
    said = [prediction.probabilities["head_shape"].argmax() for prediction in lens.predict(listing)]
    assert results["accuracy"].value == np.mean(said == listing.labels("head_shape"))
    assert results["accuracy"].condition == "2 views"
    assert results["accuracy"].model == lens.description.id
    assert results["accuracy"].n_images == 20


def test_one_task_of_other_name_and_fewer_classes_in_another_order_is_the_same(
    lens: Lens, trained: Any, tmp_path: Path
) -> None:
    rows = [f"{trained.data}/03_Pyriform/image_00{n}.BMP,pyriform" for n in (1, 2)]
    rows += [f"{trained.data}/01_Normal/image_00{n}.BMP,normal" for n in (1, 2)]
    (tmp_path / "mine.csv").write_text("\n".join(["path,form", *rows]))
    (table,) = lens.tables(
        open_data(str(tmp_path / "mine.csv"), options={"classes": {"form": ["pyriform", "normal"]}})
    )
    assert table.task == lens.tasks[0]
    assert table.truth.tolist() == [2, 2, 0, 0]


def test_foreign_tasks_and_classes_are_refused(lens: Lens, hushem: Path) -> None:
    listing = open_data("hushem", hushem)
    foreign = replace(
        listing, card=replace(listing.card, tasks=(Task("tail", ("bent", "straight")),), counts={})
    )
    with pytest.raises(UsageError, match="share no task: the model answers head_shape, the data has tail"):
        lens.evaluate(foreign)
    strange = Task("head_shape", ("normal", "tapered", "pyriform", "double"))
    with pytest.raises(DataError, match=r"classes the model does not know \(double\)"):
        lens.evaluate(replace(listing, card=replace(listing.card, tasks=(strange,))))


def test_images_without_a_label_are_predicted_but_not_scored(lens: Lens, hushem: Path) -> None:
    listing = open_data("hushem", hushem)
    entries = tuple(replace(e, labels={}) if n % 4 == 0 else e for n, e in enumerate(listing.entries))
    partly = replace(listing, entries=entries)
    assert len(lens.tables(partly)[0]) == 20
    assert lens.evaluate(partly)[0].n_images == 15


def test_pages_of_a_file_are_told_apart(lens: Lens, path: Path, tmp_path: Path) -> None:
    page = Image.open(path)
    page.save(tmp_path / "two.tif", save_all=True, append_images=[page])
    assert [p.id[-5:] for p in lens.predict(tmp_path / "two.tif")] == ["tif#1", "tif#2"]


def test_what_is_explained_is_what_is_decided() -> None:
    """The shipped model looks from eight views; one alone would often explain another class."""
    lens = spermlens.load("synthetic-heads", device="cpu")
    cells = list(open_data("synthetic", options={"count": 40, "seed": 31}))
    said = [one.probabilities["head_shape"].argmax() for one in lens.predict(cells)]
    why = lens.explain(cells, task="head_shape")
    assert [lens.tasks[0].index(one.target) for one in why] == said
