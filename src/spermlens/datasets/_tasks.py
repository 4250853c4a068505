"""Questions that several data sets ask: the same name means the same classes in the same order."""

from __future__ import annotations

from spermlens.types import Task

CELL = Task("cell", ("normal", "abnormal", "non_sperm"))
HEAD_SHAPE = Task("head_shape", ("normal", "tapered", "pyriform", "amorphous"))
HEAD = Task("head", ("normal", "abnormal"))
ACROSOME = Task("acrosome", ("normal", "abnormal"))
VACUOLE = Task("vacuole", ("normal", "abnormal"))
TAIL = Task("tail", ("normal", "abnormal"))
