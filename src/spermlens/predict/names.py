"""What a picture is called that belongs to an image: the image's own name, below one folder."""

from __future__ import annotations

from spermlens.files import shortened

DEEPEST = 500  # letters of an image's folders that are repeated; a path has an end, too


def name_below(id: str, ending: str) -> str:
    """'slide/cell.png' and 'map.png' give 'slide/cell.png.map.png'; nothing leads out of the folder."""
    *above, last = [step for step in id.split("/") if step not in ("", ".", "..")]
    last = last.replace("#", "-page").replace(":", "_")
    if len("/".join(above)) > DEEPEST:
        above = [shortened("_".join(above), 120)]
    return "/".join([*map(shortened, above), f"{shortened(last, 120)}.{ending}"]).replace(":", "_")
