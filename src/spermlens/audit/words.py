"""The findings in sentences, the same in the terminal and on the page."""

from __future__ import annotations

from spermlens.audit.findings import Findings
from spermlens.audit.metadata import BOOSTING, Told


def summary(found: Findings) -> str:
    """What is there, and what is wrong with it, in one sentence."""
    c = found.counts
    parts = [
        _with_conflicts(
            c["identical_pairs"], "pair", "of identical images", c["identical_pairs_in_conflict"]
        ),
        _with_conflicts(c["near_pairs"], "pair", "of near copies", c["near_pairs_in_conflict"]),
        *(f"{c[flag]} {flag}" for flag in ("dark", "blurred", "saturated", "tiny") if c[flag]),
        counted(c["unreadable"], "unreadable file"),
        counted(c["suffix_lies"], "file") + " with a suffix of another format" if c["suffix_lies"] else "",
        counted(c["suspects"], "doubted label"),
    ]
    told = [part for part in parts if part]
    return f"{counted(c['images'], 'image')}: {', '.join(told) or 'no copies, and none that is odd'}."


def clean_sentence(found: Findings) -> str:
    kept, total = found.counts["in_the_clean_list"], len(found.seen)
    return f"The proposed clean list keeps {kept} of {total} images."


def metadata_sentences(found: Findings) -> list[str]:
    """For each task what all columns together tell, and whether that is more than the commonest class."""
    return [_sentence(told) for told in _first_of_each(found)]


def warnings(found: Findings) -> list[str]:
    """What should be mended before a training."""
    conflicts = sum(bool(found.conflicts(pair)) for pair in found.pairs)
    said = []
    if conflicts:
        told = "1 pair of copies has" if conflicts == 1 else f"{conflicts} pairs of copies have"
        said.append(f"{told} labels that contradict each other.")
    said += [plan.sentence() for plan in found.plans if plan.leaks or plan.trouble]
    return said + [_sentence(told) for told in _first_of_each(found) if told.tells]


def _first_of_each(found: Findings) -> list[Told]:
    first: dict[str, Told] = {}
    for told in found.told:
        if told.learner == BOOSTING:
            first.setdefault(told.task, told)
    return list(first.values())


def _sentence(told: Told) -> str:
    exact = told.accuracy
    how = f"{100 * exact.value:.1f} % ({100 * exact.low:.1f}-{100 * exact.high:.1f})"
    verdict = "A network may learn that instead of the cell" if told.tells else "That is no more"
    return (
        f"{told.task}: from {', '.join(told.columns)} alone the class of {how} of the images is guessed; "
        f"the commonest class has {100 * told.majority:.1f} %. {verdict}."
    )


def counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}" if count else ""


def _with_conflicts(count: int, noun: str, what: str, conflicts: int) -> str:
    if not count:
        return ""
    return f"{counted(count, noun)} {what}" + (
        f" ({conflicts} with contradicting labels)" if conflicts else ""
    )
