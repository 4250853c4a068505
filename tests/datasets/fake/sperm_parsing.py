"""Six drawn sperm in four fields in the layout of Sperm Parsing: JPEG fields, a PNG of parts a sperm, COCO.

Two fields are of one sitting that lasts past midnight. In the field of three, two sperm cross, one head is
cut by the frame, and one mask has a speck of head far from its head.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

WIDE, HIGH = 640, 512
FIELDS = {  # file name -> middle of each head, and whether it points up
    "000003": [(321, 255, True)],
    "000007": [(200, 240, True), (230, 440, False), (620, 120, True)],
    "Image__2023-04-25__23-50-43": [(150, 400, True)],
    "Image__2023-04-26__00-14-27": [(90, 160, True)],
}
SPECKED, SPECK = "000007-2", (600, 480, 606, 484)
COLOURS = {0: (225, 222, 235), 1: (235, 190, 235), 2: (190, 120, 200), 3: (70, 30, 140)}
COLOURS |= {4: (165, 160, 205), 5: (180, 178, 215)}


def write(root: Path) -> int:
    """Write the set below `root`; how many samples it has."""
    (root / "images").mkdir(parents=True)
    (root / "instances").mkdir()
    images, annotations = [], []
    for number, (stem, heads) in enumerate(FIELDS.items(), 1):
        field = np.full((HIGH, WIDE, 3), COLOURS[0], np.uint8)
        for order, head in enumerate(heads, 1):
            id = f"{stem}-{order}"
            parts = _parts(*head, speck=id == SPECKED)
            for value in range(1, 6):
                field[parts == value] = COLOURS[value]
            Image.fromarray(parts).save(root / "instances" / f"{id}.png")
            annotations.append(_annotation(id, parts, number, len(annotations) + 1))
        Image.fromarray(field).save(root / "images" / f"{stem}.jpg", quality=95)
        images.append({"file_name": f"images/{stem}.jpg", "height": HIGH, "width": WIDE, "id": number})
    kind = {"supercategory": "sperm", "id": 1, "name": "sperm"}
    save(root, {"categories": [kind], "images": images, "annotations": annotations})
    return len(annotations)


def save(root: Path, found: dict) -> None:
    (root / "annotations.json").write_text(json.dumps(found))


def lose(root: Path, id: str) -> None:
    """Take a sperm out: its mask, and what is said of it."""
    (root / "instances" / f"{id}.png").unlink()
    found = json.loads((root / "annotations.json").read_text())
    kept = [one for one in found["annotations"] if one["parsing"] != f"instances/{id}.png"]
    save(root, found | {"annotations": kept})


def change(root: Path, id: str) -> None:
    """A little more light on the field of a sperm."""
    path = _field(root, id)
    Image.fromarray(np.array(Image.open(path)) + np.uint8(4)).save(path, quality=95)


def spoil(root: Path, id: str) -> Path:
    """Make the field of a sperm unreadable; which file that is."""
    path = _field(root, id)
    path.write_bytes(b"not an image")
    return path


def _field(root: Path, id: str) -> Path:
    return root / "images" / f"{id.rpartition('-')[0]}.jpg"


def _parts(x: int, y: int, up: bool, *, speck: bool) -> np.ndarray:
    """A head 90 long and 54 wide, its acrosome in front, a midpiece and a bent tail behind."""
    way = 1 if up else -1
    canvas = Image.new("L", (WIDE, HIGH))
    draw = ImageDraw.Draw(canvas)
    draw.line([(x, y + way * 85), (x + 40, y + way * 150), (x + 60, y + way * 240)], fill=5, width=8)
    draw.line([(x, y + way * 40), (x, y + way * 85)], fill=4, width=12)
    draw.ellipse((x - 27, y - 45, x + 27, y + 45), fill=3)
    parts = np.array(canvas)
    ahead = (np.arange(HIGH) - y)[:, None] * way < -10
    parts[(parts == 3) & ahead] = 2
    mark = Image.fromarray(parts)
    draw = ImageDraw.Draw(mark)
    draw.ellipse((x - 6, y - way * 22 - 5, x + 5, y - way * 22 + 6), fill=1)
    if speck:
        draw.rectangle(SPECK, fill=3)
    return np.array(mark)


def _annotation(id: str, parts: np.ndarray, image: int, number: int) -> dict:
    rows, columns = np.nonzero(parts)
    left, top = int(columns.min()), int(rows.min())
    wide, high = int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1
    return {
        "segmentation": [[left, top, left + wide, top, left + wide, top + high]],
        "area": float(np.count_nonzero(parts)),
        "iscrowd": 0,
        "parsing": f"instances/{id}.png",
        "image_id": image,
        "bbox": [float(left), float(top), float(wide), float(high)],
        "category_id": 1,
        "id": number,
    }
