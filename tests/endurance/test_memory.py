"""Many images in flat memory: rows, page and file come out, and only the rows grow."""

from __future__ import annotations

import csv
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import spermlens
from spermlens.batch import Order, read_batch
from spermlens.predict.sources import find_sources

WARM = 256  # images: enough to fill a page, so that what has a fixed size was there once
ALLOWED = 100  # MiB


def many_images(folder: Path, count: int) -> None:
    """So many small files; twenty are drawn, the others are further names of them."""
    folder.mkdir(parents=True)
    random = np.random.default_rng(4)
    for number in range(count):
        path = folder / f"{number:05d}.png"
        if number < 20:
            Image.fromarray(random.integers(0, 256, (40, 40, 3), dtype=np.uint8)).save(path)
        else:
            os.link(folder / f"{number % 20:05d}.png", path)


def in_memory() -> float:
    """MiB of this process now."""
    told = Path("/proc/self/statm").read_text().split()
    return int(told[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def read_many(trained: Any, place: Path, count: int) -> dict[str, float]:
    """Read so many with rows and page, after a few; how memory went, in MiB."""
    lens = spermlens.load(trained.model, device="cpu")
    seen: list[float] = []

    def read(name: str, count: int) -> list[Any]:
        many_images(place / name / "images", count)
        order = Order(
            output=place / name / "rows.csv", page=place / name / "page.html", methods=("cam",), views=1
        )
        sources = find_sources([str(place / name / "images")])
        return read_batch(lens.eye, sources, order, lambda _done, _total: seen.append(in_memory()))

    read("few", WARM)
    warm = in_memory()
    seen.clear()
    begun = time.monotonic()
    rows = read("many", count)
    seconds = time.monotonic() - begun
    after = in_memory()
    place = place / "many"
    with (place / "rows.csv").open(encoding="utf-8", newline="") as stream:
        written = [row["image"] for row in csv.DictReader(stream)]
    assert written == [row["image"] for row in rows] == [f"{n:05d}.png" for n in range(count)]
    assert f"{count} images" in (place / "page.html").read_text(encoding="utf-8")
    return {
        "images": count,
        "warm": round(warm, 1),
        "most while reading": round(max(seen), 1),
        "after page and rows": round(after, 1),
        "growth": round(max(*seen, after) - warm, 1),
        "images per second": round(count / seconds, 1),
    }


def test_two_thousand_images(trained: Any, tmp_path: Path) -> None:
    figures = read_many(trained, tmp_path, 2_000)
    assert figures["growth"] < ALLOWED, figures


@pytest.mark.endurance
def test_twenty_thousand_images(trained: Any, tmp_path: Path, report: Any) -> None:
    figures = read_many(trained, tmp_path, 20_000)
    report("memory.json", {"unit": "MiB", "allowed growth": ALLOWED, **figures})
    assert figures["growth"] < ALLOWED, figures
