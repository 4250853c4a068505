"""Hostile images, manifests and experiments: the answer is a value or a sentence of ours, nothing else."""

from __future__ import annotations

import io
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from PIL import Image

from spermlens.config import load_experiment, parse_experiment, to_toml
from spermlens.datasets import open_data
from spermlens.errors import SpermlensError
from spermlens.images import decode
from spermlens.predict.sources import find_sources

SEED = 20261120
RGB = np.random.default_rng(3).integers(0, 256, (24, 20, 3), dtype=np.uint8)


def pillow(kind: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(RGB).save(stream, kind, **options)
    return stream.getvalue()


def tiff(array: Any, **options: Any) -> bytes:
    stream = io.BytesIO()
    tifffile.imwrite(stream, array, **options)
    return stream.getvalue()


WHOLE = (
    pillow("PNG"),
    pillow("JPEG"),
    pillow("BMP"),
    bytes(imagecodecs.png_encode(RGB.astype(np.uint16) * 200)),
    tiff(RGB, photometric="rgb"),
    tiff(RGB, photometric="rgb", compression="lzw"),
    tiff(RGB[..., 0].astype(np.float32) / 255),
    tiff(np.stack([RGB] * 3), photometric="rgb", compression="deflate", bigtiff=True),
    tiff(RGB[:16, :16], photometric="rgb", compression="jpeg", tile=(16, 16)),
)
SHIPPED = to_toml(load_experiment("hushem-b0-cbam"))
PLACES = st.floats(0, 1, exclude_max=True)


@st.composite
def images(draw: Any) -> bytes:
    """A picture with bytes changed, cut out, put in, or the end of another; or anything."""
    data = bytearray(draw(st.sampled_from(WHOLE)))
    for place, what in draw(st.lists(st.tuples(PLACES, st.binary(max_size=6)), max_size=5)):
        at = int(place * len(data))
        data[at : at + draw(st.integers(0, 6))] = what
    if draw(st.booleans()):
        data[int(draw(PLACES) * len(data)) :] = draw(st.sampled_from(WHOLE))[int(draw(PLACES) * 500) :]
    return draw(st.binary(max_size=60)) if draw(st.integers(0, 9)) == 0 else bytes(data)


CELLS = st.one_of(
    st.sampled_from(
        ["path", "id", "group", "um_per_pixel", "shape", "", "a", "b", "x.png", "0.1", "nan", "../x"]
    ),
    st.text(max_size=8),
)


@st.composite
def manifests(draw: Any) -> bytes:
    """Rows of likely and unlikely cells, whole or with bytes changed; or anything."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.binary(max_size=80))
    delimiter = draw(st.sampled_from(",;\t"))
    columns = ["path", "shape", *draw(st.lists(CELLS, max_size=3))]
    rows = draw(st.lists(st.lists(CELLS, min_size=len(columns), max_size=len(columns)), max_size=5))
    text = "\n".join(delimiter.join(row) for row in [columns, *rows])
    data = bytearray(text.encode("utf-8", "surrogatepass"))
    for place, what in draw(st.lists(st.tuples(PLACES, st.binary(max_size=3)), max_size=3)):
        at = int(place * len(data))
        data[at : at + 1] = what
    return bytes(data)


KEYS = [line.split(" = ")[0] for line in SHIPPED.splitlines() if " = " in line]
VALUES = st.one_of(
    st.text(max_size=12),
    st.integers().map(str),
    st.floats().map(str),
    st.sampled_from(
        ["[]", "{}", "true", "1e999", "9" * 5000, "[" * 3000, "'x'", "1979-05-27", "[[1]]", "{a={a=1}}"]
    ),
)


@st.composite
def experiments(draw: Any) -> tuple[str, list[str]]:
    """A shipped experiment with letters changed, and --set with likely and unlikely keys and values."""
    letters = list(SHIPPED)
    for place, what in draw(st.lists(st.tuples(PLACES, st.text(max_size=3)), max_size=4)):
        letters[int(place * len(letters))] = what
    key = st.one_of(
        st.sampled_from(KEYS),
        st.sampled_from(["data", "model", "protocol", "training", "training.phases.0", "augment"]).flatmap(
            lambda section: st.sampled_from(KEYS).map(lambda name: f"{section}.{name}")
        ),
        st.text(max_size=10),
        st.just(f"training.phases.{'9' * 5000}.epochs"),
    )
    overrides = draw(st.lists(st.builds("{}={}".format, key, VALUES), max_size=3))
    return "".join(letters), overrides


def explore(check: Callable[[Any], object], cases: Any, examples: int, number: int) -> dict[str, Any]:
    """Try so many cases; how many were taken, how many refused by which sentence, and what else came out."""
    met: Counter[str] = Counter()
    broke: list[str] = []
    begun = time.monotonic()

    @seed(number)
    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(cases)
    def tried(case: Any) -> None:
        try:
            check(case)
            met["taken"] += 1
        except SpermlensError as error:
            met[type(error).__name__ if str(error) else "without a sentence"] += 1
        except Exception as error:
            broke.append(f"{type(error).__name__}: {str(error)[:200]} for {str(case)[:300]}")

    tried()
    return {
        "examples": sum(met.values()) + len(broke),
        "outcomes": dict(met.most_common()),
        "failures": len(broke),
        "first failures": broke[:5],
        "seconds": round(time.monotonic() - begun, 1),
    }


def read_manifest(place: Path) -> Callable[[bytes], object]:
    path = place / "mine.csv"

    def read(data: bytes) -> object:
        path.write_bytes(data)
        try:
            find_sources([str(path)])
        finally:
            found = open_data(str(path))
        return found

    return read


def every_kind(place: Path) -> dict[str, tuple[Callable[[Any], object], Any]]:
    return {
        "images": (lambda data: decode(data, "x"), images()),
        "manifests": (read_manifest(place), manifests()),
        "experiments": (lambda case: parse_experiment(case[0], "x", case[1]), experiments()),
    }


@pytest.mark.parametrize("kind", ["images", "manifests", "experiments"])
def test_three_hundred_hostile(kind: str, tmp_path: Path) -> None:
    found = explore(*every_kind(tmp_path)[kind], 300, SEED)
    assert not found["first failures"]
    assert found["examples"] >= 250
    assert "without a sentence" not in found["outcomes"]
    assert len(found["outcomes"]) > 1  # some are taken, some refused: the cases are neither tame nor noise


@pytest.mark.endurance
def test_twenty_thousand_hostile(tmp_path: Path, report: Any) -> None:
    found = {
        kind: explore(check, cases, 20_000, SEED + 1) for kind, (check, cases) in every_kind(tmp_path).items()
    }
    report("fuzz.json", {"seed": SEED + 1, **found})
    assert not [failure for one in found.values() for failure in one["first failures"]]
