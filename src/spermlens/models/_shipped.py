"""The models that come with the package."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from spermlens.files import is_file
from spermlens.models._description import DESCRIPTION


def shipped_models() -> dict[str, Path]:
    """Their folders, by name."""
    folder = Path(str(files("spermlens") / "shipped"))
    return {path.parent.name: path.parent for path in sorted(folder.glob(f"*/{DESCRIPTION}"))}


def folder_or_shipped(name_or_folder: str) -> Path:
    """The folder of a saved model, or of a shipped one by its name; a folder of that name goes first."""
    folder = Path(name_or_folder)
    if is_file(folder / DESCRIPTION):
        return folder
    return shipped_models().get(name_or_folder, folder)
