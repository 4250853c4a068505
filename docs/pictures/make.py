"""Draw the picture of the README anew: `python docs/pictures/make.py`."""

from __future__ import annotations

from pathlib import Path

import spermlens
from spermlens.datasets.synthetic import draw
from spermlens.files import write_bytes
from spermlens.report.contact_sheet import contact_sheet
from spermlens.report.overlay import png_bytes
from spermlens.report.reading_card import tile_of
from spermlens.types import Reading, Sample

CELLS = (({"head_shape": "pyriform"}, 20), ({"vacuole": "abnormal"}, 9), ({"head_shape": "tapered"}, 32))
SEED = 20  # the shipped model learned from drawings of seed 1


def main() -> None:
    lens = spermlens.load("synthetic-heads", device="cpu")
    tiles = []
    for labels, index in CELLS:
        drawing = draw(index, seed=SEED, labels=labels)
        sample = Sample(id=", ".join(labels.values()), image=drawing.image, um_per_pixel=drawing.um_per_pixel)
        said = lens.predict(sample)[0]
        (task,) = labels
        why = lens.explain(sample, task=task, method="cam")
        title = f"drawn: {task.replace('_', ' ')} {labels[task]}"
        tile = tile_of(Reading(image=sample.image, prediction=said, explanations=tuple(why)), lens.tasks)
        tiles.append(type(tile)(title=title, verdict=tile.verdict, tone=tile.tone, figures=tile.figures))
    write_bytes(Path(__file__).parent / "reading.png", png_bytes(contact_sheet(tiles, columns=3)))


if __name__ == "__main__":
    main()
