"""What is no sperm: debris, round cells, blots of dye, tails without a head, and nothing at all."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.random import Generator
from scipy.ndimage import gaussian_filter

from spermlens.datasets._drawing.canvas import Outline, Plane, Shape, Window, coverage, smooth_step, strand
from spermlens.datasets._drawing.look import Look
from spermlens.datasets._drawing.stain import Layers, Stain
from spermlens.datasets._drawing.tail import STEP, walk


def lay_object(look: Look, stain: Stain, layers: Layers, random: Generator) -> None:
    """One object near the middle; of ten, five are debris and one is an empty field."""
    kinds: tuple[Callable[[Look, Stain, Layers, Generator], None] | None, ...] = (
        *(_debris,) * 5, _round_cell, _round_cell, _blot, _lost_tail, None,
    )  # fmt: skip
    kind = kinds[int(random.integers(len(kinds)))]
    if kind is not None:
        kind(look, stain, layers, random)


def _middle(shape: Shape, random: Generator) -> tuple[float, float]:
    return shape[1] / 2 + random.normal(0, 6), shape[0] / 2 + random.normal(0, 6)


def lay_heap(
    middle: tuple[float, float], reach: float, stain: Stain, layers: Layers, random: Generator
) -> None:
    """A crumbling mass: smoothed noise, cut softly at a level that rises outwards; lumpy or stringy."""
    window = Window.around(middle, random.uniform(0, np.pi), reach * 1.1, layers.shape)
    if not window.x.size:
        return
    fine = np.float32(random.uniform(2.2, 4.2))
    noise = random.standard_normal(window.x.shape, np.float32)
    lumps: Plane = gaussian_filter(noise, fine, truncate=2.5) * (fine * np.float32(3.5))
    if random.random() < 0.5:
        lumps = np.float32(1.2) - np.float32(1.5) * np.abs(lumps)
    heap = 1 - np.hypot(window.x, window.y * np.float32(random.uniform(1, 2.2))) / np.float32(reach)
    level = np.float32(random.uniform(0.2, 1.2))
    cover = smooth_step((lumps + np.float32(2.2) * heap - level) / np.float32(1.8)) * smooth_step(heap * 4)
    dark = smooth_step(lumps - np.float32(0.6)) * np.float32(random.uniform(0.1, 0.6))
    patch = window.patch(cover * np.float32(random.uniform(0.5, 1.2)))
    layers.add_patch(patch, stain.acrosome + dark * (stain.nucleus - stain.acrosome))


def _debris(look: Look, stain: Stain, layers: Layers, random: Generator) -> None:
    """One to three heaps that run into each other."""
    for _ in range(int(random.integers(1, 4))):
        lay_heap(
            _middle(layers.shape, random), random.uniform(1.8, 6.0) / look.um_per_pixel, stain, layers, random
        )


def _round_cell(look: Look, stain: Stain, layers: Layers, random: Generator) -> None:
    """A leucocyte or an immature germ cell: pale body, one to four dark lobes."""
    shape = layers.shape
    middle, radius = _middle(shape, random), random.uniform(3.0, 6.0) / look.um_per_pixel
    body, away = _lump(middle, radius, 0.03, shape, random)
    layers.add_patch(body.patch(coverage(away) * np.float32(random.uniform(0.3, 0.9))), stain.acrosome)
    nucleus, lobes = np.zeros(shape, np.float32), int(random.integers(1, 5))
    for number in range(lobes):
        bearing = 2 * np.pi * number / lobes + random.uniform(-0.5, 0.5)
        out = radius * (random.uniform(0, 0.2) if lobes == 1 else random.uniform(0.28, 0.42))
        where = (middle[0] + out * np.cos(bearing), middle[1] + out * np.sin(bearing))
        lobe, away = _lump(where, radius * random.uniform(0.55, 0.75) / np.sqrt(lobes), 0.04, shape, random)
        spot = nucleus[lobe.rows, lobe.columns]
        np.maximum(spot, smooth_step(np.float32(0.5) - away / np.float32(3)), out=spot)
    clots = gaussian_filter(random.standard_normal(shape, np.float32), 2.5, truncate=2.5)
    layers.add(nucleus * (np.float32(random.uniform(0.5, 0.85)) + clots), stain.nucleus)


def _blot(look: Look, stain: Stain, layers: Layers, random: Generator) -> None:
    """A lump of dye with an uneven edge and perhaps a clear crack."""
    shape = layers.shape
    middle, radius = _middle(shape, random), random.uniform(0.9, 2.6) / look.um_per_pixel
    lump, away = _lump(middle, radius, 0.2, shape, random)
    cover = coverage(away)
    if random.random() < 0.6:
        turn, slim = random.uniform(0, np.pi), np.float32(random.uniform(0.06, 0.18) * radius)
        along = lump.x * np.float32(np.cos(turn)) + lump.y * np.float32(np.sin(turn))
        aside = lump.y * np.float32(np.cos(turn)) - lump.x * np.float32(np.sin(turn))
        crack = coverage(np.maximum(np.abs(aside) - slim, np.abs(along) - np.float32(radius * 0.5)))
        cover = cover * (1 - np.float32(0.8) * crack)
    layers.add_patch(lump.patch(cover * np.float32(random.uniform(0.7, 1.1))), stain.nucleus)


def _lost_tail(look: Look, stain: Stain, layers: Layers, random: Generator) -> None:
    """A tail that has no head, straight or coiled."""
    shape = layers.shape
    count = round(random.uniform(8, 26) / look.um_per_pixel / STEP)
    along = np.linspace(-0.5, 0.5, count)
    path = walk(
        (0.0, 0.0),
        random.uniform(0, 2 * np.pi) + random.normal(0, 3.0) * along + random.normal(0, 6.0) * along**2,
    )
    path += np.array(_middle(shape, random)) - path.mean(axis=0)
    thick = np.linspace(random.uniform(0.2, 0.4), 0.12, len(path)) / look.um_per_pixel
    layers.add(np.minimum(strand(path, thick, shape), 2), stain.thread)


def _lump(
    middle: tuple[float, float], radius: float, rough: float, shape: Shape, random: Generator
) -> tuple[Window, Plane]:
    """The window of an uneven disc, and the signed distance to its edge."""
    turn = np.linspace(0, 2 * np.pi, 180, endpoint=False)
    swell = sum(
        (
            random.uniform(0, 2 * rough) / waves * np.cos(waves * turn + random.uniform(0, 2 * np.pi))
            for waves in range(2, 7)
        ),
        np.zeros(180),
    )
    outline = Outline((radius * (1 + swell) * np.stack([np.cos(turn), np.sin(turn)])).T)
    window = Window.around(middle, 0.0, outline.reach + 3, shape)
    return window, outline.distance(window)
