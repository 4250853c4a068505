"""The pose in which a network is to see a head: from the outline alone, so from the image alone.

Nothing that is known of an image beside its pixels goes in, so an aligned square tells no label.
"""

from __future__ import annotations

from spermlens.framing import Framing
from spermlens.locate.axes import axes_of
from spermlens.locate.contour import touches_border
from spermlens.locate.segment import outline
from spermlens.locate.shape import Head
from spermlens.types import Image, Outline, Pose


def pose_in(found: Outline) -> Pose | None:
    """The pose of an outlined head; None where the outline is not reliable or the border cuts the head."""
    if not found.reliable or touches_border(found.head):
        return None
    axes = axes_of(Head.of(found.head), found)
    return Pose(x=axes.x, y=axes.y, ahead=axes.ahead)


def pose_for(framing: Framing, image: Image) -> Pose | None:
    """The pose for framing an image: None, too, where the framing aligns nothing."""
    return pose_in(outline(image)) if framing.aligns else None
