"""The findings as a page: the sentence to remember, figures, and the images in question side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import islice

import numpy as np

from spermlens.audit.copies import Pair
from spermlens.audit.findings import Findings
from spermlens.audit.look import RULES, Measures
from spermlens.audit.survey import Seen
from spermlens.audit.words import clean_sentence, counted, metadata_sentences, summary, warnings
from spermlens.report.tiles import cell_figure, said
from spermlens.types import Figure, Gallery, Report, Section, Table, Text, Tile

PAIRS, ODD, SUSPECTS = 24, 8, 24  # shown at most; the files hold all
_SHOWN = ("width", "height", "mean", "spread", "saturated", "black", "focus", "snr", "cnr")


def audit_report(found: Findings) -> Report:
    """Everything that was found; decodes the images that are shown once more."""
    card = found.listing.card
    conflicts = [pair for pair in found.pairs if found.conflicts(pair)]
    agreeing = [pair for pair in found.pairs if not found.conflicts(pair)]
    agreeing.sort(key=lambda pair: pair.exact)  # near copies say more than equal pictures
    sections = [
        _overview(found),
        _classes(found),
        _metadata(found),
        _plans(found),
        _pairs(found, "Copies with contradicting labels", conflicts),
        _pairs(found, "Copies", agreeing),
        *_odd(found),
        _suspects(found),
        _sizes(found),
        _unreadable(found),
    ]
    return Report(
        title=f"Audit of {card.title}",
        subtitle=f"{len(found.seen)} images as read under the name '{card.name}'",
        sections=tuple(section for section in sections if section is not None),
        facts={
            "data": card.title,
            "source": card.source,
            "licence": card.licence,
            "citation": card.citation,
            "groups": card.group,
            "not known": list(card.unknown),
            **found.counts,
        },
    )


def _overview(found: Findings) -> Section:
    return Section(
        "",
        (
            Text(summary(found), "lead"),
            *(Text(sentence, "warning") for sentence in warnings(found)),
            Text(clean_sentence(found) + " Nothing was changed or removed: what to do is for people to say."),
        ),
    )


def _classes(found: Findings) -> Section:
    tables = []
    for task in found.listing.card.tasks:
        counted = Counter(found.listing.labels(task.name).tolist())
        total = len(found.seen)
        rows = [(said(name), counted[n]) for n, name in enumerate(task.classes)]
        rows += [("not annotated", counted[-1])] if counted[-1] else []
        cells = tuple((name, count, f"{100 * count / total:.1f} %") for name, count in rows)
        tables.append(Table(f"{said(task.name)}: images per class.", ("Class", "Images", "Share"), cells))
    return Section("Classes", tuple(tables))


def _metadata(found: Findings) -> Section | None:
    if not found.told:
        same = "Not asked: size and format are the same for all images, or too few images have a label."
        return Section("What the file alone tells", (Text(same),))
    rows = tuple(
        (
            said(told.task),
            ", ".join(told.columns),
            told.learner,
            f"{100 * told.accuracy.value:.1f} %",
            f"{100 * told.accuracy.low:.1f}–{100 * told.accuracy.high:.1f}",
            f"{100 * told.majority:.1f} %",
            "yes" if told.tells else "no",
        )
        for told in found.told
    )
    headings = ("Task", "From", "Learner", "Right", "95 % interval", "Commonest class", "More than that")
    caption = (
        "How often the class is guessed from the file without looking at a pixel; five folds, copies and "
        "groups never divided, exact (Clopper-Pearson) interval that takes images as independent."
    )
    note = (
        "The number of bytes of a PNG, JPEG or compressed TIFF also tells how much there is in the picture; "
        "the other columns know nothing of it."
    )
    said_so = [Text(sentence) for sentence in metadata_sentences(found)]
    return Section(
        "What the file alone tells", (*said_so, Table(caption, headings, rows), Text(note, "note"))
    )


def _plans(found: Findings) -> Section:
    rows = tuple(
        (
            plan.name,
            sum(pair.exact for pair in plan.copies),
            sum(not pair.exact for pair in plan.copies),
            len(plan.groups),
            plan.trouble or ", ".join(plan.parts),
        )
        for plan in found.plans
    )
    caption = "What stands on both sides of a split. Folds: training + inner images / test images of each."
    headings = ("Plan", "Identical pairs", "Near pairs", "Groups", "Parts")
    texts = [Text(plan.sentence(), "warning" if plan.leaks else "plain") for plan in found.plans]
    return Section("Planned splits", (*texts, Table(caption, headings, rows)))


def _pairs(found: Findings, title: str, pairs: Sequence[Pair]) -> Section | None:
    if not pairs:
        return None
    tiles = tuple(_pair(found, pair) for pair in pairs[:PAIRS])
    of = f"{len(tiles)} of {len(pairs)} pairs" if len(pairs) > len(tiles) else counted(len(pairs), "pair")
    return Section(title, (Gallery(f"{of}; all are in pairs.csv.", tiles),))


def _pair(found: Findings, pair: Pair) -> Tile:
    both = [found.good[place] for place in (pair.first, pair.second)]
    conflict = found.conflicts(pair)
    kind = "identical pixels" if pair.exact else f"near copy, {pair.correlation:.3f}"
    lines = []
    if not pair.exact and pair.position != "as it is":
        lines.append(f"The second must be {pair.position} to lie on the first.")
    groups = [one.entry.group for one in both]
    if groups[0] is not None and groups[1] is not None and groups[0] != groups[1]:
        lines.append(f"They are said to be of different groups: {groups[0]} and {groups[1]}.")
    return Tile(
        title=" and ".join(one.entry.id for one in both),
        verdict=f"{kind}; contradicting: {', '.join(map(said, conflict))}" if conflict else kind,
        tone="bad" if conflict else "plain",
        figures=tuple(_figure(one, _labels(found, one)) for one in both),
        lines=tuple(lines),
    )


def _odd(found: Findings) -> list[Section]:
    parts: list[Text | Gallery] = []
    for rule in RULES:
        hit = [one for one in found.good if rule.flag in found.odd.get(one.entry.id, ())]
        if not hit:
            continue
        worst = sorted(hit, key=_worst_first(rule.flag))[:ODD]
        tiles = tuple(
            Tile(
                title=one.entry.id,
                verdict=rule.flag,
                tone="unsure",
                figures=(_figure(one, ""),),
                lines=(_labels(found, one), _values(one)),
            )
            for one in worst
        )
        parts.append(Text(f"{rule.flag.capitalize()}: {rule.words}. {counted(len(hit), 'image')}."))
        parts.append(Gallery(f"{rule.flag.capitalize()}: the worst {len(tiles)} of {len(hit)}", tiles))
    note = (
        "A spread is 1.4826 times the median absolute deviation from the median of this set. Odd is not "
        "bad: these are the images to look at first."
    )
    return [Section("Odd images", (Text(note, "note"), *parts))] if parts else []


def _worst_first(flag: str) -> Callable[[Seen], float]:
    keys: dict[str, Callable[[Measures], float]] = {
        "dark": lambda m: m.mean,
        "blurred": lambda m: m.focus,
        "saturated": lambda m: -m.saturated,
        "tiny": lambda m: m.width * m.height,
    }
    return lambda one: keys[flag](one.content.measures) if one.content is not None else 0.0


def _suspects(found: Findings) -> Section | None:
    if found.suspects is None:
        return None
    if not found.suspects:
        return Section("Doubted labels", (Text("The run doubts no label."),))
    at = {one.entry.id: one for one in found.good}
    shown = islice((s for s in found.suspects if s.image in at), SUSPECTS)
    tiles = tuple(
        Tile(
            title=suspect.image,
            verdict=f"labelled {said(suspect.given)}; looks like {said(suspect.suggested)}",
            tone="unsure",
            figures=(_figure(at[suspect.image], ""),),
            bars=((suspect.given, suspect.p_given), (suspect.suggested, suspect.p_suggested)),
            lines=(f"{said(suspect.task)}; doubt {suspect.doubt:.2f}",),
        )
        for suspect in shown
    )
    note = (
        "The probability of the label is below what the model gives that class on average, and another class "
        "is at or above its own average; the model had not learned from these images. A suspect may be a "
        "hard image with the right label, or an error of the model: let an expert look before a change."
    )
    caption = f"The {len(tiles)} most doubtful of {len(found.suspects)} labels; all are in suspects.csv"
    trusted = [
        Text(f"{said(task)}: the run is right on {right.text()}. The more it errs, the less its doubts mean.")
        for task, right in found.run_right.items()
    ]
    return Section("Doubted labels", (*trusted, Text(note, "note"), Gallery(caption, tiles)))


def _sizes(found: Findings) -> Section:
    values = [one.content.measures for one in found.good if one.content is not None]
    rows: list[tuple[str | float, ...]] = []
    for name in _SHOWN:
        ends = np.percentile([getattr(m, name) for m in values], [0, 5, 50, 95, 100])
        rows.append((name, *(float(end) for end in ends)))
    caption = (
        "Over all readable images. Width and height in pixels; mean and spread in grey levels of 0 to 255; "
        "saturated and black as shares of the pixels; focus, snr and cnr without unit."
    )
    headings = ("Measure", "Least", "5 %", "Median", "95 %", "Most")
    tables = [Table(caption, headings, tuple(rows))]
    for task in found.listing.card.tasks[:1]:
        of = [one.entry.labels.get(task.name) for one in found.good]
        per_class: list[tuple[str | float, ...]] = []
        for number, name in enumerate(task.classes):
            of_class = [m for m, label in zip(values, of, strict=True) if label == number]
            if of_class:
                middle = [float(np.median([getattr(m, k) for m in of_class])) for k in _SHOWN]
                per_class.append((said(name), *middle))
        tables.append(Table(f"Medians per class: {said(task.name)}.", ("Class", *_SHOWN), tuple(per_class)))
    return Section("Sizes, light and focus", tuple(tables))


def _unreadable(found: Findings) -> Section | None:
    if not found.bad:
        return None
    rows = tuple((one.entry.id, one.message) for one in found.bad)
    return Section("Not readable", (Table(counted(len(rows), "file") + ".", ("Image", "Why"), rows),))


def _figure(one: Seen, caption: str) -> Figure:
    figure = cell_figure(one.entry.load(), one.entry.id)
    return Figure(caption, figure.media, figure.data, figure.alt)


def _labels(found: Findings, one: Seen) -> str:
    told = [
        f"{said(task.name)} {said(task.classes[label])}"
        for task in found.listing.card.tasks
        if (label := one.entry.labels.get(task.name)) is not None
    ]
    return ", ".join(told) or "not annotated"


def _values(one: Seen) -> str:
    assert one.content is not None
    m = one.content.measures
    return (
        f"{m.width} × {m.height} px, mean {m.mean:.0f}, focus {m.focus:.3f}, "
        f"saturated {100 * m.saturated:.1f} %, snr {m.snr:.0f}, cnr {m.cnr:.0f}"
    )
