"""Every measure by its definition: the one table from which columns and the reference are made."""

from __future__ import annotations

from dataclasses import dataclass

# kind -> ending of the column's name in pixels, and in micrometres
ENDINGS = {
    "length": ("_px", "_um"),
    "area": ("_px2", "_um2"),
    "angle": ("_deg", "_deg"),
    "grey": ("_grey", "_grey"),  # grey levels, 0 to 255
    "density": ("_od", "_od"),  # optical density, a logarithm to the base 10
    "ratio": ("", ""),
    "count": ("", ""),
}


POWERS = {"length": 1, "area": 2}  # kind -> how often the size of a pixel is in it


@dataclass(frozen=True, slots=True)
class Definition:
    """One measure: what it is called, in what it counts, what it says, and how it is computed."""

    name: str
    kind: str  # one of ENDINGS
    meaning: str
    formula: str

    def column(self, *, in_um: bool) -> str:
        return self.name + ENDINGS[self.kind][in_um]


DEFINITIONS = (
    Definition(
        "length", "length", "Extent of the head along its long axis; the one to hold against WHO limits", "L"
    ),
    Definition("width", "length", "Greatest extent of the head across its long axis", "W"),
    Definition("area", "area", "Area of the head, vacuoles included", "A = number of pixels"),
    Definition(
        "perimeter",
        "length",
        "Length of the smooth line around the head; waves below 8 pixels are left out",
        "P",
    ),
    Definition(
        "ellipse_length", "length", "Long axis of the ellipse with the head's area moments", "a = 4 √λ₁"
    ),
    Definition(
        "ellipse_width", "length", "Short axis of the ellipse with the head's area moments", "b = 4 √λ₂"
    ),
    Definition("length_over_width", "ratio", "How many times as long as wide the head is", "L / W"),
    Definition("ellipticity", "ratio", "The same for the ellipse, which a single bump hardly moves", "a / b"),
    Definition("elongation", "ratio", "0 for a round head, towards 1 for a thin one", "(L − W) / (L + W)"),
    Definition(
        "regularity",
        "ratio",
        "1 for an ellipse; above, the head fills less than the ellipse as long and as wide",
        "π L W / (4 A)",
    ),
    Definition(
        "rugosity", "ratio", "1 for a circle; lower for a long or rough outline (roughness)", "4 π A / P²"
    ),
    Definition(
        "side_symmetry",
        "ratio",
        "1 where left and right of the long axis are mirror images",
        "1 − Σ abs(left − right) / A over slices across the axis",
    ),
    Definition(
        "end_symmetry",
        "ratio",
        "1 where the front and back halves are mirror images",
        "1 − Σ abs(slice − its mirror slice) / 2A",
    ),
    Definition(
        "taper",
        "ratio",
        "Mean width of the front third over that of the back third; above 1, it narrows backwards",
        "A(front third) / A(back third)",
    ),
    Definition("acrosome_share", "ratio", "Part of the head's area that is acrosome", "A(acrosome) / A"),
    Definition("vacuoles", "count", "Vacuoles that do not touch each other", "pieces, corners joined"),
    Definition(
        "large_vacuoles",
        "count",
        "Those of more than 4 % of the head's area, a limit of this program: WHO gives none",
        "pieces above 0.04 A",
    ),
    Definition("vacuole_share", "ratio", "Part of the head's area that is vacuole", "A(vacuole) / A"),
    Definition(
        "midpiece_length",
        "length",
        "Length of the visible midpiece: of the ribbon with its area Q and outline length R",
        "(R + √(R² − 16 Q)) / 4",
    ),
    Definition("midpiece_width", "length", "Mean width of that ribbon", "Q / midpiece length"),
    Definition(
        "midpiece_angle",
        "angle",
        "Turn from the head's axis, drawn on backwards, to the midpiece; positive clockwise in the image",
        "angle between the two long axes",
    ),
    Definition(
        "tail_length",
        "length",
        "Length of the visible tail, all its pieces together; a tail cut by the border is longer",
        "(R + √(R² − 16 n Q)) / 4 for n pieces",
    ),
    Definition("head_mean", "grey", "Mean grey level of the head", "0.299 R + 0.587 G + 0.114 B"),
    Definition("head_sd", "grey", "Standard deviation of the head's grey levels", "root mean square"),
    Definition(
        "background_median",
        "grey",
        "Grey level of the bare slide",
        "median of what is near the head and in no part",
    ),
    Definition(
        "background_sd",
        "grey",
        "Spread of the slide's grey levels, on which debris hardly weighs",
        "half the span from the 16th to the 84th percentile",
    ),
    Definition(
        "contrast", "ratio", "Part of the slide's light that the head takes away", "1 − head / background"
    ),
    Definition(
        "stain", "density", "Dye in the head, mean of the three colours", "mean log₁₀(background / head)"
    ),
    Definition("stain_red", "density", "Dye in the head as seen in red", "mean log₁₀(background / head)"),
    Definition("stain_green", "density", "Dye in the head as seen in green", "mean log₁₀(background / head)"),
    Definition("stain_blue", "density", "Dye in the head as seen in blue", "mean log₁₀(background / head)"),
    Definition("hue", "angle", "Colour of the head: 0 red, 120 green, 240 blue", "HSV, of the mean colour"),
    Definition(
        "saturation", "ratio", "0 for a grey head, 1 for one of pure colour", "HSV, of the mean colour"
    ),
    Definition(
        "nucleus_over_acrosome",
        "density",
        "How much more dye lies in the nucleus (head without acrosome) than in the acrosome",
        "stain(nucleus) − stain(acrosome)",
    ),
)
