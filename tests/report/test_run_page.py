"""The page of a run: its figures are the run's, its images are chosen as it says, its maps lie right."""

from __future__ import annotations

import base64
import io
import json

import numpy as np
import pytest
from drawn_run import HOSTILE, TASK, THRESHOLD, UNKNOWN, rolled
from PIL import Image as Pillow

from spermlens.errors import DataCorrupt, DataError, DataMissing
from spermlens.files import write_json
from spermlens.framing import Framing
from spermlens.report.overlay import enlarge, mapped
from spermlens.report.page import to_html, to_json
from spermlens.report.run_gallery import pick
from spermlens.report.run_page import headline, run_report
from spermlens.report.tiles import MOST
from spermlens.types import DISCLAIMER, Figure, Gallery, Pose, Table, Text


def parts(report, kind):
    return [part for section in report.sections for part in section.parts if isinstance(part, kind)]


def tiles(report):
    return {tile.title: tile for gallery in parts(report, Gallery) for tile in gallery.tiles}


def test_the_headline_counts_the_images(drawn_listing):
    table = rolled(drawn_listing)
    right = int((table.predicted == table.truth).sum())
    sentence = headline(table)
    assert f"right on {right} of 60 images ({100 * right / 60:.1f} %" in sentence
    assert "never seen in training." in sentence
    again = table.rows(np.arange(60)[::-1])
    assert headline(again) == sentence


def test_the_headline_says_where_images_belong_together(drawn_listing):
    from dataclasses import replace

    table = replace(rolled(drawn_listing), units=("one", "one", *map(str, range(58))))
    assert "if images were independent" in headline(table)


def test_every_score_stands_on_the_page_and_in_its_twin(finished_run):
    report = run_report(finished_run)
    text, twin = to_html(report), json.dumps(to_json(report), ensure_ascii=False)
    shown = 0
    for result in finished_run.results():
        if result.condition == "2 views":
            assert f"{result.value:.3f}" in text, result.metric
            assert f"{result.value:.3f}" in twin or repr(result.value) in twin, result.metric
            assert f"{result.low:.3f}–{result.high:.3f}" in text, result.metric
            assert f"{result.low:.3f}–{result.high:.3f}" in twin, result.metric
            shown += 1
    assert shown == 9 + 9  # overall, and three for each of three classes


def test_the_page_says_what_was_asked_and_what_is_not_known(finished_run):
    text = to_html(run_report(finished_run))
    for said in ("A drawn claim.", "2-fold in words", UNKNOWN, "2 views", DISCLAIMER, "A note.", "ab" * 32):
        assert said in text or said.lower() in text.lower(), said


def test_without_its_data_the_page_has_no_gallery(finished_run, drawn_listing):
    assert not parts(run_report(finished_run), Gallery)
    assert parts(run_report(finished_run, drawn_listing), Gallery)


def test_hostile_names_and_the_same_bytes_twice(finished_run, drawn_listing):
    once = to_html(run_report(finished_run, drawn_listing))
    assert "<script" not in once
    assert once == to_html(run_report(finished_run, drawn_listing))


def test_no_image_is_shown_twice_and_each_gallery_keeps_its_promise(drawn_listing):
    table = rolled(drawn_listing)
    picked = pick(table)
    rights = [row for rows in picked.right.values() for row in rows]
    everything = [*picked.wrong, *picked.unsure, *rights]
    assert len(everything) == len(set(everything))
    hit = table.predicted == table.truth
    assert picked.wrong
    assert not hit[picked.wrong].any()
    assert (np.diff(table.confidence[picked.wrong]) <= 0).all()
    assert (np.diff(table.confidence[picked.unsure]) >= 0).all()
    assert hit[rights].all()
    for k, name in enumerate(TASK.classes):
        assert set(table.truth[picked.right[name]]) <= {k}
        best = table.confidence[hit & (table.truth == k)].max()
        assert table.confidence[picked.right[name][0]] == best


def test_tiles_say_truth_confidence_and_status(finished_run, drawn_listing):
    table = rolled(drawn_listing)
    found = tiles(run_report(finished_run, drawn_listing))
    assert HOSTILE in drawn_listing.ids
    for row, id in enumerate(table.ids):
        if id in found:
            tile, sure = found[id], table.confidence[row] >= THRESHOLD
            hit = table.predicted[row] == table.truth[row]
            assert tile.tone == ("good" if hit else "bad") if sure else tile.tone == "unsure"
            assert f"Truth: {TASK.classes[table.truth[row]]}." in tile.lines[0]
            assert [p for _, p in tile.bars] == table.probabilities[row].tolist()


@pytest.mark.parametrize("pose", [None, Pose(x=20, y=25, ahead=(0.6, 0.8))])
def test_maps_lie_over_their_image_as_the_framing_says(finished_run, drawn_listing, monkeypatch, pose):
    write_json(finished_run.folder / "framing.json", {"size": 32, "field_px": 48.0, "align": "head"})
    monkeypatch.setattr("spermlens.report.run_gallery.pose_for", lambda framing, _: framing.aligns and pose)
    tile = next(iter(tiles(run_report(finished_run, drawn_listing)).values()))
    index = drawn_listing.ids.index(tile.title)
    stored = json.loads((finished_run.part(f"r0f{index % 2}") / "predictions.json").read_text())["test"]
    raw = np.array(stored["maps"]["head_shape"][stored["ids"].index(tile.title)], np.float32)
    image = drawn_listing[index].image
    framing, raw = Framing(size=32, field_px=48.0), raw / np.abs(raw).max()
    heat, against = (
        framing.unsquare(enlarge(np.maximum(sign * raw, 0), (32, 32)), image.shape, pose=pose)
        for sign in (1, -1)
    )
    shown = np.asarray(Pillow.open(io.BytesIO(tile.figures[1].data)))
    assert (shown == mapped(image, heat, against=against, most=MOST)).all()
    cell = np.asarray(Pillow.open(io.BytesIO(tile.figures[0].data)))
    assert (cell == image).all()


def test_the_map_names_the_class_it_explains(finished_run, drawn_listing):
    """A single view may find another class likeliest than all views together."""
    for fold in (0, 1):
        path = finished_run.part(f"r0f{fold}") / "predictions.json"
        said = json.loads(path.read_text())
        said["test"]["views"]["1"]["head_shape"] = [[0.0, 0.0, 1.0]] * len(said["test"]["ids"])
        write_json(path, said)
    for tile in tiles(run_report(finished_run, drawn_listing)).values():
        assert tile.figures[1].caption.startswith("for pyriform")


def test_without_maps_the_cell_stands_alone(finished_run, drawn_listing):
    for fold in (0, 1):
        path = finished_run.part(f"r0f{fold}") / "predictions.json"
        said = json.loads(path.read_text())
        del said["test"]["maps"]
        write_json(path, said)
    report = run_report(finished_run, drawn_listing)
    assert {len(tile.figures) for tile in tiles(report).values()} == {1}
    assert any("stored no maps" in text.body for text in parts(report, Text))


def test_maps_that_do_not_fit_their_images_are_an_error(finished_run, drawn_listing):
    path = finished_run.part("r0f0") / "predictions.json"
    said = json.loads(path.read_text())
    said["test"]["maps"]["head_shape"].pop()
    write_json(path, said)
    with pytest.raises(DataCorrupt, match="29 maps for 30 images"):
        run_report(finished_run, drawn_listing)


def test_the_data_of_another_run_is_an_error(finished_run, drawn_listing):
    with pytest.raises(DataError, match="not among the 10 images"):
        run_report(finished_run, drawn_listing[:10])


def test_a_run_without_a_final_model_has_no_threshold(finished_run, drawn_listing):
    (finished_run.model / "model.json").unlink()
    report = run_report(finished_run, drawn_listing)
    assert {tile.tone for tile in tiles(report).values()} == {"good", "bad"}
    assert any("No threshold" in figure.caption for figure in parts(report, Figure))


def test_a_threshold_that_cannot_be_reached_is_none(finished_run, drawn_listing):
    path = finished_run.model / "model.json"
    write_json(path, json.loads(path.read_text()) | {"threshold": {"head_shape": 1.01}})
    report = run_report(finished_run, drawn_listing)
    assert any("No threshold" in figure.caption for figure in parts(report, Figure))
    assert {tile.tone for tile in tiles(report).values()} == {"good", "bad"}


def test_a_run_without_results_says_how_to_get_them(finished_run):
    (finished_run.folder / "results.json").unlink()
    with pytest.raises(DataMissing, match="--resume"):
        run_report(finished_run)


def test_results_of_another_condition_are_not_passed_off(finished_run):
    results = [result for result in finished_run.results() if result.condition != "2 views"]
    finished_run.write_results("c", "p", results)
    with pytest.raises(DataCorrupt, match="no scores of 'head_shape' under '2 views', found 1 view"):
        run_report(finished_run)


def test_other_conditions_have_a_table_of_their_own(finished_run):
    captions = [table.caption for table in parts(run_report(finished_run), Table)]
    assert "The same under other conditions." in captions


def test_pictures_in_the_twin_are_the_pictures(finished_run, drawn_listing):
    report = run_report(finished_run, drawn_listing)
    gallery = next(p for s in to_json(report)["sections"] for p in s["parts"] if p["kind"] == "gallery")
    data = base64.b64decode(gallery["tiles"][0]["figures"][0]["data"])
    assert data == parts(report, Gallery)[0].tiles[0].figures[0].data
