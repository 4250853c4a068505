"""A batch to files: what an interrupt left is not read again, and the end is the same."""

from __future__ import annotations

import csv
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import spermlens
from spermlens import batch
from spermlens.batch import Order, as_csv, read_batch
from spermlens.datasets import hushem
from spermlens.errors import UsageError
from spermlens.framing import Framing
from spermlens.lens import Lens
from spermlens.models._description import Voting
from spermlens.models._store import save
from spermlens.predict import sources as sources_module
from spermlens.predict.sources import find_sources
from spermlens.training import shape_models
from spermlens.types import Explanation, Prediction, Reading, Spread, Status


class StoppedError(Exception):
    pass


@pytest.fixture
def lens(trained: Any) -> Lens:
    return spermlens.load(trained.folder, device="cpu")


@pytest.fixture
def folder(trained: Any, tmp_path: Path) -> Path:
    place = tmp_path / "in"
    shutil.copytree(trained.data / "01_Normal", place / "normal")
    shutil.copytree(trained.data / "03_Pyriform", place / "pyriform")
    (place / "broken.png").write_bytes(b"not an image")
    return place


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Each file as it is opened."""
    names: list[str] = []
    read = sources_module.read_pages

    def watched(path: Path) -> Any:
        names.append(path.name)
        return read(path)

    monkeypatch.setattr(sources_module, "read_pages", watched)
    return names


def stop_after(count: int) -> Any:
    def show(done: int, total: int) -> None:
        if done == count:
            raise StoppedError

    return show


@pytest.mark.parametrize("suffix", [".csv", ".json"])
@pytest.mark.parametrize("done", [1, 4, 11])
def test_an_interrupted_batch_goes_on_and_ends_the_same(
    lens: Lens, folder: Path, tmp_path: Path, opened: list[str], suffix: str, done: int
) -> None:
    found = find_sources([str(folder)])
    whole = Order(output=tmp_path / f"whole{suffix}", batch_size=1)
    expected = read_batch(lens.eye, found, whole)
    order = Order(output=tmp_path / f"cut{suffix}", batch_size=1)
    with pytest.raises(StoppedError):
        read_batch(lens.eye, found, order, stop_after(done))
    assert not (tmp_path / f"cut{suffix}").exists()
    opened.clear()
    assert read_batch(lens.eye, found, order) == expected
    assert len(opened) == len(found) - done
    assert (tmp_path / f"cut{suffix}").read_bytes() == (tmp_path / f"whole{suffix}").read_bytes()
    assert not list(tmp_path.glob(".*.journal"))


def test_rows_of_another_folder_are_not_taken_for_these(
    lens: Lens, folder: Path, trained: Any, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    shutil.copytree(trained.data / "04_Amorphous", other / "normal")
    order = Order(output=tmp_path / "out.csv")
    with pytest.raises(StoppedError):
        read_batch(lens.eye, find_sources([str(folder)]), order, stop_after(11))
    rows = read_batch(lens.eye, find_sources([str(other)]), order)
    assert rows == read_batch(lens.eye, find_sources([str(other)]), Order())


@pytest.mark.parametrize(
    "changed",
    [
        {"threshold": {"head_shape": 0.9}},
        {"temperature": {"head_shape": 2.0}},
        {"strangest": 1.5},
        {"framing": Framing(size=32, field_px=77)},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_rows_of_a_model_that_was_set_otherwise_are_read_again(
    lens: Lens, folder: Path, tmp_path: Path, opened: list[str], changed: dict[str, Any]
) -> None:
    found, order = find_sources([str(folder)]), Order(output=tmp_path / "out.csv", batch_size=1)
    with pytest.raises(StoppedError):
        read_batch(lens.eye, found, order, stop_after(4))
    opened.clear()
    other = replace(lens.saved, description=replace(lens.description, **changed))
    read_batch(replace(lens, saved=other).eye, found, order)
    assert len(opened) == len(found)


def test_maps_and_the_sheet_of_an_interrupted_batch_are_whole(
    lens: Lens, folder: Path, tmp_path: Path
) -> None:
    found = find_sources([str(folder / "normal")])
    pictures = {}
    for name, stop in (("whole", 0), ("cut", 3)):
        order = Order(output=tmp_path / f"{name}.csv", maps=tmp_path / name, methods=("cam",), batch_size=1)
        if stop:
            with pytest.raises(StoppedError):
                read_batch(lens.eye, found, order, stop_after(stop))
        read_batch(lens.eye, found, order)
        pictures[name] = {
            path.relative_to(tmp_path / name).as_posix(): path.read_bytes()
            for path in (tmp_path / name).rglob("*.png")
        }
    assert len(pictures["whole"]) == len(found) + 1
    assert pictures["whole"] == pictures["cut"]


def test_every_map_says_its_own_size(
    lens: Lens, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = []

    def written(image: np.ndarray, words: str) -> np.ndarray:
        said.append(words.replace("\N{NO-BREAK SPACE}", " "))
        return image

    monkeypatch.setattr("spermlens.report.map_picture.captioned", written)
    read_batch(lens.eye, find_sources([str(folder / "normal")]), Order(maps=tmp_path / "maps"))
    assert said
    assert all(words.endswith(": CAM at pooled, 2 × 2") for words in said)


def test_an_output_that_is_there_is_refused_before_anything_is_read(
    lens: Lens, folder: Path, tmp_path: Path, opened: list[str]
) -> None:
    output = tmp_path / "out.csv"
    output.write_text("precious")
    for order in (Order(output=output), Order(page=output)):
        with pytest.raises(UsageError, match="add --overwrite"):
            read_batch(lens.eye, find_sources([str(folder)]), order)
    assert output.read_text() == "precious"
    assert opened == []
    read_batch(lens.eye, find_sources([str(folder)]), Order(output=output, overwrite=True))
    assert output.read_text() != "precious"


def test_the_csv_guards_names_that_look_like_formulas(lens: Lens, folder: Path, tmp_path: Path) -> None:
    name = folder / "=1+1.png"
    Image.open(folder / "normal" / "image_001.BMP").save(name)
    output = tmp_path / "out.csv"
    rows = read_batch(lens.eye, find_sources([str(name)]), Order(output=output))
    assert rows[0]["image"] == "=1+1.png"
    (row,) = csv.DictReader(output.read_text().splitlines())
    assert row["image"] == "'=1+1.png"
    assert output.read_text() == as_csv(lens.eye, rows, Order())


def test_a_name_that_is_no_text_is_written_too(lens: Lens, folder: Path, tmp_path: Path) -> None:
    shutil.copyfile(folder / "normal" / "image_001.BMP", folder / "normal" / "caf\udce9.bmp")
    for suffix in (".csv", ".json"):
        output = tmp_path / f"out{suffix}"
        read_batch(lens.eye, find_sources([str(folder / "normal")]), Order(output=output))
        assert "caf\\" in output.read_text("utf-8")


def test_no_name_of_a_map_leads_out_of_its_folder(tmp_path: Path) -> None:
    found = Explanation(
        heat=np.zeros((4, 4), np.float32),
        peak=0,
        status="no_evidence",
        map_size=(1, 1),
        task="a/../../b",
        target="..\\..\\c",
        method="cam",
        layer="pooled",
    )
    prediction = Prediction(
        id="/etc/../../x.tif#2",
        probabilities={"t": np.array([1.0])},
        decisions={},
        status=Status.DECIDED,
        model_id="m",
    )
    name = batch._map_name(Reading(image=None, prediction=prediction), found)
    assert name == "etc/x.tif-page2.a_.._.._b..._.._c.cam.png"
    assert (tmp_path / name).resolve().is_relative_to(tmp_path.resolve())


def test_the_page_shows_those_first_that_a_person_should_look_at(
    lens: Lens, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "ON_THE_PAGE", 2)
    blank = folder / "blank.png"
    Image.fromarray(np.full((131, 131, 3), 200, np.uint8)).save(blank)
    page = tmp_path / "page.html"
    rows = read_batch(lens.eye, find_sources([str(folder)]), Order(page=page))
    text = page.read_text()
    shown = [row for row in rows if str(row["image"]) in text]
    assert {"blank.png"} <= {row["image"] for row in shown}
    assert lens.description.id in text


def test_rows_tell_what_was_measured_unless_it_is_left_out(lens: Lens, folder: Path) -> None:
    found = find_sources([str(folder)], None, 0.1)
    rows, bare = read_batch(lens.eye, found, Order()), read_batch(lens.eye, found, Order(measures=False))
    assert list(rows[0]) == Order().headings(lens)
    assert list(bare[0]) == Order(measures=False).headings(lens)
    for row, without in zip(rows, bare, strict=True):
        assert {name: row[name] for name in without} == without
    measured = [row for row in rows if row["length_um"] is not None]
    assert len(measured) >= len(rows) / 2
    for row in measured:
        assert row["length_um"] == pytest.approx(0.1 * float(row["length_px"] or 0))
        assert row["outline_reliability"] is not None
    (broken,) = [row for row in rows if row["status"] == "bad_input"]
    assert broken["outline_reason"] is None


def with_normal(lens: Lens) -> Lens:
    """The same model, to which heads five to six times as long as wide are normal."""
    spread = Spread.of(np.linspace(5, 6, 50))
    normal = {lens.tasks[0].name: {"length_over_width": spread}}
    threshold = {lens.tasks[0].name: 0.0}
    changed = replace(lens.description, normal=normal, threshold=threshold, strangest=None)
    return replace(lens, saved=replace(lens.saved, description=changed))


def test_a_model_that_knows_normal_cells_places_and_doubts(lens: Lens, folder: Path, tmp_path: Path) -> None:
    page, knowing = tmp_path / "page.html", with_normal(lens)
    rows = read_batch(knowing.eye, find_sources([str(folder)]), Order(page=page))
    placed = [row for row in rows if row["length_over_width_percentile"] is not None]
    assert placed
    assert all(row["length_over_width_percentile"] == 0 and not row["outline_reason"] for row in placed)
    task = lens.tasks[0].name
    doubted = [row for row in placed if row[task] in ("normal", "tapered")]
    assert doubted
    assert all(str(row["disagreement"]).startswith(f"{row[task]}, but length/width") for row in doubted)
    text = page.read_text()
    assert "Decision and measure disagree" in text
    assert f"Look again: {doubted[0]['disagreement']}" in text
    assert "length/width" in text
    assert "length_over_width_percentile" not in Order().headings(lens)


def test_a_reading_has_outline_and_measures_if_asked(lens: Lens, folder: Path) -> None:
    image = folder / "normal" / "image_001.BMP"
    (reading,) = lens.read(image, measures=True)
    assert reading.outline is not None
    assert reading.measures is not None
    assert reading.measures.values["length_over_width"] is not None
    assert lens.read(image)[0].outline is None


@pytest.fixture
def voting(lens: Lens, trained: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The trained model, saved with a ruler that learned from the same images."""
    monkeypatch.setattr(shape_models, "SVM_GRID", {"C": (3,), "spread": (0.3,)})
    listing, (task,) = hushem.read(trained.data), lens.tasks
    ruler = shape_models.ruler_of(listing, shape_models.measured(listing), task)
    description = replace(lens.description, voting={task.name: Voting(network=0.5, measures=1.0)})
    save(tmp_path / "voting", lens.saved.network, description, rulers={task.name: ruler})
    return tmp_path / "voting"


def test_a_model_saved_with_a_ruler_tells_both_votes(
    voting: Path, lens: Lens, folder: Path, tmp_path: Path
) -> None:
    output, page = tmp_path / "rows.csv", tmp_path / "page.html"
    order, both = Order(output=output, page=page), spermlens.load(voting, device="cpu")
    read_batch(both.eye, find_sources([str(folder)]), order)
    rows = list(csv.DictReader(output.open(newline="")))
    read = [row for row in rows if row["status"] != "bad_input"]
    assert {row["status"] for row in rows} - {row["status"] for row in read} == {"bad_input"}
    differ = [row for row in read if row["head_shape_by_network"] != row["head_shape_by_measures"]]
    assert differ
    assert "what is measured says" in page.read_text()
    alone = {
        row["image"]: row["head_shape_likeliest"]
        for row in read_batch(lens.eye, find_sources([str(folder)]), Order())
    }
    assert all(row["head_shape_by_network"] == alone[row["image"]] for row in read)
    found = both.read(folder / read[0]["image"])[0].prediction
    votes = found.votes["head_shape"]
    assert votes.network == read[0]["head_shape_by_network"]
    assert votes.measures == read[0]["head_shape_by_measures"]
    assert found.probabilities["head_shape"].max() == pytest.approx(float(read[0]["head_shape_confidence"]))


def test_figures_are_of_the_mean_of_both_votes(voting: Path, trained: Any) -> None:
    lens, listing = spermlens.load(voting, device="cpu"), hushem.read(trained.data)
    (table,) = lens.tables(listing)
    (other,) = replace(lens, saved=replace(lens.saved, rulers={})).tables(listing)
    said = lens.predict(list(listing))
    expected = np.stack([prediction.probabilities["head_shape"] for prediction in said])
    np.testing.assert_allclose(table.probabilities, expected, atol=1e-6)
    assert np.abs(table.probabilities - other.probabilities).max() > 0.05
