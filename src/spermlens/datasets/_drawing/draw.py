"""A scene is set once; each plan drawn in it differs from another only where the plans differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from spermlens.datasets._drawing import head as heads
from spermlens.datasets._drawing import tail as tails
from spermlens.datasets._drawing.camera import Camera, Exposure
from spermlens.datasets._drawing.canvas import Shape, strand
from spermlens.datasets._drawing.chance import Chance
from spermlens.datasets._drawing.look import Look
from spermlens.datasets._drawing.objects import lay_object
from spermlens.datasets._drawing.plan import NON_SPERM, TASKS, Plan, defects, healed
from spermlens.datasets._drawing.shape import form_of
from spermlens.datasets._drawing.stain import Layers, Stain
from spermlens.datasets._drawing.surroundings import light, scatter
from spermlens.types import Image, Mask

SIDES = {"heads": 131, "cells": 180}
PARTS = ("head", "acrosome", "nucleus", "vacuole", "midpiece", "tail")
THREAD_COVER = 0.3  # a thread is hardly wider than a pixel and rarely covers half of one
CAUSE_LEVELS = 6.0  # grey levels by which a pixel must differ in some colour to belong to a cause


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A picture of which everything is known.

    `causes` holds, for each task with a class, the pixels that differ by more than `CAUSE_LEVELS` from
    the twin: the same slide without that defect, before noise. A normal part has an empty cause. The
    cause of `cell` is that of all defects together; for a non-sperm it is the object, against the same
    field without it (empty where the field is empty).
    `twins` holds, for each defect, the twin as the same camera with the same noise would record it.
    """

    id: str
    image: Image
    labels: Mapping[str, int | None]
    masks: Mapping[str, Mask]
    causes: Mapping[str, Mask]
    twins: Mapping[str, Image]
    um_per_pixel: float


class Scene:
    """Slide, light, camera and the anatomy of one cell in all its variants."""

    def __init__(self, kind: str, look: Look, chance: Chance) -> None:
        self.look, self.chance, self.kind = look, chance, kind
        self.shape: Shape = (SIDES[kind], SIDES[kind])
        self.stain = Stain.drawn(look, chance.of("stain"))
        self.camera = Camera.drawn(look, chance.of("camera"))
        self.light = light(look, self.stain, self.shape, chance.of("light"))
        self.slide = Layers(self.shape)
        scatter(look, self.stain, self.slide, chance)
        self.pose = self._pose()

    def _pose(self) -> heads.Pose:
        """The middle of the healthy head lies near the middle; cells leave room for the tail."""
        random = self.chance.of("place")
        angle = random.uniform(0, 2 * np.pi)
        ahead = {"heads": 0.0, "cells": 14.0}[self.kind]
        middle = np.array(self.shape[::-1]) / 2 - 0.5 + random.uniform(-5, 5, 2)
        middle = middle + (ahead - self.look.pixels(form_of("normal", self.chance).length_um) / 2) * np.array(
            [np.cos(angle), np.sin(angle)]
        )
        return heads.Pose((float(middle[0]), float(middle[1])), float(angle))

    def exposure(self, plan: Plan | None, masks: dict[str, Mask] | None = None) -> Exposure:
        """The picture before noise; fills `masks` where they are asked for. No plan: the bare slide."""
        layers = self.slide.copy()
        if plan is not None and plan.get("cell") == NON_SPERM:
            lay_object(self.look, self.stain, layers, self.chance.of("object"))
        elif plan is not None:
            self._lay_threads(plan, layers, masks)
            self._lay_head(plan, layers, masks)
        return self.camera.expose(layers.density, self.light)

    def record(self, exposure: Exposure) -> Image:
        return self.camera.record(exposure, self.chance.of("noise"))

    def _lay_head(self, plan: Plan, layers: Layers, masks: dict[str, Mask] | None) -> None:
        form = form_of(plan["head_shape"], self.chance)
        head = heads.Head(form, self.pose, self.look.um_per_pixel, self.shape)
        cap_form = heads.normal_acrosome(random := self.chance.of("acrosome"))
        uneven = heads.grain(random)
        if plan["acrosome"] != "normal":
            cap_form = heads.abnormal_acrosome(cap_form, self.chance.of("acrosome defect"))
        spots = heads.vacuoles(self.chance.of("vacuole")) if plan["vacuole"] != "normal" else ()
        blend, cap = head.acrosome(cap_form)
        missing, holes = head.holes(spots)
        layers.add_window(head.window, head.density(self.stain, blend, missing, uneven))
        if masks is not None:
            masks["head"] = head.patch.mask(self.shape)
            masks["acrosome"] = head.window.patch(cap).mask(self.shape)
            masks["nucleus"] = masks["head"] & ~masks["acrosome"]
            masks["vacuole"] = head.window.patch(holes).mask(self.shape)

    def _lay_threads(self, plan: Plan, layers: Layers, masks: dict[str, Mask] | None) -> None:
        scale = self.look.um_per_pixel
        middle = tails.midpiece(self.pose.neck, self.pose.angle + np.pi, scale, self.chance.of("midpiece"))
        random = self.chance.of("tail")
        healthy = tails.normal_tail(middle, scale, random)
        faint = np.float32(random.uniform(0.6, 1.0))
        threads: tuple[tails.Thread, ...] = (healthy,)
        if plan.get("tail", "normal") != "normal":
            threads = tails.abnormal_tail(healthy, middle, scale, self.chance.of("tail defect"))
        body = strand(middle.path, middle.widths, self.shape)
        tail = sum((strand(t.path, t.widths, self.shape) for t in threads), np.zeros(self.shape, np.float32))
        layers.add(np.minimum(body, 1.3) + faint * np.minimum(tail, 1.6), self.stain.thread)
        if masks is not None:
            masks["midpiece"] = body >= THREAD_COVER
            masks["tail"] = tail >= THREAD_COVER


def picture(kind: str, plan: Plan, look: Look, chance: Chance) -> Image:
    """The picture alone, in the least time."""
    scene = Scene(kind, look, chance)
    return scene.record(scene.exposure(plan))


def drawing(kind: str, plan: Plan, look: Look, chance: Chance) -> Drawing:
    """The picture with everything that is known of it."""
    scene = Scene(kind, look, chance)
    masks = {part: np.zeros(scene.shape, bool) for part in PARTS}
    exposure = scene.exposure(plan, masks)
    bare = plan.get("cell") == NON_SPERM
    wrong = ("cell",) if bare else (*defects(plan), *(("cell",) if plan.get("cell") == "abnormal" else ()))
    twins = {task: scene.exposure(None if bare else healed(plan, task)) for task in wrong}
    causes = {task: np.zeros(scene.shape, bool) for task in plan}
    for task, twin in twins.items():
        causes[task] = np.abs(exposure - twin).max(axis=0) > CAUSE_LEVELS
    return Drawing(
        id=name_of(kind, chance),
        image=scene.record(exposure),
        labels=label_numbers(plan),
        masks=masks,
        causes=causes,
        twins={task: scene.record(twin) for task, twin in twins.items()},
        um_per_pixel=look.um_per_pixel,
    )


def label_numbers(plan: Plan) -> dict[str, int | None]:
    """Class numbers of every task; None where the question does not apply."""
    return {name: task.index(plan[name]) if name in plan else None for name, task in TASKS.items()}


def name_of(kind: str, chance: Chance) -> str:
    return f"synthetic-{kind}-{chance.seed}-{chance.index:06d}"
