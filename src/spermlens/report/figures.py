"""Figures as SVG in one restrained hand: one accent, greys, no ornament; the same data give the same bytes.

Letters stay letters (they can be searched and take the reader's fonts), so a figure weighs a few kilobytes.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spermlens.evaluate.calibration import Bin, RiskCoverage
from spermlens.types import Figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

ACCENT, INK, SOFT, FAINT = "#0b6477", "#1c222a", "#66707a", "#d5dade"
TINT = ("#ffffff", "#0b6477")  # from none to all, of a matrix
_FONTS = "'Helvetica Neue', Helvetica, Arial, 'Liberation Sans', sans-serif"
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "spermlens",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # wider than what is shown, so that nothing overflows
    "font.size": 9.0,
    "text.color": INK,
    "axes.edgecolor": SOFT,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "xtick.direction": "out",
    "legend.frameon": False,
    "legend.fontsize": 8.5,
}

_ONE_AT_A_TIME = Lock()

History = Sequence[Mapping[str, Any]]


def learning_curves(histories: Mapping[str, History]) -> Figure:
    """The loss of every training, epoch by epoch; the loss on inner images where there were any."""
    from matplotlib.ticker import MaxNLocator

    shown = {name: rows for name, rows in histories.items() if rows}
    if not shown:
        raise ValueError("Learning curves need a training with an epoch or more.")
    phases = {row.get("phase") for rows in shown.values() for row in rows}
    inner = any("inner_loss" in row for rows in shown.values() for row in rows)
    with _axes(6.6, 2.9) as (canvas, axes):
        _mark_phases(axes, next(iter(shown.values())))
        for rows in shown.values():
            epochs = [row["epoch"] for row in rows]
            axes.plot(epochs, [row["loss"] for row in rows], color=SOFT, lw=0.8, alpha=0.8)
            if inner:
                axes.plot(epochs, [row.get("inner_loss", np.nan) for row in rows], color=ACCENT, lw=0.9)
        axes.plot([], [], color=SOFT, lw=1.2, label="training images")
        if inner:
            axes.plot([], [], color=ACCENT, lw=1.2, label="inner images")
        axes.legend(loc="upper right")
        axes.set(xlabel="Epoch", ylabel="Loss", ylim=(0, None))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        data = _svg(canvas)
    last = [rows[-1]["loss"] for rows in shown.values()]
    return Figure(
        "Loss per epoch, a line for each fold. "
        + ("Inner images are set aside from the training images for choices. " if inner else "")
        + ("Dashed: a new phase begins." if len(phases) > 1 else ""),
        "image/svg+xml",
        data,
        f"Learning curves of {len(shown)} trainings over {max(len(r) for r in shown.values())} epochs; "
        f"the last training loss is {min(last):.3f} to {max(last):.3f}.",
    )


def confusion_figure(table: NDArray[np.int64], classes: Sequence[str], caption: str) -> Figure:
    """Counts, and percent of the row: how often each class (row) was taken for each class (column)."""
    k = len(classes)
    totals = table.sum(1, keepdims=True)
    shares = np.divide(table, totals, out=np.zeros(table.shape), where=totals > 0)
    side = max(3.3, 0.85 * k + 1.4)
    with _axes(side + 0.5, side) as (canvas, axes):
        axes.imshow(shares, cmap=_tint(), vmin=0, vmax=1, aspect="equal")
        for row, column in np.ndindex(k, k):
            ink = "white" if shares[row, column] > 0.55 else INK
            y = row - 0.08
            axes.text(column, y, f"{table[row, column]}", ha="center", va="center", color=ink, fontsize=13)
            note = f"{100 * shares[row, column]:.0f} %"
            axes.text(column, y + 0.3, note, ha="center", va="center", color=ink, fontsize=8.5)
        names = [name.replace("_", " ") for name in classes]
        axes.set_xticks(range(k), names, rotation=30 if k > 5 else 0)
        axes.set_yticks(range(k), [f"{name}\nn = {n}" for name, n in zip(names, totals[:, 0], strict=True)])
        axes.set(xlabel="Decided", ylabel="True")
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        axes.set_xticks(np.arange(k + 1) - 0.5, minor=True)
        axes.set_yticks(np.arange(k + 1) - 0.5, minor=True)
        axes.grid(which="minor", color="white", lw=2)
        axes.tick_params(which="minor", length=0)
        data = _svg(canvas)
    told = "; ".join(
        f"of {totals[i, 0]} {name}: " + ", ".join(f"{table[i, j]} {other}" for j, other in enumerate(names))
        for i, name in enumerate(names)
    )
    return Figure(caption, "image/svg+xml", data, f"Confusion matrix: {told}.")


def reliability_figure(bins: Sequence[Bin]) -> Figure:
    """How often the model was right at each confidence, with the number of images per bin below."""
    with _axes(3.6, 3.6, rows=(3.2, 1.0)) as (canvas, upper):
        lower = canvas.axes[1]
        upper.plot([0, 1], [0, 1], color=FAINT, lw=1, zorder=0)
        at = [b.confidence for b in bins]
        upper.plot(at, [b.accuracy for b in bins], color=ACCENT, lw=0.8, alpha=0.5)
        biggest = max(b.count for b in bins)
        sizes = [12 + 70 * b.count / biggest for b in bins]
        upper.scatter(at, [b.accuracy for b in bins], s=sizes, color=ACCENT, lw=0, zorder=3)
        upper.set(ylabel="Share right", xlim=(0, 1.02), ylim=(0, 1.04))
        upper.tick_params(labelbottom=False)
        for b in bins:
            lower.bar((b.low + b.high) / 2, b.count, width=0.85 * (b.high - b.low), color=SOFT, lw=0)
            lower.text((b.low + b.high) / 2, b.count, str(b.count), ha="center", va="bottom", fontsize=6.5)
        lower.set(xlabel="Confidence", ylabel="Images", ylim=(0, 1.35 * biggest), yticks=[])
        data = _svg(canvas)
    told = "; ".join(f"confidence {b.confidence:.2f}: {b.accuracy:.2f} right of {b.count}" for b in bins)
    return Figure(
        "Is the confidence worth what it says? On the grey line it is; below it the model is too sure.",
        "image/svg+xml",
        data,
        f"Reliability diagram: {told}.",
    )


def risk_coverage_figure(curve: RiskCoverage, threshold: float | None) -> Figure:
    """The share wrong among the decided, as the model is let decide on more; the threshold, if reached."""
    with _axes(3.6, 3.6) as (canvas, axes):
        axes.step(curve.coverage, curve.risk, where="post", color=ACCENT, lw=1.3)
        reached = np.flatnonzero(curve.threshold >= (np.inf if threshold is None else threshold))
        mark = ""
        if len(reached):
            at = int(reached[-1])
            x, y = float(curve.coverage[at]), float(curve.risk[at])
            axes.plot([x, x], [0, y], color=INK, lw=0.8, ls=(0, (3, 2)))
            axes.plot([x], [y], "o", color=INK, ms=5)
            mark = f"Dot: the threshold {threshold:.3f}, which decides {x:.0%} with {y:.1%} of them wrong."
            axes.annotate(
                f"threshold {threshold:.2f}",
                (x, y),
                xytext=(-6 if x > 0.5 else 6, 8),
                textcoords="offset points",
                ha="right" if x > 0.5 else "left",
                fontsize=8.5,
            )
        top = max(0.05, float(curve.risk.max()) * 1.15)
        axes.set(xlabel="Share decided (coverage)", ylabel="Share wrong (risk)", xlim=(0, 1), ylim=(0, top))
        data = _svg(canvas)
    ends = f"deciding all images, {curve.risk[-1]:.1%} are wrong"
    mark = mark or "No threshold is drawn: none was set, or no image reaches it."
    caption = "What abstaining buys: errors among the decided images, the surest decided first. " + mark
    return Figure(caption, "image/svg+xml", data, f"Risk against coverage: {ends}. {mark}")


@contextmanager
def _axes(width: float, height: float, rows: tuple[float, ...] = (1.0,)) -> Iterator[tuple[Canvas, Axes]]:
    """A canvas in inches with its first axes, drawn in the house style.

    Matplotlib keeps its style in one place for all threads, so one figure is drawn at a time.
    """
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure as Canvas
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    with _ONE_AT_A_TIME, matplotlib.rc_context(_STYLE):
        canvas = Canvas(figsize=(width, height), layout=ConstrainedLayoutEngine(w_pad=0.1))
        FigureCanvasSVG(canvas)
        made = canvas.subplots(len(rows), 1, sharex=True, squeeze=False, height_ratios=rows)
        yield canvas, made[0, 0]


def _svg(canvas: Canvas) -> bytes:
    stream = io.StringIO()
    canvas.savefig(stream, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return stream.getvalue().replace("'DejaVu Sans'", _FONTS).encode("utf-8")


def _mark_phases(axes: Axes, rows: History) -> None:
    for before, after in pairwise(rows):
        if after.get("phase") != before.get("phase"):
            axes.axvline(before["epoch"] + 0.5, color=FAINT, lw=1, ls=(0, (3, 2)))


def _tint() -> Any:
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("tint", TINT)
