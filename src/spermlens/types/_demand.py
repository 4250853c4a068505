"""How a noun refuses what it cannot be."""

from __future__ import annotations


def demand(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)
