"""Give a saved model the measures of the normal cells that it learned from, where its training kept none.

    .venv/bin/python experiments/normal_cells.py src/spermlens/shipped/synthetic-heads synthetic-heads

The images are those of the experiment by which it was trained; that they are the same is checked by their
pixels. A training of today keeps these measures itself.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from spermlens.config import load_experiment
from spermlens.datasets import open_data
from spermlens.datasets._verify import hash_of_hashes
from spermlens.models._store import load, save
from spermlens.training.normal_cells import spreads_of_normal


def main(folder: Path, experiment: str) -> None:
    saved, data = load(folder), load_experiment(experiment).data
    listing = open_data(data.name, data.root, data.options)
    known = saved.description.data["pixels_sha256"]
    if hash_of_hashes(listing.pixel_hashes) != known:
        sys.exit(f"{experiment}: these are not the images that {saved.description.id} learned from.")
    normal = spreads_of_normal(listing, saved.description.tasks)
    weights = saved.description.weights_sha256
    for half in (True, False):  # as it was saved: the weights, and so the model's id, stay the same
        description = replace(saved.description, normal=normal)
        again = save(folder, saved.network, description, rulers=saved.rulers, half=half)
        if again.weights_sha256 == weights:
            break
    else:
        sys.exit(f"{folder}: the weights came out otherwise than they were. Put the old folder back.")
    for task, spreads in normal.items():
        for measure, spread in spreads.items():
            low, middle, high = (spread.at(level) for level in (5, 50, 95))
            sys.stdout.write(f"{task} {measure}: {middle:.3f} ({low:.3f} to {high:.3f}), n {spread.n}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
