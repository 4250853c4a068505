"""Every error a user can cause, in one tree; the message is part of the interface.

    SpermlensError                    exit code
    ├── UsageError                    2   the command or the settings are wrong
    │   ├── UnknownName               2   no such data set, model, method, class or layer
    │   └── ConfigError               2   an experiment file or a --set value is wrong
    ├── DataError                     3   what was given to read cannot be used
    │   ├── DataMissing               3   nothing is where it was said to be
    │   ├── DataCorrupt               3   something is there, but it is not what the card promises
    │   ├── BadImage                  3   one file is not a readable image
    │   ├── BadManifest               3   a CSV manifest is wrong
    │   ├── SplitLeaks                3   copies or groups stand on both sides of a planned split
    │   └── BadModel                  3   a folder is not a usable saved model
    ├── CannotWrite                   3   the disk refuses: full, read-only, or the place cannot hold a file
    └── GateNotMet                    4   everything ran, and the quality asked for was not reached

A message says what is wrong, where, what was found and expected, and what to do next.
Anything that is not a SpermlensError is our failure: exit code 1, with its trace.
"""

# ruff: noqa: N818 - the names say what happened, not that it is an error
from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class SpermlensError(Exception):
    """The user can mend this; the message says how."""

    exit_code = 1


class UsageError(SpermlensError):
    """The command or the settings are wrong."""

    exit_code = 2


class UnknownName(UsageError):
    """A name that is not in its list; carries the nearest one."""

    def __init__(self, noun: str, name: str, known: Iterable[str]) -> None:
        super().__init__(f"Unknown {noun} '{name}'.{nearest(name, known)}")


class ConfigError(UsageError):
    """An experiment file or an override is wrong."""


class DataError(SpermlensError):
    """What was given to read cannot be used."""

    exit_code = 3


class DataMissing(DataError):
    """Nothing is where it was said to be."""


class DataCorrupt(DataError):
    """Something is there, but it is not what was promised."""


class BadImage(DataError):
    """One file is not a readable image."""


class BadManifest(DataError):
    """A CSV manifest is wrong."""


class SplitLeaks(DataError):
    """Copies or groups stand on both sides of a planned split."""


class BadModel(DataError):
    """A folder is not a usable saved model."""


class CannotWrite(SpermlensError):
    """The disk refuses what is to be written; what is there already stays as it is."""

    exit_code = 3


class GateNotMet(SpermlensError):
    """Everything ran, and the quality asked for was not reached."""

    exit_code = 4


def nearest(name: str, known: Iterable[str]) -> str:
    """' Did you mean 'x'? Known: ...' for the end of a message."""
    names = sorted(known)
    close = get_close_matches(name, names, n=1, cutoff=0.5)
    hint = f" Did you mean '{close[0]}'?" if close else ""
    return f"{hint} Known: {', '.join(names)}." if names else hint
