"""Midpiece and tail: paths walked in small steps from the neck, and how tails go wrong."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from spermlens.datasets._drawing.canvas import Points

STEP = 0.8  # pixels between the points of a path

Headings = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Thread:
    """A path with its width at each point, in pixels."""

    path: Points
    widths: NDArray[np.float64]


def walk(start: tuple[float, float] | Points, headings: Headings) -> Points:
    """The points reached by steps in the given directions, the start included."""
    steps = STEP * np.stack([np.cos(headings), np.sin(headings)], 1)
    return np.concatenate([np.reshape(start, (1, 2)), np.reshape(start, (1, 2)) + np.cumsum(steps, axis=0)])


def midpiece(neck: tuple[float, float], heading: float, um_per_pixel: float, random: Generator) -> Thread:
    """3 to 4.5 um long, straight but for a slight curve, hardly thicker than the tail."""
    count = max(3, round(random.uniform(3.0, 4.5) / um_per_pixel / STEP))
    start = heading + random.uniform(-0.3, 0.3)
    path = walk(neck, start + np.linspace(0, random.uniform(-0.25, 0.25), count))
    thick = random.uniform(0.3, 0.5) / um_per_pixel
    return Thread(path, np.linspace(thick, thick * random.uniform(0.5, 0.8), len(path)))


def normal_tail(before: Thread, um_per_pixel: float, random: Generator) -> Thread:
    """28 um of one even sweep with a slight wave, tapering."""
    count = round(28 / um_per_pixel / STEP)
    along = np.linspace(0, 1, count)
    sweep = random.uniform(-1.3, 1.3) * along
    wave = random.uniform(0, 0.16) * np.sin(2 * np.pi * (along * random.uniform(1, 2.5) + random.uniform()))
    return _tail(before, sweep + wave - wave[0], random.uniform(0.15, 0.26) / um_per_pixel)


def abnormal_tail(
    healthy: Thread, before: Thread, um_per_pixel: float, random: Generator
) -> tuple[Thread, ...]:
    """Short, coiled, sharply bent or doubled; the threads that replace the healthy one."""
    headings = _turns(healthy.path)
    thick = float(healthy.widths[0])
    kind = int(random.integers(4))
    side = float(random.choice((-1.0, 1.0)))
    if kind == 0:
        keep = max(4, round(random.uniform(0.4, 2.2) / um_per_pixel / STEP))
        return (Thread(healthy.path[:keep], healthy.widths[:keep]),)
    if kind == 1:
        return (_coil(before, side, thick, um_per_pixel, random),)
    from_step = round(random.uniform(0.8, 3.0) / um_per_pixel / STEP)
    if kind == 2:
        turn = side * random.uniform(1.7, 2.9)
        bend = turn / (1 + np.exp(-(np.arange(len(headings)) - from_step) / 2.5))
        return (_tail(before, headings + bend, thick),)
    branch = headings + side * random.uniform(0.5, 1.1) / (1 + np.exp(-(np.arange(len(headings)) - 12) / 6))
    return healthy, _tail(before, branch, thick)


def _coil(before: Thread, side: float, thick: float, um_per_pixel: float, random: Generator) -> Thread:
    radius = random.uniform(0.7, 1.5) / um_per_pixel
    turns = random.uniform(1.3, 2.8)
    lead = np.zeros(round(random.uniform(0.3, 1.5) / um_per_pixel / STEP))
    count = round(2 * np.pi * turns * radius * 0.8 / STEP)
    tighter = np.linspace(1.0, 1.6, count)
    curl = side * np.cumsum(STEP / radius * tighter)
    return _tail(before, np.concatenate([lead, curl]), thick)


def _tail(before: Thread, turns: Headings, thick: float) -> Thread:
    last = before.path[-1] - before.path[-2]
    path = walk(before.path[-1], np.arctan2(last[1], last[0]) + turns)
    return Thread(path, np.linspace(thick, thick * 0.6, len(path)))


def _turns(path: Points) -> Headings:
    """Directions of the steps relative to the first."""
    steps = np.diff(path, axis=0)
    headings: Headings = np.unwrap(np.arctan2(steps[:, 1], steps[:, 0]))
    relative: Headings = headings - headings[0]
    return relative
