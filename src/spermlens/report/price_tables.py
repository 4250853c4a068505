"""The table of what reasons cost: each price is a ratio of times, with what it is held against."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spermlens.report.paper_lines import NETWORKS
from spermlens.report.tables import markdown_table, three_digits

Row = Mapping[str, Any]
Told = Mapping[str, Any]

WORDS: Mapping[str, tuple[str, str]] = {
    "added_over_forward": ("what exact maps of every class add", "a forward pass"),
    "read_over_forward": ("a forward pass that keeps what maps are made of", "a forward pass"),
    "library_added_over_ours_added": ("what the package grad-cam adds, one class", "what ours adds for it"),
    "predict_explain_over_predict": ("rows with map, outline and measures", "rows of answers alone"),
    "stride_16_over_32": ("a forward pass with output stride 16", "a forward pass with 32, the usual"),
    "onnx_over_torch": ("answers and maps by ONNX Runtime", "the same by PyTorch"),
}


def price_table(told: Told) -> str:
    """A line a price, and how it was timed."""
    table = [_line(row) for row in told["rows"]]
    lines = markdown_table(["What", "Against", "Where", "Times as long"], table, numbers=1)
    network, images = told["rows"][0]["model"], told["rows"][0]["n_images"]
    return f"{lines}\n\n{NETWORKS.get(network, network)}, {images} images at a time. {told['protocol']}"


def _line(row: Row) -> list[str]:
    """The condition less what all have in common: 'cpu, 8 views'."""
    what, against = WORDS[row["metric"]]
    where = row["condition"].replace(f", {row['n_images']} images at a time", "")
    return [what, against, where, three_digits(row)]
