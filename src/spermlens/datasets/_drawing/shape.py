"""Outlines of heads in micrometres: a normal oval and its three ways of going wrong.

An outline lies along x: the tip at the right, the base (where the midpiece begins) at the left.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from spermlens.datasets._drawing.chance import Chance

Profile = NDArray[np.float64]

_TURN = np.linspace(0, 2 * np.pi, 240, endpoint=False)
_ALONG = np.cos(_TURN)  # 1 at the tip, -1 at the base
_SIDE = np.sign(np.sin(_TURN))


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadForm:
    """Numbers that make one outline. Length and width are those of the finished outline, without bumps."""

    length_um: float
    width_um: float
    egg: float  # how much wider the front is than the back
    tip: float  # exponent of the front end: 0.5 an ellipse, above it pointed, below it blunt
    base: float  # exponent of the back end
    neck: float = 1.0  # width of the drawn-out back as a part of the front; 1: no neck
    neck_from: float = 0.0  # where the neck begins, -1 (base) to 1 (tip)
    bend: float = 0.0  # sideways shift of the ends, in widths
    bumps: tuple[tuple[int, float, float], ...] = ()  # (waves per turn, height as part of the radius, phase)
    cut: float = 0.0  # part of the length cut off straight at the base

    def outline_um(self) -> NDArray[np.float64]:
        """Points around the middle, counter-clockwise, as 240 x 2 (x, y)."""
        half = (1 - _ALONG) ** self.tip * (1 + _ALONG) ** self.base * (1 + self.egg * _ALONG)
        if self.neck < 1:
            front = 1 / (1 + np.exp(-(_ALONG - self.neck_from) / 0.16))
            half = half * (self.neck + (1 - self.neck) * front)
        half = half / half.max() * self.width_um / 2
        x = _ALONG * self.length_um / 2
        y = _SIDE * half + self.bend * self.width_um * (_ALONG**2 - 0.4)
        if self.cut:
            x = np.maximum(x, -self.length_um * (0.5 - self.cut))
        swell = sum(
            (high * np.cos(waves * _TURN + phase) for waves, high, phase in self.bumps), np.zeros(240)
        )
        return np.stack([x * (1 + swell), y * (1 + swell)], 1)


def normal(random: Generator) -> HeadForm:
    """The smooth oval of the strict criteria: 3.9 to 4.8 um long, 1.35 to 1.72 times as long as wide."""
    length = random.uniform(3.9, 4.8)
    return HeadForm(
        length_um=length,
        width_um=length / random.uniform(1.35, 1.72),
        egg=random.uniform(-0.05, 0.2),
        tip=random.uniform(0.45, 0.54),
        base=random.uniform(0.47, 0.62),
        bend=random.uniform(-0.04, 0.04),
        bumps=_bumps(random, (2, 3), (0.0, 0.01)),
    )


def tapered(healthy: HeadForm, random: Generator) -> HeadForm:
    """Thin and long, 1.85 to 2.7 times as long as wide; narrowing backwards or to both ends."""
    length = healthy.length_um * random.uniform(0.97, 1.25)
    return replace(
        healthy,
        length_um=length,
        width_um=length / random.uniform(1.85, 2.7),
        egg=random.uniform(-0.1, 0.35),
        tip=random.uniform(0.46, 0.62),
        base=random.uniform(0.5, 0.85),
        bend=random.uniform(-0.12, 0.12),
    )


def pyriform(healthy: HeadForm, random: Generator) -> HeadForm:
    """A pear: the front keeps its width, the back is drawn out into a narrow neck."""
    return replace(
        healthy,
        length_um=healthy.length_um * random.uniform(1.0, 1.38),
        width_um=healthy.width_um * random.uniform(0.84, 1.06),
        egg=random.uniform(0.1, 0.35),
        tip=random.uniform(0.44, 0.54),
        base=random.uniform(0.38, 0.55),
        neck=random.uniform(0.2, 0.48),
        neck_from=random.uniform(-0.5, -0.02),
        bend=random.uniform(-0.14, 0.14),
        bumps=healthy.bumps + _bumps(random, (1, 2), (0.0, 0.025)),
    )


def amorphous(healthy: HeadForm, random: Generator) -> HeadForm:
    """None of the others: too small, too large, round, crooked, cornered or cut off."""
    kinds: tuple[Callable[[HeadForm, Generator], HeadForm], ...] = (
        _dwarf,
        _giant,
        _round,
        _crooked,
        _cornered,
        _cut_off,
    )
    form = kinds[int(random.integers(len(kinds)))](healthy, random)
    own = _bumps(random, (2, 3), (0.02, 0.06))
    return replace(form, bumps=form.bumps + own)


def form_of(shape: str, chance: Chance) -> HeadForm:
    """The head of this drawing as it is in one of the four shapes."""
    healthy = normal(chance.of("head"))
    match shape:
        case "tapered":
            return tapered(healthy, chance.of("tapered"))
        case "pyriform":
            return pyriform(healthy, chance.of("pyriform"))
        case "amorphous":
            return amorphous(healthy, chance.of("amorphous"))
        case _:
            return healthy


def _bumps(
    random: Generator, count: tuple[int, int], high: tuple[float, float]
) -> tuple[tuple[int, float, float], ...]:
    number = int(random.integers(count[0], count[1] + 1))
    return tuple(
        (int(random.integers(2, 6)), float(random.uniform(*high)), float(random.uniform(0, 2 * np.pi)))
        for _ in range(number)
    )


def _scaled(form: HeadForm, by: float, ratio: float) -> HeadForm:
    length = form.length_um * by
    return replace(form, length_um=length, width_um=length / ratio)


def _dwarf(form: HeadForm, random: Generator) -> HeadForm:
    return _scaled(form, random.uniform(0.5, 0.72), random.uniform(1.1, 1.7))


def _giant(form: HeadForm, random: Generator) -> HeadForm:
    return _scaled(form, random.uniform(1.3, 1.55), random.uniform(1.25, 1.7))


def _round(form: HeadForm, random: Generator) -> HeadForm:
    return replace(_scaled(form, random.uniform(0.66, 0.95), random.uniform(0.98, 1.16)), egg=0.0)


def _crooked(form: HeadForm, random: Generator) -> HeadForm:
    side = random.choice((-1.0, 1.0))
    bend = side * random.uniform(0.26, 0.45)
    return replace(
        form,
        width_um=form.width_um * random.uniform(0.75, 1.0),
        bend=bend,
        bumps=_bumps(random, (1, 2), (0.04, 0.1)),
    )


def _cornered(form: HeadForm, random: Generator) -> HeadForm:
    return replace(
        _scaled(form, random.uniform(0.75, 1.15), random.uniform(1.2, 1.7)),
        bumps=_bumps(random, (2, 3), (0.07, 0.15)),
    )


def _cut_off(form: HeadForm, random: Generator) -> HeadForm:
    blunt = _scaled(form, random.uniform(0.85, 1.15), random.uniform(1.3, 2.0))
    return replace(
        blunt,
        tip=random.uniform(0.28, 0.48),
        base=random.uniform(0.25, 0.4),
        egg=random.uniform(-0.35, 0.1),
        cut=random.uniform(0.08, 0.22),
    )
