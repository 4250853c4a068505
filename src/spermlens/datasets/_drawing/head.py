"""The head: its outline on the canvas, the acrosome over its front, vacuoles, and the dye in it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from spermlens.datasets._drawing.canvas import (
    Outline,
    Patch,
    Plane,
    Planes,
    Shape,
    Window,
    coverage,
    smooth_step,
)
from spermlens.datasets._drawing.shape import HeadForm
from spermlens.datasets._drawing.stain import Stain

HALO_REACH = 7.0  # pixels around a head that its halo touches


@dataclass(frozen=True, slots=True)
class Pose:
    """Where the head meets the midpiece (x, y in pixels) and where it looks (radians, y downwards)."""

    neck: tuple[float, float]
    angle: float

    def ahead(self, pixels: float) -> tuple[float, float]:
        return (
            self.neck[0] + pixels * float(np.cos(self.angle)),
            self.neck[1] + pixels * float(np.sin(self.angle)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AcrosomeForm:
    """A cap that covers `share` of the head's area."""

    share: float
    tilt: float  # slope of its border against the head's axis
    curve: float  # how far the border bulges back at the sides, in widths
    soft: float  # length of the passage from cap to nucleus, in head lengths
    ragged: float = 0.0  # height of the border's waves, in head lengths
    phase: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Vacuole:
    """A pale hole: where it lies (bearing from the middle, share of the way out) and how wide it is."""

    bearing: float
    out: float
    radius: float  # in half head widths
    oval: float  # its length over its width
    clear: float  # part of the dye that is missing


def normal_acrosome(random: Generator) -> AcrosomeForm:
    return AcrosomeForm(
        share=random.uniform(0.42, 0.68),
        tilt=random.uniform(-0.35, 0.35),
        curve=random.uniform(-0.1, 0.25),
        soft=random.uniform(0.2, 0.7),
        phase=random.uniform(0, 2 * np.pi),
    )


def abnormal_acrosome(healthy: AcrosomeForm, random: Generator) -> AcrosomeForm:
    """Missing, too small, too large, slipped to one side, or ragged."""
    kind = int(random.integers(5))
    side = float(random.choice((-1.0, 1.0)))
    if kind == 0:
        return replace(healthy, share=0.0)
    if kind == 1:
        return replace(healthy, share=random.uniform(0.08, 0.22), soft=min(healthy.soft, 0.35))
    if kind == 2:
        return replace(healthy, share=random.uniform(0.88, 0.97), soft=min(healthy.soft, 0.3))
    if kind == 3:
        return replace(healthy, tilt=side * random.uniform(1.6, 3.0), soft=min(healthy.soft, 0.4))
    ragged = random.uniform(0.16, 0.26)
    return replace(healthy, share=random.uniform(0.3, 0.55), ragged=ragged, soft=min(healthy.soft, 0.3) * 0.6)


def vacuoles(random: Generator) -> tuple[Vacuole, ...]:
    """One large or two or three smaller ones, apart from each other."""
    count = int(random.choice((1, 1, 2, 3)))
    first = random.uniform(0, 2 * np.pi)
    low, high = ((0.26, 0.42), (0.2, 0.3), (0.17, 0.25))[count - 1]
    return tuple(
        Vacuole(
            bearing=first + 2 * np.pi * number / count + random.uniform(-0.3, 0.3),
            out=random.uniform(0.05, 0.3) if count == 1 else random.uniform(0.4, 0.58),
            radius=random.uniform(low, high),
            oval=random.uniform(0.8, 1.25),
            clear=random.uniform(0.45, 0.75),
        )
        for number in range(count)
    )


class Head:
    """One head on the canvas."""

    def __init__(self, form: HeadForm, pose: Pose, um_per_pixel: float, shape: Shape) -> None:
        points = form.outline_um() / um_per_pixel
        base = points[np.argmin(points[:, 0])]
        self.length = float(np.ptp(points[:, 0]))
        self.width = float(np.ptp(points[:, 1]))
        self.outline = Outline(points)
        sine, cosine = np.sin(pose.angle), np.cos(pose.angle)
        forward, aside = -base[0], -(points[points[:, 0] <= base[0] + 1, 1].mean())
        centre = (
            float(pose.neck[0] + forward * cosine - aside * sine),
            float(pose.neck[1] + forward * sine + aside * cosine),
        )
        self.window = Window.around(centre, pose.angle, self.outline.reach + HALO_REACH, shape)
        self.distance = self.outline.distance(self.window)
        self.cover = coverage(self.distance)

    @property
    def patch(self) -> Patch:
        return self.window.patch(self.cover)

    def acrosome(self, form: AcrosomeForm) -> tuple[Plane, Plane]:
        """How much of each pixel's dye is the cap's, 0..1, and the cap's cover with a sharp border."""
        inside = self.cover > 0.5
        if form.share == 0 or not inside.any():
            return np.zeros_like(self.cover), np.zeros_like(self.cover)
        x, y = self.window.x, self.window.y
        lean = x + form.tilt * y - form.curve * y * y / np.float32(self.width)
        if form.ragged:
            turn = y * np.float32(8 / self.width) + np.float32(form.phase)
            wave = np.float32(0.75) * np.sin(turn) + np.float32(0.5) * np.sin(2.3 * turn)
            lean = lean + np.float32(form.ragged * self.length) * wave
        border = np.quantile(lean[inside], 1 - form.share)
        soft = form.soft * self.length * np.hypot(1, form.tilt)
        blend = smooth_step((lean - border) / np.float32(soft) + np.float32(0.5))
        return blend, self.cover * (lean > border)

    def holes(self, spots: tuple[Vacuole, ...]) -> tuple[Plane, Plane]:
        """The part of the dye that is missing, 0..1, and the cover of the vacuoles."""
        missing = np.zeros_like(self.cover)
        cover = np.zeros_like(self.cover)
        for spot in spots:
            away = spot.out * self.outline.radius_at((spot.bearing + np.pi) % (2 * np.pi) - np.pi)
            x = self.window.x - np.float32(away * np.cos(spot.bearing))
            y = self.window.y - np.float32(away * np.sin(spot.bearing))
            radius = max(spot.radius * self.width / 2, 1.8)
            edge = np.maximum(np.hypot(x, y * np.float32(spot.oval)) - np.float32(radius), self.distance + 1)
            own = coverage(edge)
            fading = smooth_step(np.float32(0.5) - edge / np.float32(1 + 0.4 * radius))
            missing = np.maximum(missing, fading * np.float32(spot.clear) * (self.distance < 0))
            cover = np.maximum(cover, own)
        return missing, cover

    def density(self, stain: Stain, cap: Plane, missing: Plane, grain: NDArray[np.float64]) -> Planes:
        """Optical density of the head and its halo in its window.

        `grain` is 3 x 4: height, two wave numbers and a phase of each wave of the uneven dye.
        """
        depth = smooth_step(-self.distance / np.float32(self.width * 0.3))
        amount = np.float32(0.84) + np.float32(0.16) * depth
        for high, along, across, phase in grain.astype(np.float32):
            wave = along * self.window.x + across * self.window.y
            amount = amount + high * np.sin(wave * np.float32(6.3 / self.length) + phase)
        edge = np.exp(-0.5 * ((self.distance + np.float32(1.5)) / np.float32(1.3)) ** 2)
        amount = (amount + np.float32(stain.rim) * edge * (1 - cap)) * (1 - missing)
        dye = amount * (stain.nucleus + cap * (stain.acrosome - stain.nucleus))
        glow = np.exp(-0.5 * ((self.distance - np.float32(2.6)) / np.float32(1.4)) ** 2)
        density: Planes = self.cover * dye - np.float32(stain.halo) * (1 - self.cover) * glow
        return density


def grain(random: Generator) -> NDArray[np.float64]:
    """Three waves of unevenness in the dye of a head, as `Head.density` wants them."""
    return np.column_stack(
        [random.uniform(0, 0.07, 3), random.uniform(-2.2, 2.2, (3, 2)), random.uniform(0, 2 * np.pi, 3)]
    )
