"""The file is the registration: a room of modules, each of which is one entry."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator, Mapping
from importlib import import_module
from types import ModuleType

from spermlens.errors import UnknownName


class Catalog(Mapping[str, ModuleType]):
    """The modules of a package by name; names starting with '_' are machinery and not listed.

    Listing imports nothing; asking for an entry imports that one module.
    """

    def __init__(self, package: str, noun: str) -> None:
        self.package = package
        self.noun = noun

    def _names(self) -> list[str]:
        room = import_module(self.package)
        return sorted(m.name for m in pkgutil.iter_modules(room.__path__) if not m.name.startswith("_"))

    def __getitem__(self, name: str) -> ModuleType:
        if name not in self._names():
            raise UnknownName(self.noun, name, self._names())
        return import_module(f"{self.package}.{name}")

    def __contains__(self, name: object) -> bool:
        return name in self._names()

    def __iter__(self) -> Iterator[str]:
        return iter(self._names())

    def __len__(self) -> int:
        return len(self._names())
