"""What is no head is not decided on; what is a head mostly is. The long version: experiments/strangers.py."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[2] / "experiments" / "strangers.py"


@pytest.fixture(scope="module")
def strangers() -> ModuleType:
    described = importlib.util.spec_from_file_location("strangers", SCRIPT)
    assert described is not None
    assert described.loader is not None
    module = importlib.util.module_from_spec(described)
    described.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("what", "count", "least", "most"),
    [
        ("noise", 10, 1.0, 1.0),
        ("scenes", 20, 0.9, 1.0),
        ("fields", 3, 1.0, 1.0),
        ("blank", 3, 1.0, 1.0),
        ("debris", 40, 0.5, 1.0),
        ("heads", 40, 0.0, 0.35),
    ],
)
def test_strangers_are_not_decided(
    strangers: ModuleType, what: str, count: int, least: float, most: float
) -> None:
    found = strangers.not_decided(getattr(strangers, what)(count))
    assert least <= found["not_decided"] <= most
