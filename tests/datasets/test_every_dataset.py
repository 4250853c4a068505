"""Each data set of the catalogue: a complete card, samples as promised, and nothing amiss goes unnoticed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from spermlens.datasets import DATASETS, Listing, open_data
from spermlens.datasets._verify import require, verify
from spermlens.errors import ConfigError, DataCorrupt, DataMissing, UnknownName

PUBLISHED = [name for name in DATASETS if name != "folder" and DATASETS[name].CARD.source != "drawn"]
Promise = Callable[[str, Path], None]
Fake = Callable[[str, Path], int]


@pytest.mark.parametrize("name", list(DATASETS))
def test_the_card_is_complete(name: str) -> None:
    card = DATASETS[name].CARD
    assert card.name == name
    assert card.tasks
    assert card.source in ("drawn", "local files") or card.source.startswith("https://")
    assert all(sentence.endswith(".") for sentence in card.unknown)
    if name in PUBLISHED:
        assert card.download
        assert card.pixels_sha256
        assert set(card.counts) == {task.name for task in card.tasks}
        assert card.group != "not released" or card.unknown


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_fake_is_read_whole_and_within_its_tasks(
    name: str, tmp_path: Path, fake: Fake, promise: Promise
) -> None:
    count = fake(name, tmp_path / name)
    promise(name, tmp_path / name)
    listing = open_data(name, tmp_path / name)
    assert len(listing) == len(set(listing.ids)) == count
    for sample in listing:
        assert sample.image.dtype == np.uint8
        for task in listing.card.tasks:
            label = sample.labels[task.name]
            assert label is None or 0 <= label < len(task.classes)
    assert verify(listing).problems == ()
    require(listing)


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_missing_and_a_changed_file_are_noticed_and_named(
    name: str, tmp_path: Path, fake: Fake, promise: Promise
) -> None:
    fake(name, tmp_path / name)
    promise(name, tmp_path / name)
    first, second = open_data(name, tmp_path / name).ids[:2]
    files = {path.name: path for path in sorted((tmp_path / name).rglob("*"), reverse=True)}
    files[Path(first).name].unlink()
    changed = files[Path(second).name]
    pixels = np.asarray(Image.open(changed)).copy()
    pixels[0, 0, 0] ^= 1
    Image.fromarray(pixels).save(changed)
    problems = "\n".join(verify(open_data(name, tmp_path / name)).problems)
    assert f"{first}: this official image is missing or was changed." in problems
    assert f"{second}: its pixels are none of the official images" in problems
    assert ": found " in problems
    with pytest.raises(DataCorrupt, match="is not what its card says"):
        require(open_data(name, tmp_path / name))


@pytest.mark.parametrize("name", PUBLISHED)
def test_an_unreadable_file_is_a_problem_not_an_end(
    name: str, tmp_path: Path, fake: Fake, promise: Promise
) -> None:
    fake(name, tmp_path / name)
    promise(name, tmp_path / name)
    listing = open_data(name, tmp_path / name)
    path = next((tmp_path / name).rglob(Path(listing.ids[0]).name))
    path.write_bytes(b"not an image")
    assert any(str(path) in problem for problem in verify(listing).problems)


@pytest.mark.parametrize("name", list(DATASETS))
def test_an_unknown_option_is_named(name: str, tmp_path: Path) -> None:
    root = "" if DATASETS[name].CARD.source == "drawn" else tmp_path
    with pytest.raises(ConfigError, match=f"Data set '{name}' has no option 'colour'"):
        open_data(name, root, {"colour": 1})


def test_an_unknown_option_names_the_nearest_and_a_wrong_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Did you mean 'count'"):
        open_data("synthetic", options={"cuont": 3})
    with pytest.raises(ConfigError, match=r"option 'count': .*integer, but is 'many'"):
        open_data("synthetic", options={"count": "many"})
    with pytest.raises(ConfigError, match="option 'classes'"):
        open_data("folder", tmp_path, {"classes": "a,b"})


def test_an_unknown_data_set_names_the_nearest_and_a_missing_root_is_said(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="Did you mean 'hushem'"):
        open_data("hushen")
    with pytest.raises(DataMissing, match="nothing is there"):
        open_data("hushem", tmp_path / "nowhere")


def test_a_published_set_is_looked_for_in_the_usual_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fake_hushem: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SPERMLENS_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("SPERMLENS_DATA", raising=False)
    with pytest.raises(DataMissing, match=r"looked in data.hushem, .*home.*Get it from https"):
        open_data("hushem")
    monkeypatch.setenv("SPERMLENS_DATA", str(fake_hushem.parent))
    assert len(open_data("hushem")) == 20


def test_a_folder_needs_no_root(fake_hushem: Path) -> None:
    from spermlens.errors import UsageError

    listing: Listing = open_data(str(fake_hushem))
    assert listing.card.name == "folder"
    with pytest.raises(UsageError, match="Leave out --root"):
        open_data(str(fake_hushem), "elsewhere")
