"""Does the map of each question point at its own part of the cell? Writes results/task-causes.json.

Drawn heads with one defect each, of the acrosome or of vacuoles, are asked of a model of three tasks. How
many times denser than over the whole square is each task's map on the part that the defect is in, and how
much of it is gone in the same drawing without the defect?

python experiments/task_causes.py [--drawings 400] [--output FOLDER]
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from cause_rows import AWAY, BATCH, BLOB, MIDDLE, SEED, case_of, framed_mask, past_the_head

import spermlens
from spermlens.datasets.synthetic import Drawing, draw
from spermlens.evaluate.overlap import mean_over
from spermlens.evaluate.reasons.blob import centred_blob
from spermlens.evaluate.reasons.inside import area_share, energy_over_area
from spermlens.explain._engine import Question, explain
from spermlens.files import write_json
from spermlens.framing import Framing
from spermlens.lens import Lens
from spermlens.predict.tensors import look, to_tensor
from spermlens.types import Heat, Image, Mask, Result

Values = Mapping[str, np.ndarray]

RESULTS = Path(__file__).parent / "results"
MODEL, METHODS = "synthetic-heads", ("cam", "layercam")
PARTS = ("acrosome", "vacuole")  # each is the name of a task, of a defect and of a part of the drawing
OTHER = "head_shape"  # the task whose map is held against that of the part's own
ABNORMAL = 1  # the second class of either part's task
READ, EVERY = "defect called by its name", "every drawing"
DENSITY, CHANGE, AREA = "energy_over_area", "energy_over_area_change", "area_share"
LESS = "_difference"  # of the part's own map and that of the other task
CLAIM = "Of one network's maps, that of each question points at the part of the cell that it is about."
PROTOCOL = (
    f"Drawn heads with one defect each (seed {SEED}), asked of the shipped model, which learned from others. "
    "The part is the acrosome where it is drawn or would be in the healthy twin, or the vacuoles. The map of "
    "a part's own task is that of 'abnormal', those of the others are of the class decided. A map that knows "
    "nothing has 1, and a map without evidence counts as 0. A change is what the defect adds: the density "
    "less that of the same class's map of the healthy twin, on the same pixels. Differences are paired by "
    "image."
)


@dataclass(frozen=True)
class Shown:
    """A drawn defect as the network sees it, and the part that it is in."""

    unit: str
    square: Image
    twin: Image  # without the defect
    part: Mask


@dataclass(frozen=True)
class Asked:
    """What was asked: which defect, with the head where, and which method."""

    lens: Lens
    part: str
    place: str
    method: str

    def row(self, metric: str, condition: str, values: Sequence[float], units: Sequence[str]) -> Result:
        return Result(
            dataset="synthetic",
            model=self.lens.description.id,
            task=self.part,
            method=self.method,
            condition=f"{self.place}; {condition}",
            metric=metric,
            **asdict(mean_over(values, units)),
        )


def rows_of_parts(lens: Lens, count: int) -> list[Result]:
    """For each part and place: how dense every task's map lies on it, and how far its own beats the other."""
    rows = []
    for part in PARTS:
        drawn = [draw(index, seed=SEED, labels={part: "abnormal"}) for index in range(count)]
        for place in (MIDDLE, AWAY):
            shown = [shown_of(lens.description.framing, one, part, place) for one in drawn]
            for method in METHODS:
                rows += list(_rows(Asked(lens, part, place, method), shown))
    return rows


def shown_of(framing: Framing, drawing: Drawing, part: str, place: str) -> Shown:
    """With the part where it is or would be if it were healthy: what a defect lacks belongs to it."""
    healthy = draw(int(drawing.id.rpartition("-")[2]), seed=SEED, labels={})
    case = case_of(framing, drawing, part, place)
    pose, scale = past_the_head(drawing) if place == AWAY else None, drawing.um_per_pixel
    whole = framed_mask(framing, drawing.masks[part] | healthy.masks[part], scale, pose)
    return Shown(drawing.id, case.square, framing.square(drawing.twins[part], scale, pose), whole)


def _rows(asked: Asked, shown: Sequence[Shown]) -> Iterator[Result]:
    densities, changes, read = densities_on(asked, shown)
    yield asked.row("read", EVERY, read.astype(float).tolist(), [one.unit for one in shown])
    for said, chosen in ((READ, read), (EVERY, np.ones_like(read))):
        units = [one.unit for one, wanted in zip(shown, chosen, strict=True) if wanted]
        areas = [area_share(one.part) for one, wanted in zip(shown, chosen, strict=True) if wanted]
        yield asked.row(AREA, said, areas, units)
        for metric, found in ((DENSITY, densities), (CHANGE, changes)):
            for name, values in found.items():
                yield asked.row(metric, f"{said}; {name}", values[chosen].tolist(), units)
            apart = (found[asked.part] - found[OTHER])[chosen].tolist()
            yield asked.row(metric + LESS, f"{said}; {asked.part} less {OTHER}", apart, units)


def densities_on(asked: Asked, shown: Sequence[Shown]) -> tuple[Values, Values, np.ndarray]:
    """By task, each map's density on the part and what the defect adds to it; and whether it is read."""
    found: dict[str, list[float]] = {}
    before: dict[str, list[float]] = {}
    read: list[bool] = []
    for start in range(0, len(shown), BATCH):
        batch = shown[start : start + BATCH]
        said = look(asked.lens.saved.network, to_tensor([one.square for one in batch])).probabilities
        read += (said[asked.part].argmax(1) == ABNORMAL).tolist()
        for squares, kept in (([o.square for o in batch], found), ([o.twin for o in batch], before)):
            for name, heats in _maps(asked, said, squares).items():
                values = [energy_over_area(heat, one.part) for heat, one in zip(heats, batch, strict=True)]
                kept.setdefault(name, []).extend(value if np.isfinite(value) else 0.0 for value in values)
    densities = {name: np.array(values) for name, values in found.items()}
    tasks = [name for name in densities if name != BLOB]  # a blob sees neither the drawing nor its twin
    return densities, {name: densities[name] - before[name] for name in tasks}, np.array(read)


def _maps(asked: Asked, said: Values, squares: Sequence[Image]) -> dict[str, Sequence[Heat]]:
    """Every task's map of each square, of the classes that `said` decides, and a blob in the middle."""
    network, heats = asked.lens.saved.network, dict[str, Sequence[Heat]]()
    for task in network.tasks:
        targets = said[task.name].argmax(1)
        targets = np.full_like(targets, ABNORMAL) if task.name == asked.part else targets
        question = Question(task=task.name, targets=tuple(targets.tolist()), method=asked.method)
        told = explain(network, to_tensor(squares), question)
        heats[task.name] = [one.heat for one in told]
    return {**heats, BLOB: [centred_blob(told[0].map_size, squares[0].shape[:2])] * len(squares)}


def main() -> None:
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    reader.add_argument("--drawings", type=int, default=400, help="of each defect")
    reader.add_argument("--output", type=Path, default=RESULTS, help="where the results go")
    asked = reader.parse_args()
    found = rows_of_parts(spermlens.load(MODEL, device="cpu"), asked.drawings)
    rows = [{name: value for name, value in asdict(one).items() if name != "per_fold"} for one in found]
    write_json(asked.output / "task-causes.json", {"claim": CLAIM, "protocol": PROTOCOL, "rows": rows})


if __name__ == "__main__":
    main()
