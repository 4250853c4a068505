"""Each data set of the catalogue: a complete card, samples as promised, and nothing amiss goes unnoticed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from runpy import run_path

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
    assert card.tasks or card.images
    assert card.source in ("drawn", "local files") or card.source.startswith("https://")
    assert all(sentence.endswith(".") for sentence in card.unknown)
    if name in PUBLISHED:
        assert card.download or card.licence.startswith("none given")
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
def test_a_missing_and_a_changed_image_are_noticed_and_named(
    name: str, tmp_path: Path, fake: Fake, promise: Promise
) -> None:
    fake(name, tmp_path / name)
    promise(name, tmp_path / name)
    first, second = open_data(name, tmp_path / name).ids[:2]
    damage(name, "change", tmp_path / name, first)
    damage(name, "lose", tmp_path / name, second)
    problems = "\n".join(verify(open_data(name, tmp_path / name)).problems)
    assert f"{second}: this official image is missing or was changed." in problems
    assert f"{first}: its pixels are none of the official images" in problems
    assert ": found " in problems
    with pytest.raises(DataCorrupt, match="is not what its card says"):
        require(open_data(name, tmp_path / name))


@pytest.mark.parametrize("name", PUBLISHED)
def test_an_unreadable_file_is_named(name: str, tmp_path: Path, fake: Fake, promise: Promise) -> None:
    fake(name, tmp_path / name)
    promise(name, tmp_path / name)
    path = damage(name, "spoil", tmp_path / name, open_data(name, tmp_path / name).ids[0])
    try:
        problems = "\n".join(verify(open_data(name, tmp_path / name)).problems)
    except DataCorrupt as error:  # a file of many images is read before any of them is listed
        problems = str(error)
    assert str(path) in problems


def damage(name: str, how: str, root: Path, id: str) -> Path:
    """Lose, change or spoil a sample: as its fake says, else the file whose path the id holds."""
    own = run_path(str(Path(__file__).parent / "fake" / f"{name}.py")).get(how)
    if own:
        return own(root, id)
    path = next((root / Path(id).parent).glob(f"{Path(id).stem}.*"))
    if how == "lose":
        path.unlink()
    elif how == "spoil":
        path.write_bytes(b"not an image")
    else:
        with Image.open(path) as picture:
            kind, pixels = picture.format, np.array(picture)
        pixels[0, 0, 0] ^= 1
        Image.fromarray(pixels).save(path, kind)
    return path


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
