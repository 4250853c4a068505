"""Do maps point at what makes a defect, and do measures tell a bad reason? Writes results/known-causes.json.

python experiments/known_causes.py [--drawings 100] [--lessons 1200] [--exam 200] [--output FOLDER]
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from cause_rows import SEED, rows_of_causes
from shortcut_taught import ASKED_SEED, LEARNED_SEED, rows_of_shortcut

import spermlens
from spermlens.files import write_json

RESULTS = Path(__file__).parent / "results"
MODEL = "synthetic-heads"
CLAIM = "Maps are held to causes that are known, and measures of reasons to a reason that is known to be bad."
PROTOCOL = (
    f"Drawn heads with one defect each (seed {SEED}), asked of the shipped model, which learned from others. "
    "Only images in which one view calls the defect by its name; the map is that of this class. The cause is "
    "what differs from the same drawing without the defect. A map without evidence counts as a miss. "
    f"Shortcut: two small networks from one beginning (drawings of seed {LEARNED_SEED}), asked about the "
    f"same drawings (seed {ASKED_SEED}); which way each measure ought to point was fixed before."
)


def main() -> None:
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    reader.add_argument("--drawings", type=int, default=100, help="of each defect")
    reader.add_argument("--lessons", type=int, default=1200, help="drawings that the two networks learn from")
    reader.add_argument(
        "--exam", type=int, default=200, help="drawings that the two networks are asked about"
    )
    reader.add_argument("--output", type=Path, default=RESULTS, help="where the results go")
    asked = reader.parse_args()
    found = [
        *rows_of_shortcut(asked.lessons, asked.exam),
        *rows_of_causes(spermlens.load(MODEL, device="cpu"), asked.drawings),
    ]
    rows = [{name: value for name, value in asdict(one).items() if name != "per_fold"} for one in found]
    write_json(asked.output / "known-causes.json", {"claim": CLAIM, "protocol": PROTOCOL, "rows": rows})


if __name__ == "__main__":
    main()
