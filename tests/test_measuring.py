"""Images to rows, outlines and a page: whole, in order, and gone on with after an interrupt."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from spermlens import measuring
from spermlens.cli import run
from spermlens.datasets import open_data
from spermlens.errors import UsageError
from spermlens.images import read_image
from spermlens.locate.segment import outline
from spermlens.measuring import Order, as_csv, measure_batch
from spermlens.predict.measured import COLUMNS
from spermlens.predict.sources import find_sources
from spermlens.report.overlay import png_bytes
from spermlens.types import DISCLAIMER


class StoppedError(Exception):
    pass


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six heads, a blank field, what is no image."""
    folder = tmp_path_factory.mktemp("heads")
    for number, sample in enumerate(open_data("synthetic", options={"count": 6, "seed": 9})):
        (folder / f"{number}.png").write_bytes(png_bytes(sample.image))
    Image.fromarray(np.full((60, 60, 3), 200, np.uint8)).save(folder / "blank.png")
    (folder / "broken.png").write_bytes(b"no image")
    return folder


def test_every_image_is_a_row_in_order(drawn: Path) -> None:
    rows = measure_batch(find_sources([str(drawn)], None, 0.1), Order())
    assert [row["image"] for row in rows] == [*(f"{n}.png" for n in range(6)), "blank.png", "broken.png"]
    assert [row["status"] for row in rows[-2:]] == ["unreliable", "bad_input"]
    assert all(tuple(row) == COLUMNS for row in rows)
    assert rows[-2]["reason"]
    assert "not a PNG" in str(rows[-1]["reason"])
    (first, *_) = csv.DictReader(as_csv(rows).splitlines())
    assert float(first["length_um"]) == pytest.approx(0.1 * float(first["length_px"]))


def test_images_with_and_without_a_pixel_size_stand_in_one_table(drawn: Path, tmp_path: Path) -> None:
    manifest = tmp_path / "m.csv"
    manifest.write_text(f"path,um_per_pixel\n{drawn / '0.png'},0.1\n{drawn / '1.png'},\n")
    page = tmp_path / "page.html"
    known, unknown = measure_batch(find_sources([str(manifest)]), Order(page=page))
    assert known["length_um"] == pytest.approx(0.1 * float(known["length_px"]))  # type: ignore[arg-type]
    assert unknown["length_um"] is None
    assert unknown["length_px"] is not None
    assert unknown["who_length"] == "not judged: pixel size not known"


@pytest.mark.parametrize("suffix", [".csv", ".json"])
def test_an_interrupted_batch_goes_on_and_ends_the_same(
    drawn: Path, tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measuring, "AT_A_TIME", 2)
    found, looked = find_sources([str(drawn)]), []
    measure_batch(found, Order(output=tmp_path / f"whole{suffix}"))

    def stop(done: int, total: int) -> None:
        if done == 4:
            raise StoppedError

    order = Order(output=tmp_path / f"cut{suffix}")
    with pytest.raises(StoppedError):
        measure_batch(found, order, stop)
    assert not (tmp_path / f"cut{suffix}").exists()
    located = measuring.located
    monkeypatch.setattr(measuring, "located", lambda *a: looked.append(1) or located(*a))
    measure_batch(found, order)
    assert len(looked) == 3  # seven can be read, four were done
    assert (tmp_path / f"cut{suffix}").read_bytes() == (tmp_path / f"whole{suffix}").read_bytes()
    with pytest.raises(UsageError, match="add --overwrite"):
        measure_batch(found, order)


def test_the_parts_are_numbers_that_the_legend_names(drawn: Path, tmp_path: Path) -> None:
    folder = tmp_path / "lines"
    measure_batch(find_sources([str(drawn)]), Order(outlines=folder))
    parts = json.loads((folder / "legend.json").read_text())["parts"]
    numbers = np.array(Image.open(folder / "1.png.parts.png"))
    image = read_image(drawn / "1.png")
    found = outline(image)
    assert numbers.shape == image.shape[:2]
    inside = found.head.copy()
    for part in ("acrosome", "vacuole"):
        inside &= ~found.masks.get(part, np.zeros_like(inside))
    assert np.array_equal(numbers == parts["head"], inside)
    assert np.array_equal(numbers == parts["acrosome"], found.masks["acrosome"] & ~found.masks["vacuole"])
    assert {p.name for p in folder.glob("*.outline.png")} == {
        f"{p.name}.outline.png" for p in drawn.glob("*.png") if p.name != "broken.png"
    }


def test_the_page_says_what_it_must(drawn: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    rows = measure_batch(find_sources([str(drawn)], None, 0.1), Order(page=page, scale="from a bar"))
    text = page.read_text()
    measured = sum(row["status"] == "measured" for row in rows)
    assert f"8 images: {measured} measured" in text
    for words in (DISCLAIMER, "WHO 5th edition (2010)", "head only", "Not relied on", "from a bar"):
        assert words in text
    assert str(rows[-1]["reason"])[:40] in text
    assert str(rows[-2]["reason"]) in text


def bar(path: Path) -> Path:
    picture = Image.new("RGB", (300, 200), (210, 210, 210))
    ImageDraw.Draw(picture).rectangle((100, 150, 199, 155), fill=(0, 0, 0))
    picture.save(path)
    return path


def test_a_scale_bar_gives_the_size_of_a_pixel(
    drawn: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = bar(tmp_path / "bar.png")
    assert run(["measure", str(drawn / "0.png"), "--scale-bar", f"{place}:10", "--json"]) == 0
    told = capsys.readouterr()
    (row,) = json.loads(told.out)
    assert row["um_per_pixel"] == pytest.approx(0.1, rel=0.02)
    assert "from a scale bar" in told.err


@pytest.mark.parametrize(
    ("options", "sentence", "code"),
    [
        (["--scale-bar", "bar.png"], "expected --scale-bar IMAGE:LENGTH_UM", 2),
        (["--bead", "x.png:-3"], "expected --bead IMAGE:DIAMETER_UM", 2),
        (["--scale-bar", "gone.png:10"], "gone.png: no file is there", 3),
        (["--bead", "a:1", "--um-per-pixel", "0.1"], "Keep one of them", 2),
        (["--um-per-pixel", "0"], "between 0.005 and 5", 2),  # not taken for no size at all
        (["--um-per-pixel", "65"], "Give micrometres", 2),  # those were nanometres
        (["-o", "rows.txt"], "must end in .csv or .json", 2),
    ],
)
def test_wrong_use_is_a_sentence(
    drawn: Path, options: list[str], sentence: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["measure", str(drawn / "0.png"), *options]) == code
    assert sentence in capsys.readouterr().err


def test_an_unreadable_file_ends_with_3_and_the_rest_is_there(
    drawn: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["measure", str(drawn), "--quiet"]) == 3
    told = capsys.readouterr()
    assert len(told.out.splitlines()) == 9
    assert "1 of 8 images could not be read" in told.err


def test_measuring_loads_no_network(drawn: Path, tmp_path: Path) -> None:
    line = (
        f"import sys; from spermlens.cli import run; run(['measure', {str(drawn / '0.png')!r}, '--report', "
        f"{str(tmp_path / 'page.html')!r}, '--outlines', {str(tmp_path / 'lines')!r}]); "
        "print('MODULES', *sys.modules)"
    )
    said: Any = subprocess.run([sys.executable, "-c", line], capture_output=True, text=True, check=True)
    modules = said.stdout.split("MODULES")[1].split()
    assert "spermlens.measuring" in modules
    assert not {"torch", "torchvision", "timm"} & set(modules)


@pytest.mark.parametrize("option", ["--report", "--outlines"])
def test_an_input_is_not_replaced_by_what_is_written(
    drawn: Path, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    image = drawn / "0.png"
    before = image.read_bytes(), sorted(drawn.iterdir())
    place = image if option == "--report" else drawn
    assert run(["measure", str(image), option, str(place), "--overwrite"]) == 2
    assert "inputs" in capsys.readouterr().err
    assert (image.read_bytes(), sorted(drawn.iterdir())) == before


def test_beads_are_counted(drawn: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = Image.new("L", (300, 200), 220)
    for left in (40, 180):
        ImageDraw.Draw(picture).ellipse((left, 60, left + 60, 120), fill=60)
    picture.save(tmp_path / "beads.png")
    assert run(["measure", str(drawn / "0.png"), "--bead", f"{tmp_path / 'beads.png'}:6"]) == 0
    assert "from 2 beads in" in capsys.readouterr().err
