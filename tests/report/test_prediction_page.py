"""The page of a batch: honest counts, unsure ones first, nothing silently left out."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from drawn_run import HOSTILE, TASK, THRESHOLD, UNKNOWN
from PIL import Image as Pillow

from spermlens.evaluate.counts import share
from spermlens.explain._told import SMOOTH
from spermlens.report.caption import captioned, font, shortened, wrapped
from spermlens.report.contact_sheet import FINE, GAP, SIDE, STEP, contact_sheet
from spermlens.report.page import to_html
from spermlens.report.prediction_page import HEADS_ONLY_NOTE, NO_COMMERCE_NOTE, prediction_report, verdict
from spermlens.report.reading_card import tile_of
from spermlens.report.tiles import in_words
from spermlens.types import DISCLAIMER, Figure, Gallery, Status, Table, Task, Text, Tile, Votes


def parts(report, kind):
    return [part for section in report.sections for part in section.parts if isinstance(part, kind)]


@pytest.fixture
def page(rows, readings, facts):
    return prediction_report(rows, readings, [TASK], facts)


def test_the_verdict_counts_every_image(rows, page):
    assert verdict(rows) == "5 images: 2 decided, 1 unsure, 1 not a cell, 1 unreadable."
    assert parts(page, Text)[0] == Text(verdict(rows), "lead")
    assert verdict(rows[:1]) == "1 image: 1 decided."


def test_shares_are_of_the_decided_with_their_exact_interval(page):
    table = parts(page, Table)[0]
    assert "Of the decided images" in table.caption
    one = share(1, 2)
    span = f"{100 * one.low:.1f}–{100 * one.high:.1f} %"
    assert table.rows == (
        ("head shape", "normal", 1, "50.0 %", span),
        ("", "tapered", 1, "50.0 %", span),
        ("", "pyriform", 0, "0.0 %", f"0.0–{100 * share(0, 2).high:.1f} %"),
    )
    assert any("not decided: head shape 3." in text.body for text in parts(page, Text))


def test_nothing_decided_gives_no_share(rows, readings, facts):
    unsure = [row | {"status": "unsure", "head_shape": ""} for row in rows[:4]]
    report = prediction_report(unsure, readings, [TASK], facts)
    assert not parts(report, Table)
    assert any("no share" in text.body for text in parts(report, Text))


def test_the_unsure_come_first_then_the_least_sure(page):
    (gallery,) = parts(page, Gallery)
    assert [tile.title for tile in gallery.tiles] == [HOSTILE, "less sure.png", "sure.png", "blank.png"]
    assert gallery.caption.startswith("4 of 5 images")


def test_tiles_say_status_and_why(page):
    (gallery,) = parts(page, Gallery)
    unsure, decided, _, blank = gallery.tiles
    assert (unsure.tone, unsure.verdict) == ("unsure", "Unsure, leans to normal")
    assert unsure.lines == (f"Head shape: confidence 0.40, below the {THRESHOLD:.2f} that is needed.",)
    assert (decided.tone, decided.verdict) == ("good", "Normal")
    assert "above the 0.70" in decided.lines[0]
    assert (blank.tone, blank.verdict) == ("plain", "Not a cell")
    assert blank.lines[0] == "The field is blank"
    assert unsure.bars == (("normal", 0.4), ("tapered", 0.3), ("pyriform", 0.3))


def test_with_several_tasks_each_has_its_own_answer(readings):
    other = Task("acrosome", ("normal", "abnormal"))
    sure = readings[0]
    both = {**sure.prediction.probabilities, "acrosome": np.array([0.45, 0.55])}
    said = replace(
        sure.prediction,
        probabilities=both,
        decisions={"head_shape": "tapered", "acrosome": ""},
        status=Status.UNSURE,
    )
    tile = tile_of(replace(sure, prediction=said), [TASK, other], {"acrosome": 0.8})
    assert tile.verdict == "Head shape: tapered; acrosome: unsure, leans to abnormal"
    assert tile.bars[3:] == (("acrosome: normal", 0.45), ("acrosome: abnormal", 0.55))
    assert tile.lines == (
        "Head shape: confidence 0.90.",
        "Acrosome: confidence 0.55, below the 0.80 that is needed.",
    )


def test_maps_name_class_method_layer_and_size(page):
    (gallery,) = parts(page, Gallery)
    caption = gallery.tiles[0].figures[1].caption.replace("\N{NO-BREAK SPACE}", " ")
    assert caption == "for head shape normal: Grad-CAM++ at pooled, 4 × 5"
    assert "from the top" in gallery.tiles[0].figures[1].alt
    words = " ".join(text.body for text in parts(page, Text)).replace("\N{NO-BREAK SPACE}", " ")
    assert "only 4 × 5 fields" in words
    assert "not a proof of cause" in words


def test_a_class_told_from_another_is_said_to_be(readings):
    found = replace(
        readings[0].explanations[0],
        target="tapered",
        rival="big_head",
        against=np.zeros((30, 44), np.float32),
    )
    assert in_words(found).startswith("for head shape tapered, not big head: ")


def test_unreadable_files_stand_with_their_message(page):
    assert parts(page, Table)[-1].rows == (("cut.png", "cut.png: damaged."),)


def test_heads_are_not_called_normal_forms(page, rows, readings, facts):
    assert Text(HEADS_ONLY_NOTE, "warning") in parts(page, Text)
    whole = [row | {"cell": "a"} for row in rows]
    report = prediction_report(whole, [], [Task("cell", ("a", "b"))], facts)
    assert Text(HEADS_ONLY_NOTE, "warning") not in parts(report, Text)


def test_a_licence_without_commerce_stands_at_the_head(page, rows, readings, facts):
    assert NO_COMMERCE_NOTE not in [text.body for text in parts(page, Text)]
    data = facts.get("data", {}) | {"licence": "CC BY-NC-SA 4.0 (not for commercial use)"}
    report = prediction_report(rows, readings, [TASK], facts | {"data": data})
    assert Text(NO_COMMERCE_NOTE, "warning") in parts(report, Text)


def test_the_page_escapes_and_traces(page, rows, readings, facts):
    text = to_html(page)
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    for said in (DISCLAIMER, UNKNOWN, "CC BY 4.0", "https://example.org/x", "ab" * 32, "drawn@abababababab"):
        assert said in text
    assert 'href="http' not in text
    assert 'src="http' not in text
    assert text == to_html(prediction_report(rows, readings, [TASK], facts))


def test_a_model_that_never_decides_says_so(rows, readings, facts):
    report = prediction_report(rows, readings, [TASK], facts | {"threshold": {"head_shape": 1.01}})
    assert any("never decided" in text.body for text in parts(report, Text))


def test_a_status_that_is_none_is_refused(rows, facts):
    with pytest.raises(ValueError, match="lost"):
        prediction_report([rows[0] | {"status": "lost"}], [], [TASK], facts)


def test_an_empty_batch_is_refused(facts):
    with pytest.raises(ValueError, match="an image or more"):
        prediction_report([], [], [TASK], facts)


def test_a_sheet_holds_every_tile_at_its_place(readings):
    tiles = [tile_of(reading, [TASK]) for reading in readings]
    sheet = contact_sheet(tiles[:3], columns=2)
    pair = 2 * SIDE + 4
    assert sheet.shape[1] == 2 * (pair + GAP) + GAP
    for tile, column in ((tiles[0], 0), (tiles[1], 1)):
        left = GAP + column * (pair + GAP)
        cell = Pillow.open(io.BytesIO(tile.figures[0].data))
        height = round(cell.height * SIDE / cell.width)
        large = np.asarray(cell.resize((SIDE, height), Pillow.Resampling.BICUBIC))
        top = GAP + (SIDE - height) // 2
        assert (sheet[top : top + height, left : left + SIDE] == large).all()
    empty = sheet[sheet.shape[0] // 2 + GAP :, GAP + pair + GAP :]
    assert (empty == 255).all()


def test_a_sheet_has_captions_and_bears_any_name():
    dot = Figure("", "image/png", _png(), "dot")
    bare = Tile(title="", verdict="", tone="plain", figures=(dot,))
    named = Tile(title="x\udcff" * 300, verdict="Normal", tone="good", figures=(dot,), lines=("why",))
    without, named_one = contact_sheet([bare]), contact_sheet([named])
    assert without.shape == named_one.shape
    assert (without[GAP + SIDE :] == 255).all()
    assert (named_one[GAP + SIDE :] < 128).any()
    assert (named_one[:, -GAP:] == 255).all()


def test_each_picture_on_a_sheet_stands_over_its_caption():
    bare, told = (Figure(words, "image/png", _png(), "dot") for words in ("", "CAM at pooled, 4 × 4"))
    sheet = contact_sheet([Tile(title="", verdict="", tone="plain", figures=(bare, told))])
    line = sheet[GAP + SIDE : GAP + SIDE + FINE + 10]
    assert (line[:, : GAP + SIDE] == 255).all()
    assert (line[:, GAP + SIDE + 4 :] < 128).any()


def test_a_long_caption_on_a_sheet_goes_on_below_and_is_not_cut():
    words = "for head shape tapered, not pyriform: Integrated gradients, smoothed at input, 128 × 128"
    short, long = (Figure(text, "image/png", _png(), "dot") for text in ("CAM at pooled, 4 × 4", words))
    lines = wrapped(words, font(FINE), SIDE)
    assert len(lines) > 1
    assert not any("…" in line for line in lines)
    one, both = (
        contact_sheet([Tile(title="", verdict="", tone="plain", figures=found)])
        for found in ((short,), (short, long))
    )
    assert both.shape[0] == one.shape[0] + (len(lines) - 1) * STEP
    row = GAP + SIDE + STEP * (len(lines) - 1)
    last = both[row + 3 : row + 3 + STEP]
    assert (last[:, : GAP + SIDE] == 255).all()
    assert (last[:, GAP + SIDE + 4 :] < 128).any()


def test_the_page_says_what_each_method_shows_and_what_it_cannot(rows, readings, facts):
    smooth = replace(readings[0].explanations[0], method="occlusion+smooth")
    shown = [replace(readings[0], explanations=(smooth,)), *readings[1:]]
    words = [text.body for text in parts(prediction_report(rows, shown, [TASK], facts), Text)]
    (said,) = [body for body in words if "It cannot" in body]
    assert said.startswith("Grad-CAM++ shows")
    assert "Occlusion shows" in said
    assert said.endswith(SMOOTH)
    assert "not another" not in said


@pytest.mark.parametrize("shape", [(240, 300), (300, 20)])
def test_a_picture_keeps_its_pixels_above_its_words(shape):
    image = np.random.default_rng(3).integers(0, 255, (*shape, 3), np.uint8)
    found, other = (captioned(image, f"for head shape tapered: CAM at pooled, {n} × {n}") for n in (4, 7))
    left = (found.shape[1] - shape[1]) // 2
    assert (found[: shape[0], left : left + shape[1]] == image).all()
    assert (found[shape[0] :] < 128).any()
    assert (found[shape[0] :] != other[shape[0] :]).any()


def test_words_are_wrapped_and_none_is_lost():
    lines = wrapped("for head shape tapered, not normal: CAM at pooled, 4 × 4", font(13), 100)
    assert " ".join(lines) == "for head shape tapered, not normal: CAM at pooled, 4 x 4"
    assert len(lines) > 2
    assert all(font(13).getlength(line) <= 100 for line in lines)
    assert lines[-1].endswith("4 x 4")
    assert "…" in wrapped("m" * 300, font(13), 100)[0]


def test_a_long_name_keeps_its_ends_and_its_line():
    letters = font(15)
    short = shortened("slide 7/" + "m" * 300 + "/cell 42.png", letters, 200)
    assert letters.getlength(short) <= 200
    assert short.startswith("slide 7/")
    assert short.endswith("cell 42.png")
    assert shortened("as it is.png", letters, 200) == "as it is.png"


def test_no_tile_no_sheet():
    with pytest.raises(ValueError, match="tiles"):
        contact_sheet([])


def _png() -> bytes:
    stream = io.BytesIO()
    Pillow.new("RGB", (20, 20), "black").save(stream, "PNG")
    return stream.getvalue()


def voted(reading, network, measures, **more):
    votes = {TASK.name: Votes(network=network, measures=measures)}
    return tile_of(replace(reading, prediction=replace(reading.prediction, votes=votes, **more)), [TASK])


def test_a_card_tells_who_is_for_what_only_where_they_differ(readings):
    reading = next(reading for reading in readings if reading.prediction.status is Status.DECIDED)
    words = "The network says tapered, what is measured says pyriform. Maps show the network only."
    assert words in voted(reading, "tapered", "pyriform").lines
    assert len(voted(reading, "tapered", "tapered").lines) == len(tile_of(reading, [TASK]).lines)
    assert words not in voted(reading, "tapered", "pyriform", status=Status.NOT_A_CELL).lines


def test_a_picture_unlike_all_that_was_learned_from_says_so_however_sure_the_model_is(readings):
    strange = replace(
        readings[0].prediction,
        status=Status.UNSURE,
        decisions={TASK.name: ""},
        message="unlike the pictures the model learned from",
        strangeness=1.13,
    )
    lines = tile_of(replace(readings[0], prediction=strange), [TASK], {TASK.name: 0.0}).lines
    assert lines[0] == "Nothing is decided: unlike the pictures the model learned from."
    known = replace(strange, strangeness=0.9, message="not sure enough about head shape")
    assert not any(
        "Nothing" in line for line in tile_of(replace(readings[0], prediction=known), [TASK]).lines
    )
