"""How wide the drawn world is: stain, optics, camera and clutter as ranges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from numpy.random import Generator

from spermlens.errors import ConfigError, UnknownName

Range = tuple[float, float]

_BOUNDS: dict[str, Range] = {
    "um_per_pixel": (0.09, 0.2),
    "colour_spread": (0.0, 2.0),
    "clutter": (0.0, 2.0),
    "halved_colour": (0.0, 1.0),
    "stain": (0.5, 2.0),
    "blur_px": (0.3, 4.0),
    "colour_fringe_px": (0.0, 3.0),
    "sharpening": (0.0, 3.0),
    "rim": (0.0, 1.0),
    "halo": (0.0, 0.5),
    "lighting": (0.0, 0.5),
    "read_noise": (0.0, 30.0),
    "shot_noise": (0.0, 2.0),
    "colour_noise": (0.0, 20.0),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Ranges are (low, high); every drawing takes one value of each, evenly. Lengths are in pixels.

    The defaults are wide on purpose: they span pink, violet, blue and grey smears, so that a network
    trained on drawings meets no real slide as a stranger.
    """

    um_per_pixel: float = 0.1  # exact: a head of 4.3 um is 43 pixels long
    colour_spread: float = 1.0  # 0: every smear has the same colours
    clutter: float = 1.0  # 0: nothing but the cell; 2: twice as many neighbours, threads and specks
    halved_colour: float = 0.5  # share of the cameras that keep colour at half resolution, as JPEG does
    stain: Range = (0.72, 1.3)  # how much dye the cell took up
    blur_px: Range = (0.6, 1.7)  # standard deviation of the optics
    colour_fringe_px: Range = (0.0, 1.5)  # red and blue are displaced against each other
    sharpening: Range = (0.0, 1.6)  # what cameras add: a bright halo and a dark rim
    rim: Range = (0.0, 0.45)  # optical density that the nucleus gains at its edge
    halo: Range = (0.0, 0.09)  # optical density that the slide loses around a head, by diffraction
    lighting: Range = (0.0, 0.1)  # fall of the light from one side to the other
    read_noise: Range = (0.5, 3.5)  # grey levels
    shot_noise: Range = (0.0, 0.18)  # grey levels per root of a grey level
    colour_noise: Range = (0.0, 3.0)  # grey levels, in blotches of two pixels

    def __post_init__(self) -> None:
        for field in fields(self):
            _check(field.name, getattr(self, field.name), is_range=isinstance(field.default, tuple))

    @classmethod
    def of(cls, settings: Mapping[str, Any] | Look | None) -> Look:
        """A look from an experiment file's table; what is not named keeps its default."""
        if isinstance(settings, Look):
            return settings
        known = [field.name for field in fields(cls)]
        for name in settings or {}:
            if name not in known:
                raise UnknownName("setting of the look", name, known)
        given: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in (settings or {}).items()
        }
        return cls(**given)

    def pixels(self, um: float) -> float:
        return um / self.um_per_pixel


def take(random: Generator, span: Range) -> float:
    """One value of a range, evenly."""
    return float(random.uniform(*span))


def _check(name: str, value: Any, *, is_range: bool) -> None:
    low, high = _BOUNDS[name]
    values = value if is_range else (value,)
    wanted = f"two numbers from {low:g} to {high:g}, the lower first" if is_range else f"{low:g} to {high:g}"
    numbers = isinstance(values, tuple) and all(
        isinstance(number, int | float) and not isinstance(number, bool) for number in values
    )
    right_count = numbers and len(values) == (2 if is_range else 1)
    if not right_count or list(values) != sorted(values) or not low <= values[0] <= values[-1] <= high:
        raise ConfigError(f"Look: {name} must be {wanted}, but is {value!r}.")
