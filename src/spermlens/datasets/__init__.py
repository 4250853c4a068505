"""Data sets. One file is one data set: `CARD` says what it is, `read(root, ...)` lists its samples."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, get_type_hints

from spermlens.catalog import Catalog
from spermlens.datasets._listing import Entry, Listing, id_of
from spermlens.errors import ConfigError, DataMissing, UnknownName, UsageError, nearest
from spermlens.files import is_there, user_cache

DATASETS = Catalog("spermlens.datasets", "data set")

__all__ = ["DATASETS", "Entry", "Listing", "id_of", "open_data"]


def open_data(name: str, root: str | Path = "", options: Mapping[str, Any] | None = None) -> Listing:
    """The samples of a data set of the catalogue, or of a folder or CSV manifest given as `name`.

    Without `root` a catalogue data set is looked for in $SPERMLENS_DATA, ./data and the user's cache,
    each time in the sub-folder of its name.
    """
    if name not in DATASETS:
        if not is_there(name):
            raise UnknownName("data set or folder", name, DATASETS)
        if root:
            raise UsageError(f"'{name}' is a folder or manifest itself. Leave out --root '{root}'.")
        name, root = "folder", name
    module, given = DATASETS[name], dict(options or {})
    _check_options(name, module.read, given)
    listing: Listing = module.read(find_root(name, root), **given)
    return listing


def _check_options(name: str, read: Callable[..., Listing], given: Mapping[str, Any]) -> None:
    """Every option must be one that the data set's reader has, and of the kind it takes."""
    from pydantic import TypeAdapter, ValidationError

    kinds = {key: kind for key, kind in get_type_hints(read).items() if key not in ("root", "return")}
    for key, value in given.items():
        if key not in kinds:
            raise ConfigError(f"Data set '{name}' has no option '{key}'.{nearest(key, kinds)}")
        try:
            TypeAdapter(kinds[key]).validate_python(value, strict=True)
        except ValidationError as error:
            reason = error.errors()[0]["msg"]
            raise ConfigError(f"Data set '{name}', option '{key}': {reason}, but is {value!r}.") from error


def find_root(name: str, root: str | Path = "") -> Path | None:
    """Where a data set lies; None for one that is drawn. Says where it looked when it is not there."""
    card = DATASETS[name].CARD
    if root:
        if not is_there(root):
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
    fetched = f", or let `spermlens data fetch {name}` do so" if card.download else ""
    raise DataMissing(
        f"The data set '{name}' was not found (looked in {looked}). "
        f"Get it from {card.source} and name its folder with --root{fetched}."
    )
