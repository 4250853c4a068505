"""Data sets. One file is one data set: `CARD` says what it is, `read(root, ...)` lists its samples."""

from __future__ import annotations

import inspect
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from spermlens.catalog import Catalog
from spermlens.datasets._listing import Entry, Listing
from spermlens.errors import ConfigError, DataMissing, UnknownName, nearest
from spermlens.files import user_cache

DATASETS = Catalog("spermlens.datasets", "data set")

__all__ = ["DATASETS", "Entry", "Listing", "open_data"]


def open_data(name: str, root: str | Path = "", options: Mapping[str, Any] | None = None) -> Listing:
    """The samples of a data set of the catalogue, or of a folder or CSV manifest given as `name`.

    Without `root` a catalogue data set is looked for in $SPERMLENS_DATA, ./data and the user's cache,
    each time in the sub-folder of its name.
    """
    if name not in DATASETS:
        if not Path(name).exists():
            raise UnknownName("data set or folder", name, DATASETS)
        name, root = "folder", name
    module, given = DATASETS[name], dict(options or {})
    known = [key for key in inspect.signature(module.read).parameters if key != "root"]
    for key in given:
        if key not in known:
            raise ConfigError(f"Data set '{name}' has no option '{key}'.{nearest(key, known)}")
    listing: Listing = module.read(find_root(name, root), **given)
    return listing


def find_root(name: str, root: str | Path = "") -> Path | None:
    """Where a data set lies; None for one that is drawn. Says where it looked when it is not there."""
    card = DATASETS[name].CARD
    if root:
        if not Path(root).exists():
            raise DataMissing(f"{root}: nothing is there. Check where the data set '{name}' lies.")
        return Path(root)
    if card.source == "drawn":
        return None
    named = os.environ.get("SPERMLENS_DATA")
    places = [*([Path(named)] if named else []), Path("data"), user_cache() / "data"]
    for place in places:
        if (place / name).is_dir():
            return place / name
    looked = ", ".join(str(place / name) for place in places)
    raise DataMissing(
        f"The data set '{name}' was not found (looked in {looked}). "
        f"Get it from {card.download or card.source} and name its folder with --root."
    )
