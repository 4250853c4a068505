"""How far can an outline be trusted? Writes results/outline.csv, a row an image, and results/outline.json.

python experiments/outline.py FOLDER, in which lie sperm_parsing, hushem, smids and mhsma
python experiments/outline.py FOLDER --sheets SHEETS    only outlines for a person to judge by eye
python experiments/outline.py FOLDER --worst SHEETS     only the ten worst of each half of sperm_parsing
python experiments/outline.py --recount                 outline.json again, from the rows that are there
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"  # speeds are those of one core; read when NumPy is imported

import argparse
from dataclasses import asdict
from itertools import chain
from pathlib import Path

from outline_cases import SEED, by_experts, drawn, without_truth
from outline_rows import read_rows, rows_of, write_rows
from outline_sheets import write_sheets, write_worst
from outline_summary import LOOKED_AT, judgements, summary

from spermlens.files import write_json

RESULTS = Path(__file__).parent / "results"
EVERY = 1_000_000
CLAIM = "The outline of a head can be relied on where it says so, on stains and cameras it was not made for."
PROTOCOL = (
    "Nothing is learnt; thresholds were chosen on drawings of other seeds and on one half of the groups of "
    f"sperm_parsing, told apart by a hash. Judged on drawings of seed {SEED} and on the other half, which "
    "nobody had looked at. Dice is 0 where a part that is there was not drawn. Time is that of one core."
)


def recount(folder: Path) -> None:
    """outline.json from outline.csv, and from what was judged by eye."""
    found = [*summary(read_rows(folder / "outline.csv")), *judgements(RESULTS / LOOKED_AT)]
    rows = [{name: value for name, value in asdict(one).items() if name != "per_fold"} for one in found]
    write_json(folder / "outline.json", {"claim": CLAIM, "protocol": PROTOCOL, "rows": rows})


def main() -> None:
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    reader.add_argument("folder", type=Path, nargs="?", help="where the data sets lie")
    reader.add_argument(
        "--sheets", type=Path, help="write 100 outlines of each set here, and a list to fill in"
    )
    reader.add_argument("--worst", type=Path, help="write the worst outlines here")
    reader.add_argument("--recount", action="store_true", help="only outline.json, from outline.csv")
    reader.add_argument("--most", type=int, default=EVERY, help="a try: at most so many images of each kind")
    reader.add_argument("--output", type=Path, default=RESULTS, help="where the results go")
    asked = reader.parse_args()
    if asked.recount:
        recount(asked.output)
    elif asked.folder is None:
        reader.error("name the folder in which the data sets lie, or --recount")
    elif asked.sheets or asked.worst:
        if asked.sheets:
            write_sheets(asked.sheets, asked.folder)
        if asked.worst:
            write_worst(asked.worst, by_experts(asked.folder / "sperm_parsing", asked.most))
    else:
        cases = chain(
            drawn(asked.most),
            by_experts(asked.folder / "sperm_parsing", asked.most),
            without_truth(asked.folder, asked.most),
        )
        write_rows(asked.output / "outline.csv", rows_of(cases))
        recount(asked.output)


if __name__ == "__main__":
    main()
