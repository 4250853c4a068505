"""Why one class and not another: two classes of a task, as they are named on the command line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from spermlens.errors import UnknownName, UsageError
from spermlens.types import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """Asked of every image, whatever was decided."""

    task: str
    target: str
    rival: str


def contrast_of(text: str, tasks: Sequence[Task]) -> Contrast:
    """'tapered:pyriform', or 'head_shape:tapered:pyriform' where several tasks have both classes."""
    *named, target, rival = text.split(":") if text.count(":") in (1, 2) else ("", "")
    if not (target and rival and all(named)) or target == rival:
        raise UsageError(
            f"--contrast '{text}': expected two classes of one task, as in tapered:pyriform, or with the "
            "task before them, as in head_shape:tapered:pyriform."
        )
    if named and named[0] not in (task.name for task in tasks):
        raise UnknownName("task", named[0], [task.name for task in tasks])
    asked = [task for task in tasks if not named or task.name == named[0]]
    for name in (target, rival):
        if not any(name in task.classes for task in asked):
            raise UnknownName("class", name, [name for task in asked for name in task.classes])
    both = [task.name for task in asked if {target, rival} <= set(task.classes)]
    if not both:
        raise UsageError(
            f"--contrast '{text}': the two are classes of different tasks. Name two of one task."
        )
    if len(both) > 1:
        raise UsageError(
            f"--contrast '{text}': {' and '.join(both)} have both classes. "
            f"Name the task, too: {both[0]}:{target}:{rival}."
        )
    return Contrast(task=both[0], target=target, rival=rival)
