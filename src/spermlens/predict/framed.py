"""An image as its network sees it, and the way back for maps."""

from __future__ import annotations

from dataclasses import dataclass

from spermlens.framing import Framing
from spermlens.locate.pose import pose_in
from spermlens.locate.segment import outline
from spermlens.types import Heat, Image, Outline, Pose, Sample


@dataclass(frozen=True, slots=True)
class Framed:
    """A sample and its square. The outline is kept where the framing needed it: it is looked for once."""

    sample: Sample
    framing: Framing
    square: Image
    outline: Outline | None
    pose: Pose | None  # None where nothing is aligned, or the head's pose is not known

    def laid_back(self, heat: Heat) -> Heat:
        """A map of the square, over the image."""
        image = self.sample.image
        return self.framing.unsquare(heat, image.shape, self.sample.um_per_pixel, self.pose)


def framed(sample: Sample, framing: Framing) -> Framed:
    """The square of a sample, aligned where the framing aligns."""
    found = outline(sample.image) if framing.aligns else None
    pose = pose_in(found) if found is not None else None
    return Framed(sample, framing, framing.square(sample.image, sample.um_per_pixel, pose), found, pose)
