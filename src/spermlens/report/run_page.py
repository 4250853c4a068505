"""The page of a training run: what was asked, how well it is answered, and on which images it fails."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from spermlens.config import Experiment, parse_experiment
from spermlens.datasets import Listing
from spermlens.errors import DataCorrupt
from spermlens.evaluate.calibration import reliability, risk_coverage
from spermlens.evaluate.intervals import calibrated, condition_of, exact_accuracy
from spermlens.evaluate.scores import confusion
from spermlens.evaluate.table import Predictions, read_predictions
from spermlens.report.figures import (
    confusion_figure,
    learning_curves,
    reliability_figure,
    risk_coverage_figure,
)
from spermlens.report.run_gallery import gallery_section, stored_framing
from spermlens.report.tables import TITLES, title_of
from spermlens.report.tiles import interval, percent, said
from spermlens.runs import Run
from spermlens.types import Report, Result, Section, Table, Text

FINAL = "final"  # the training on everything, which has no images left to be judged on
RELIABILITY_BINS = 10


def run_report(run: Run, listing: Listing | None = None) -> Report:
    """Everything a finished run has to say; with its data, the images it was judged on too."""
    told = _Told(run)
    sections = [_headline(told), _asked(told)]
    for table in told.tables:
        sections += [_scores(told, table), _confidence(told, table)]
    sections += _learning(told)
    if listing is not None:
        for table in told.tables:
            threshold = told.threshold(table.task.name)
            sections.append(gallery_section(run, listing, table, threshold, stored_framing(run, told.model)))
    return Report(
        title=f"Training run {told.experiment.name}",
        subtitle=told.experiment.claim,
        sections=tuple(sections),
        facts=_facts(told),
    )


@dataclass(frozen=True)
class _Told:
    """What stands in the run's folder, read when asked for."""

    run: Run

    @cached_property
    def experiment(self) -> Experiment:
        return parse_experiment(self.run.config.read_text(encoding="utf-8"), str(self.run.config))

    @cached_property
    def results(self) -> list[Result]:
        return self.run.results()

    @cached_property
    def protocol(self) -> str:
        """How the figures came about, without what is not known: that stands below in full."""
        text = str(self.run.told()["protocol"])
        for sentence in self.data.get("unknown", ()):
            text = text.replace(sentence, "")
        return text.strip()

    @cached_property
    def tables(self) -> list[Predictions]:
        """As the final model says it: calibrated, where that was possible."""
        path = self.run.calibrated if self.run.calibrated.is_file() else self.run.predictions
        return list(read_predictions(path).values())

    @cached_property
    def environment(self) -> dict[str, Any]:
        return self.run.environment()

    @property
    def data(self) -> dict[str, Any]:
        return dict(self.environment.get("data", {}))

    @cached_property
    def model(self) -> dict[str, Any]:
        """The content of model/model.json; empty where the run trained no final model."""
        path = self.run.model / "model.json"
        try:
            return dict(json.loads(path.read_bytes())) if path.is_file() else {}
        except (ValueError, TypeError) as error:
            raise DataCorrupt(
                f"{path}: not the description of a model ({error}). Delete the folder {path.parent.name} of "
                "this run; --resume trains it anew."
            ) from error

    @property
    def views(self) -> str:
        return condition_of(self.experiment.decide.views)

    @property
    def condition(self) -> str:
        return calibrated(self.views) if self.run.calibrated.is_file() else self.views

    def threshold(self, task: str) -> float | None:
        """The confidence the final model needs; None where there is none, or none that can be reached."""
        found = self.model.get("threshold", {}).get(task)
        return float(found) if found is not None and found <= 1 else None

    def under(self, task: str, condition: str) -> dict[str, Result]:
        """metric -> result of the classifier itself, no explaining method."""
        return {
            row.metric: row
            for row in self.results
            if row.task == task and row.condition == condition and not row.method
        }

    def conditions(self, task: str) -> list[str]:
        return list(dict.fromkeys(r.condition for r in self.results if r.task == task and not r.method))


def _headline(told: _Told) -> Section:
    return Section(
        "", tuple(Text(sentence, "lead") for table in told.tables for sentence in [headline(table)])
    )


def headline(table: Predictions) -> str:
    """'Right on 185 of 216 images (85.6 %, 95 % interval 80–90) never seen in training.'"""
    share = exact_accuracy(table)
    first = table.labelled.first_repeat
    how = interval(share.low, share.high)
    if len(set(first.units)) < len(first):
        how = f"{how} if images were independent, which they are not all"
    more = len(set(table.repeats.tolist())) - 1
    again = f" in the first of {more + 1} repeats" if more else ""
    return (
        f"{said(table.task.name).capitalize()}: right on {share.count} of {share.total} images "
        f"({percent(share.value)}, {how}) never seen in training{again}."
    )


def _asked(told: _Told) -> Section:
    experiment, data = told.experiment, told.data
    tasks = "; ".join(
        f"{said(table.task.name)} ({', '.join(said(name) for name in table.task.classes)})"
        for table in told.tables
    )
    phases = "; then ".join(
        f"{phase.epochs} epochs of {'the head alone' if phase.train == 'heads' else 'the whole network'} "
        f"at a learning rate of {phase.learning_rate:g}"
        for phase in experiment.training.phases
    )
    images = data.get("images")
    rows = (
        ("Question", tasks),
        ("Data", f"{data.get('name', experiment.data.name)}" + (f", {images} images" if images else "")),
        ("Network", experiment.model.name + (", pretrained" if experiment.model.pretrained else "")),
        ("Training", phases),
        ("Protocol", told.protocol),
        (
            "Decision",
            f"{told.views} averaged; asked for {percent(experiment.decide.target_accuracy, 0)} right",
        ),
    )
    unknown = [Text(f"Not known: {sentence}", "warning") for sentence in data.get("unknown", ())]
    return Section("What was asked", (Table("", ("", ""), rows), *unknown))


def _scores(told: _Told, table: Predictions) -> Section:
    task, found = table.task, told.under(table.task.name, told.condition)
    if not found:
        raise DataCorrupt(
            f"{told.run.folder / 'results.json'}: no scores of '{task.name}' under '{told.condition}', "
            f"found {', '.join(told.conditions(task.name)) or 'none'}. Judge the run again."
        )
    ways = dict.fromkeys(row.interval for metric, row in found.items() if metric in TITLES)
    rows = [_score_row(found[metric]) for metric in TITLES if metric in found]
    first = table.labelled.first_repeat
    caption = "How often each true class (row) was taken for each class (column), and percent of the row."
    return Section(
        f"Scores: {said(task.name)}",
        (
            Table(
                f"{told.condition}. Intervals: {'; '.join(ways)}.",
                ("Score", "Value", "95 % interval", "Folds", "Images"),
                tuple(rows),
            ),
            *_other_conditions(told, task.name),
            _per_class(table, found),
            confusion_figure(confusion(first.truth, first.predicted, task), task.classes, caption),
        ),
    )


def _score_row(row: Result) -> tuple[str | float | int | None, ...]:
    span = "–" if row.low is None else f"{row.low:.3f}–{row.high:.3f}"
    folds = f"{min(row.per_fold):.3f}–{max(row.per_fold):.3f}" if row.per_fold else "–"
    return title_of(row.metric), float(row.value), span, folds, row.n_images


def _other_conditions(told: _Told, task: str) -> Sequence[Table]:
    metrics = ("accuracy", "balanced_accuracy", "f1_macro", "log_loss")
    rows = []
    for condition in told.conditions(task):
        if condition != told.condition:
            found = told.under(task, condition)
            rows.append((condition, *(_written(found.get(metric)) for metric in metrics)))
    headings = ("Condition", *(title_of(metric) for metric in metrics))
    return [Table("The same under other conditions.", headings, tuple(rows))] if rows else []


def _per_class(table: Predictions, found: dict[str, Result]) -> Table:
    first = table.labelled.first_repeat
    rows: tuple[tuple[str | int, ...], ...] = tuple(
        (
            said(name),
            int((first.truth == index).sum()),
            *(_written(found.get(f"{kind}_{name}")) for kind in ("precision", "recall", "f1")),
        )
        for index, name in enumerate(table.task.classes)
    )
    return Table(
        "Each class by itself. Precision: the share of those so called that are it; "
        "recall: the share of it that is found.",
        ("Class", "Images", "Precision", "Recall", "F1"),
        rows,
    )


def _confidence(told: _Told, table: Predictions) -> Section:
    first = table.labelled.first_repeat
    threshold = told.threshold(table.task.name)
    prefix = f"{said(table.task.name)}: "
    notes = [note.removeprefix(prefix) for note in told.model.get("notes", ()) if note.startswith(prefix)]
    return Section(
        f"Confidence: {said(table.task.name)}",
        (
            *(Text(note[0].upper() + note[1:]) for note in notes),
            reliability_figure(reliability(first.truth, first.probabilities, RELIABILITY_BINS)),
            risk_coverage_figure(risk_coverage(first.truth, first.probabilities), threshold),
        ),
    )


def _learning(told: _Told) -> list[Section]:
    histories = {name: told.run.metrics(name) for name in told.run.parts() if name != FINAL}
    if not any(histories.values()):
        return []
    return [Section("Learning", (learning_curves(histories),))]


def _facts(told: _Told) -> dict[str, Any]:
    environment, model = told.environment, told.model
    facts: dict[str, Any] = {"run": told.run.id, "status": told.run.status()}
    if model:
        weights = str(model.get("weights_sha256", ""))
        facts |= {"model": f"{model['name']}@{weights[:12]}", "weights sha256": weights}
    facts |= {"data": {key: value for key, value in told.data.items() if key != "unknown"}}
    keys = ("at", "seed", "commit", "device", "python", "system", "versions")
    return facts | {key: environment[key] for key in keys if key in environment}


def _written(row: Result | None) -> str:
    if row is None:
        return "–"
    return f"{row.value:.3f}" + ("" if row.low is None else f" ({row.low:.3f}–{row.high:.3f})")
