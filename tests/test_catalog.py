"""The file is the registration: what lies in the room is in the catalogue, and nothing is loaded early."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from spermlens.catalog import Catalog
from spermlens.errors import SpermlensError, UnknownName, nearest


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Catalog:
    package = tmp_path / "some_room"
    package.mkdir()
    (package / "__init__.py").write_text("")
    for name in ("gradcam", "occlusion", "_engine"):
        (package / f"{name}.py").write_text(f"NAME = {name!r}\n")
    (package / "notes.txt").write_text("not a module")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield Catalog("some_room", "method")
    for name in [n for n in sys.modules if n.split(".")[0] == "some_room"]:
        del sys.modules[name]


def test_the_room_is_listed_without_its_machinery(room: Catalog) -> None:
    assert list(room) == ["gradcam", "occlusion"]
    assert len(room) == 2
    assert "gradcam" in room
    assert "_engine" not in room
    assert 3 not in room


def test_listing_imports_no_entry_and_asking_imports_one(room: Catalog) -> None:
    assert "gradcam" in list(room)
    assert not [name for name in sys.modules if name.startswith("some_room.")]
    assert room["gradcam"].NAME == "gradcam"
    assert [name for name in sys.modules if name.startswith("some_room.")] == ["some_room.gradcam"]


def test_a_new_file_is_a_new_name(room: Catalog, tmp_path: Path) -> None:
    (tmp_path / "some_room" / "lime.py").write_text("")
    assert list(room) == ["gradcam", "lime", "occlusion"]


@pytest.mark.parametrize("name", ["gradcm", "_engine", "os", "gradcam.py", "../gradcam", ""])
def test_an_unknown_name_is_named_with_the_known_ones(room: Catalog, name: str) -> None:
    with pytest.raises(UnknownName) as caught:
        room[name]
    assert str(caught.value).startswith(f"Unknown method '{name}'.")
    assert str(caught.value).endswith("Known: gradcam, occlusion.")
    assert caught.value.exit_code == 2


def test_the_nearest_name_is_offered(room: Catalog) -> None:
    with pytest.raises(UnknownName, match="Did you mean 'gradcam'"):
        room["gradcm"]
    assert nearest("zzz", ["gradcam"]) == " Known: gradcam."
    assert nearest("zzz", []) == ""


def test_an_entry_that_does_not_load_shows_its_own_fault(room: Catalog, tmp_path: Path) -> None:
    (tmp_path / "some_room" / "broken.py").write_text("import no_such_library\n")
    with pytest.raises(ModuleNotFoundError, match="no_such_library"):
        room["broken"]


def test_every_error_a_user_can_cause_has_its_exit_code() -> None:
    def below(kind: type[SpermlensError]) -> list[type[SpermlensError]]:
        return [kind, *(deeper for child in kind.__subclasses__() for deeper in below(child))]

    codes = {kind.__name__: kind.exit_code for kind in below(SpermlensError)}
    expected = dict.fromkeys(("UsageError", "UnknownName", "ConfigError"), 2)
    expected |= dict.fromkeys(
        ("DataError", "DataMissing", "DataCorrupt", "BadImage", "BadManifest", "BadModel"), 3
    )
    assert codes.items() >= (expected | {"SpermlensError": 1, "GateNotMet": 4}).items()
