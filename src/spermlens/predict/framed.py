"""An image as its network sees it, what is measured on it, and the way back for maps."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from spermlens.framing import Framing
from spermlens.locate import columns
from spermlens.locate.measure import measure
from spermlens.locate.pose import pose_in
from spermlens.locate.segment import outline
from spermlens.types import Heat, Image, Measures, Outline, Pose, Sample


@dataclass(frozen=True)
class Framed:
    """A sample and what follows from it. Each is found when it is first asked for, and only once:

    the outline serves to align the head, to measure it and to be shown.
    """

    sample: Sample
    framing: Framing

    @cached_property
    def square(self) -> Image:
        """What the network sees, aligned where the framing aligns."""
        return self.framing.square(self.sample.image, self.sample.um_per_pixel, self.pose)

    @cached_property
    def pose(self) -> Pose | None:
        """None where nothing is aligned, or the head's pose is not known."""
        return pose_in(self.outline) if self.framing.aligns else None

    @cached_property
    def outline(self) -> Outline:
        return outline(self.sample.image)

    @cached_property
    def measures(self) -> Measures:
        return measure(self.outline, self.sample.image, self.sample.um_per_pixel)

    @cached_property
    def row(self) -> list[float]:
        """A value for each of `columns.ALL`, in pixels as large as those that the framing was made for."""
        return columns.row_of(self.outline, self.sample.image, self.measures, self.framing.um_per_pixel)

    def laid_back(self, heat: Heat) -> Heat:
        """A map of the square, over the image."""
        image = self.sample.image
        return self.framing.unsquare(heat, image.shape, self.sample.um_per_pixel, self.pose)
