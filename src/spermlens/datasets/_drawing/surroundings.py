"""What lies around the cell: uneven light, other cells' heads and tails, specks and residue."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.random import Generator

from spermlens.datasets._drawing.canvas import Plane, Planes, Shape, Window, smooth_step, strand
from spermlens.datasets._drawing.chance import Chance
from spermlens.datasets._drawing.head import Head, Pose, grain, normal_acrosome
from spermlens.datasets._drawing.look import Look, take
from spermlens.datasets._drawing.objects import lay_heap
from spermlens.datasets._drawing.shape import amorphous, normal, pyriform, tapered
from spermlens.datasets._drawing.stain import Layers, Stain
from spermlens.datasets._drawing.tail import STEP, midpiece, normal_tail, walk


def light(look: Look, stain: Stain, shape: Shape, random: Generator) -> Planes:
    """The empty slide in grey levels: a slope and soft mottles on the stain's light."""
    height, width = shape
    way, fall = random.uniform(0, 2 * np.pi), take(random, look.lighting)
    slope_y = np.linspace(-0.5, 0.5, height)[:, None] * np.sin(way)
    slope_x = np.linspace(-0.5, 0.5, width)[None, :] * np.cos(way)
    waves = random.normal(0, random.uniform(0, 0.0015), (3, 7, 7)) + random.normal(0, 0.003, (1, 7, 7))
    shade = _cosines(height) @ waves.astype(np.float32) @ _cosines(width).T
    shade += (1 + fall * (slope_y + slope_x)).astype(np.float32)
    return stain.light * shade


def scatter(look: Look, stain: Stain, layers: Layers, chance: Chance) -> None:
    """Everything on the slide that is not the cell."""
    _threads(look, stain, layers, chance.of("threads"))
    _neighbours(look, stain, layers, chance.of("neighbours"))
    _specks(look, stain, layers, chance.of("specks"))
    _residue(look, stain, layers, chance.of("residue"))


@cache
def _cosines(side: int) -> Plane:
    """The seven longest cosine waves over a side, as side x 7."""
    return np.cos(np.pi * np.outer((np.arange(side) + 0.5) / side, np.arange(7))).astype(np.float32)


def _threads(look: Look, stain: Stain, layers: Layers, random: Generator) -> None:
    """Tails of cells out of view."""
    height, width = shape = layers.shape
    for _ in range(random.poisson(0.8 * look.clutter)):
        start = np.array([random.uniform(0, width), random.uniform(0, height)])
        count = round(random.uniform(10, 30) / look.um_per_pixel / STEP)
        along = np.linspace(-0.5, 0.5, count)
        curve = random.normal(0, 1.8) * along + random.normal(0, 2.5) * along**2
        path = walk(start, random.uniform(0, 2 * np.pi) + curve)
        path += start - path[count // 2]
        thick = random.uniform(0.12, 0.3) / look.um_per_pixel
        cover = strand(path, np.full(len(path), thick), shape)
        layers.add(cover * np.float32(random.uniform(0.25, 0.9)), stain.thread)


def _neighbours(look: Look, stain: Stain, layers: Layers, random: Generator) -> None:
    """Other cells, so far out that their heads leave the middle free."""
    height, width = layers.shape
    side = min(height, width)
    for _ in range(min(random.poisson(0.45 * look.clutter), 3)):
        bearing, far = random.uniform(0, 2 * np.pi), side * random.uniform(0.47, 0.62)
        middle = np.array([width / 2, height / 2]) + far * np.array([np.cos(bearing), np.sin(bearing)])
        angle = random.uniform(0, 2 * np.pi)
        form = normal(random)
        if random.random() < 0.5:
            form = (tapered, pyriform, amorphous)[int(random.integers(3))](form, random)
        half = form.length_um / look.um_per_pixel / 2
        if far < half + 0.27 * side + 6:  # would lie on the cell itself
            continue
        pose = Pose((middle[0] - half * np.cos(angle), middle[1] - half * np.sin(angle)), angle)
        _other_cell(look, stain, layers, (Head(form, pose, look.um_per_pixel, (height, width)), pose), random)


def _other_cell(
    look: Look, stain: Stain, layers: Layers, placed: tuple[Head, Pose], random: Generator
) -> None:
    head, pose = placed
    shape = layers.shape
    middle = midpiece(pose.neck, pose.angle + np.pi, look.um_per_pixel, random)
    tail = normal_tail(middle, look.um_per_pixel, random)
    amount = strand(middle.path, middle.widths, shape) + np.float32(0.7) * strand(
        tail.path, tail.widths, shape
    )
    layers.add(np.minimum(amount, 1.4), stain.thread)
    cap, _ = head.acrosome(normal_acrosome(random))
    layers.add_window(head.window, head.density(stain, cap, np.zeros_like(cap), grain(random)))


def _residue(look: Look, stain: Stain, layers: Layers, random: Generator) -> None:
    """Now and then a heap of debris near the rim."""
    if random.random() < min(0.2 * look.clutter, 1):
        height, width = layers.shape
        bearing, far = random.uniform(0, 2 * np.pi), min(layers.shape) * random.uniform(0.5, 0.66)
        middle = (width / 2 + far * float(np.cos(bearing)), height / 2 + far * float(np.sin(bearing)))
        lay_heap(middle, random.uniform(1.2, 2.6) / look.um_per_pixel, stain, layers, random)


def _specks(look: Look, stain: Stain, layers: Layers, random: Generator) -> None:
    """Grains of dye, hollow rings and faint smudges, anywhere below the cell."""
    height, width = shape = layers.shape
    for _ in range(min(random.poisson(2.2 * look.clutter), 9)):
        where = (random.uniform(0, width), random.uniform(0, height))
        radius = float(np.exp(random.uniform(np.log(0.8), np.log(6.0))))
        window = Window.around(where, 0.0, radius * 2.2 + 3, shape)
        away = np.hypot(window.x, window.y * np.float32(random.uniform(0.7, 1.4)))
        cover = smooth_step((np.float32(radius) - away) / np.float32(1 + 0.5 * radius) + np.float32(0.5))
        if radius > 2.5 and random.random() < 0.5:
            cover = cover * (
                1 - smooth_step((np.float32(radius - 1.5) - away) / np.float32(1.5) + np.float32(0.5))
            )
        strong = random.uniform(0.2, 1.0) if radius < 2 else random.uniform(0.08, 0.5)
        dye = stain.nucleus if random.random() < 0.4 else stain.acrosome
        layers.add_patch(window.patch(cover * np.float32(strong)), dye)
