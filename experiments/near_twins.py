"""Which images of SMIDS show one cell, beside those alike in the finest detail? And do they, by eye?

python experiments/near_twins.py FOLDER           FOLDER is SMIDS; writes results/smids-twins.csv
python experiments/near_twins.py FOLDER SHEETS    the pairs as pictures, too, into the folder SHEETS

The column one_cell is what a person saw (yes, no, unsure). It is kept where a pair is found again, and empty
where nobody has looked. Sheets number the pairs by their row. Pictures are not to be committed. Folds keep
together what was seen as one cell, and what could not be told: `near_copies.py` puts it into their list.
What the search demands elsewhere than in one direction came later; it has no column and leaves no pair out.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import numpy as np
from PIL import Image as Pillow
from PIL import ImageDraw

from spermlens.audit.copies import families, find_pairs
from spermlens.audit.survey import survey
from spermlens.audit.twins import Likeness, Middle, likenesses, middle
from spermlens.datasets import Listing, open_data
from spermlens.files import write_text
from spermlens.spreadsheet import Cell, to_csv

TABLE = Path(__file__).parent / "results" / "smids-twins.csv"
COLUMNS = ("first", "second", "first_pixels", "second_pixels", "around", "whole", "one_cell")
AROUND, WHOLE = 0.6, 0.7  # from here on a person looked; below, one look showed hardly a pair more
ACROSS, A_SHEET, SIDE = 7, 28, 176  # pairs in a row and on a sheet; pixels of a picture, with its margin


def found_in(listing: Listing) -> list[Likeness]:
    """Pairs that may show one cell and are no near copies by their detail, the most alike first."""
    contents = [one.content for one in survey(listing) if one.content is not None]
    digests = [content.digest for content in contents]
    family = families(len(digests), find_pairs(digests, [content.thumbnail for content in contents]))
    likely = [
        one
        for one in likenesses([content.middle for content in contents])
        if one.agrees and one.around >= AROUND and one.whole >= WHOLE
        if family[one.first] != family[one.second]
    ]
    return sorted(likely, key=lambda one: (-min(one.around, one.whole), one.first, one.second))


def seen_before() -> dict[tuple[str, ...], str]:
    """By the pixels of a pair, what a person saw."""
    if not TABLE.is_file():
        return {}
    rows = csv.DictReader(TABLE.read_text(encoding="utf-8").splitlines())
    return {(row["first_pixels"], row["second_pixels"]): row["one_cell"] for row in rows}


def seen_by_eye() -> list[tuple[str, ...]]:
    """By their pixels, the pairs that a person took for one cell, or could not tell."""
    return [pixels for pixels, one_cell in seen_before().items() if one_cell in ("yes", "unsure")]


def write_table(listing: Listing, pairs: list[Likeness]) -> None:
    """The table, with what was seen before."""
    seen = seen_before()
    rows: list[list[Cell]] = []
    for one in pairs:
        ids = [listing.ids[place] for place in (one.first, one.second)]
        pixels = tuple(listing.pixel_hashes[place] for place in (one.first, one.second))
        rows.append([*ids, *pixels, round(one.around, 3), round(one.whole, 3), seen.get(pixels, "")])
    write_text(TABLE, to_csv(COLUMNS, rows))


def draw_sheets(listing: Listing, pairs: list[Likeness], folder: Path) -> None:
    """The middles of the pairs below each other, in grey, each stretched to its own light."""
    folder.mkdir(parents=True, exist_ok=True)
    for start in range(0, len(pairs), A_SHEET):
        sheet = Pillow.new("L", (ACROSS * SIDE, -(-A_SHEET // ACROSS) * (2 * SIDE + 14)), 255)
        pen = ImageDraw.Draw(sheet)
        for number, one in enumerate(pairs[start : start + A_SHEET]):
            left, top = number % ACROSS * SIDE, number // ACROSS * (2 * SIDE + 14)
            pen.text((left, top), f"{start + number}: {one.around:.2f} {one.whole:.2f}", fill=0)
            for below, place in enumerate((one.first, one.second)):
                picture = _stretched(middle(listing.entries[place].load()))
                sheet.paste(picture, (left, top + 13 + below * SIDE))
        sheet.save(folder / f"pairs-{start:03d}.png")


def _stretched(small: Middle) -> Pillow.Image:
    low, high = np.percentile(small, [1, 99])
    grey = np.clip((small - low) / max(1.0, high - low) * 255, 0, 255).astype(np.uint8)
    return Pillow.fromarray(grey).resize((2 * grey.shape[1], 2 * grey.shape[0]), Pillow.Resampling.BICUBIC)


if __name__ == "__main__":
    smids = open_data("smids", Path(sys.argv[1]))
    likely = found_in(smids)
    write_table(smids, likely)
    if len(sys.argv) > 2:
        draw_sheets(smids, likely, Path(sys.argv[2]))
