"""Everything together on a folder with planted faults: files, clean list, page."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

from spermlens.audit.findings import Findings, examine
from spermlens.audit.folder import write_findings
from spermlens.audit.page import audit_report
from spermlens.audit.words import summary
from spermlens.datasets import Entry, Listing, open_data
from spermlens.datasets.folder import CARD
from spermlens.errors import DataCorrupt, DataMissing, UnknownName
from spermlens.evaluate.table import Predictions
from spermlens.report.page import to_html
from spermlens.types import Image, Task


@pytest.fixture
def planted(cells: Callable[[], Listing], heads: list[Image], save: Callable, tmp_path: Path) -> Findings:
    """Sixty heads, and: a copy, a mirrored JPEG copy, a contradiction, a lying suffix, a broken file."""
    save(heads[0], "long/zz-again.png")
    save(heads[2][:, ::-1], "long/zz-mirrored.jpg", quality=90)
    save(heads[4], "round/zz-contradicts.png")
    Pillow.fromarray(heads[8][::-1, ::-1] // 2).save(tmp_path / "cells/long/zz-lies.png", "BMP")
    (tmp_path / "cells/long/zz-broken.png").write_bytes(b"\x89PNG\r\n\x1a\nno picture")
    return examine(cells())


def rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def test_everything_planted_is_counted(planted: Findings) -> None:
    assert {k: v for k, v in planted.counts.items() if v} == {
        "images": 65,
        "unreadable": 1,
        "identical_pairs": 2,
        "identical_pairs_in_conflict": 1,
        "near_pairs": 2,
        "suffix_lies": 1,
        "dark": 1,
        "in_the_clean_list": 59,
    }
    assert summary(planted).startswith(
        "65 images: 2 pairs of identical images (1 with contradicting labels), 2 pairs of near copies, "
    )
    assert "1 unreadable file, 1 file with a suffix of another format" in summary(planted)


def test_the_clean_list_has_a_reason_for_each(planted: Findings, tmp_path: Path) -> None:
    write_findings(tmp_path / "out", planted)
    clean = {row["image"]: row for row in rows(tmp_path / "out" / "clean.csv")}
    assert list(clean) == planted.listing.ids
    dropped = {image: row["reason"] for image, row in clean.items() if row["keep"] == "no"}
    assert "cannot be read" in dropped.pop("long/zz-broken.png")
    assert dropped == {
        "long/zz-again.png": "the same pixels as long/00.png",
        "long/zz-mirrored.jpg": "nearly the same as long/02.png",
        "long/zz-lies.png": "nearly the same as long/08.png",
        "long/04.png": "labelled otherwise than its copy round/zz-contradicts.png (label)",
        "round/zz-contradicts.png": "labelled otherwise than its copy long/04.png (label)",
    }
    assert clean["long/00.png"]["reason"] == "the first of 2 copies"
    assert clean["round/01.png"]["reason"] == "no copy of another image"


def test_the_files_hold_a_row_for_each_image_and_pair(planted: Findings, tmp_path: Path) -> None:
    write_findings(tmp_path / "out", planted)
    images = {row["image"]: row for row in rows(tmp_path / "out" / "images.csv")}
    assert len(images) == 65
    lies, broken, plain = (images[f"long/{n}.png"] for n in ("zz-lies", "zz-broken", "00"))
    assert (lies["format"], lies["suffix_lies"], lies["flags"]) == ("bmp", "yes", "dark")
    assert broken["message"]
    assert broken["width"] == ""
    assert (plain["label"], plain["width"], plain["format"], plain["message"]) == ("long", "131", "png", "")
    assert plain["family"] == images["long/zz-again.png"]["family"] != images["round/01.png"]["family"]
    kinds = [(row["second"], row["kind"], row["conflict"]) for row in rows(tmp_path / "out" / "pairs.csv")]
    assert ("round/zz-contradicts.png", "identical", "label") in kinds
    assert ("long/zz-mirrored.jpg", "near", "") in kinds
    told = json.loads((tmp_path / "out" / "audit.json").read_text(encoding="utf-8"))
    assert told["counts"] == planted.counts
    assert list(told["unreadable"]) == ["long/zz-broken.png"]
    assert not (tmp_path / "out" / "suspects.csv").exists()


def test_the_page_needs_nothing_else_and_shows_what_was_found(planted: Findings) -> None:
    page = to_html(audit_report(planted))
    assert not re.findall(r"(?:src|href)=\"(?!data:|#)", page)
    assert "<script" not in page
    words = re.sub(r"<[^>]+>", " ", page)
    for title in (
        "Classes",
        "Planned splits",
        "Copies with contradicting labels",
        "Odd images",
        "Not readable",
    ):
        assert title in words
    assert "must be mirrored left to right to lie on the first" in words
    assert page.count("data:image/png") == 2 * 4 + 1  # four pairs, one odd image
    assert "Doubted labels" not in words


def test_one_contradiction_spoils_a_whole_family(
    cells: Callable[[], Listing], heads: list, save: Any
) -> None:
    save(heads[0], "long/zz.png")
    save(heads[0], "round/zz.png")
    found = examine(cells())
    dropped = [proposal.image for proposal in found.proposals if not proposal.keep]
    assert dropped == ["long/00.png", "long/zz.png", "round/zz.png"]


def test_a_set_in_order_is_said_to_be_in_order(cells: Callable[[], Listing]) -> None:
    found = examine(cells())
    assert summary(found) == "60 images: no copies, and none that is odd."
    assert not found.leaking
    assert all(proposal.keep for proposal in found.proposals)


def test_sizes_that_tell_the_class_are_told(heads: list[Image], save: Callable, tmp_path: Path) -> None:
    for number, image in enumerate(heads):
        side = 131 if number % 2 else 120 + number % 3
        save(image[:side, :side], f"{'round' if number % 2 else 'long'}/{number:02d}.png")
    found = examine(open_data(str(tmp_path / "cells")))
    assert found.told[0].tells
    assert "A network may learn that" in to_html(audit_report(found))


def test_a_size_that_only_a_group_shares_tells_nothing() -> None:
    rng = np.random.default_rng(4)
    width, label = rng.permutation(200)[:60] + 20, rng.permutation(np.arange(60) % 2)
    pictures = rng.integers(0, 255, (240, 24, 220, 3), dtype=np.uint8)
    entries = tuple(
        Entry(
            id=f"{n:03d}",
            load=partial(np.array, pictures[n, :, : width[n % 60]]),
            labels={"shape": int(label[n % 60])},
            group=f"P{n % 60:02d}" if grouped else None,
        )
        for grouped in (True, False)
        for n in range(240)
    )
    card = replace(CARD, tasks=(Task("shape", ("round", "long")),))
    together, apart = (examine(Listing(card, part)) for part in (entries[:240], entries[240:]))
    assert apart.told[0].tells
    assert not together.told[0].tells


def test_drawn_images_have_no_file() -> None:
    found = examine(open_data("synthetic", options={"count": 8, "seed": 1}))
    assert {one.source for one in found.seen} == {None}
    assert "cannot be made" in found.plans[0].sentence()


def test_nothing_readable_is_an_error(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.png").write_bytes(b"none")
    with pytest.raises(DataMissing, match="none of 2 images can be read"):
        examine(open_data(str(tmp_path)))


def said(listing: Listing, flip: tuple[int, ...] = ()) -> Predictions:
    """A model that is sure of every label but those flipped."""
    task = listing.card.tasks[0]
    truth = listing.labels(task.name)
    sure = np.where(np.isin(np.arange(len(listing)), flip), 1 - truth, truth)
    return Predictions(
        task=task,
        ids=tuple(listing.ids),
        units=tuple(listing.ids),
        repeats=np.zeros(len(listing), np.int64),
        folds=np.zeros(len(listing), np.int64),
        truth=truth,
        probabilities=np.where(np.arange(2) == sure[:, None], 0.9, 0.1),
    )


def test_doubted_labels_reach_the_page_and_the_file(cells: Callable[[], Listing], tmp_path: Path) -> None:
    listing = cells()
    found = examine(listing, predictions={"label": said(listing, flip=(3, 40))})
    write_findings(tmp_path / "out", found)
    doubted = [row["image"] for row in rows(tmp_path / "out" / "suspects.csv")]
    assert sorted(doubted) == sorted([listing.ids[3], listing.ids[40]])
    words = to_html(audit_report(found))
    assert "The 2 most doubtful of 2 labels" in words
    assert "the run is right on 58 of 60" in words
    assert all(proposal.keep for proposal in found.proposals)
    unsuspected = examine(listing, predictions={"label": said(listing)})
    assert "The run doubts no label." in to_html(audit_report(unsuspected))


def test_a_run_on_other_images_labels_or_tasks_is_refused(cells: Callable[[], Listing]) -> None:
    listing = cells()
    table = said(listing)
    with pytest.raises(DataCorrupt, match=r"speaks of 'long/00\.png'"):
        examine(listing.subset(range(1, 60)), predictions={"label": table})
    with pytest.raises(DataCorrupt, match=r"learned 'long/00\.png' as round, here it is long"):
        examine(listing, predictions={"label": replace(table, truth=1 - table.truth)})
    with pytest.raises(UnknownName):
        examine(listing, predictions={"shape": table})
